/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_STREAMID_H
#define PHIEN_INGEST_SRT_STREAMID_H

#include <phien/core/err.h>

#include <stddef.h>

/*
 * The stream id of an SRT caller, in every dialect that applications speak, brought into the one
 * form that publish knows: a path and a query (see ph_publish_request).
 *
 *   #!::r=live/NAME,m=publish,s=KEY     SRT Access Control (also u=KEY; r may be the key)
 *   publish:NAME:KEY  publish:NAME:USER:KEY  publish:KEY     as MediaMTX has it
 *   NAME?key=KEY  live/NAME?key=KEY  /live/KEY  KEY           as in an RTMP address
 *
 * Percent-decoded once where it holds %XX. Without a mode, `publish` is meant: whoever calls a
 * phien with a key wants on air.
 */
enum ph_srt_mode {
    PH_SRT_MODE_NONE,
    PH_SRT_MODE_PUBLISH, /* m=publish, publish:, or none said; bidirectional too */
    PH_SRT_MODE_REQUEST, /* m=request, read:, play: */
};

#define PH_SRT_STREAMID_MAX 512 /* the protocol's own limit */

struct ph_srt_streamid {
    enum ph_srt_mode mode;
    char path[PH_SRT_STREAMID_MAX + 1];
    char query[PH_SRT_STREAMID_MAX + 8]; /* "key=KEY"; "" when there is none */
};

/*
 * PH_EPROTO: malformed, a mode that there is not, "#!" without "::", the nested form "#!:{",
 * control characters, or longer than the protocol allows. PH_EUNSUPPORTED: a type (t=) that is not
 * a stream. An empty stream id gives an empty path.
 */
PH_MUST_CHECK int ph_srt_streamid_parse(struct ph_srt_streamid *out, const char *raw);

/*
 * The raw id for a log line, decoded where it is encoded as a whole: what may be a secret is
 * written as ***. Any word that is not a channel's name, "live", a mode, or a known key of the
 * dialect may be one, so nothing unprintable is left. Cut to `size`.
 */
void ph_srt_streamid_redact(char *out, size_t size, const char *raw,
                            int (*is_name)(void *arg, const char *word, size_t len), void *arg);

#endif
