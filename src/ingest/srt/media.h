/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_MEDIA_H
#define PHIEN_INGEST_SRT_MEDIA_H

#include "program.h"
#include "session.h"

#include <phien/media/unwrap.h>

/* The media of a session: bytes of the transport stream in, tracks and packets out. */
struct ph_srt_media {
    const struct ph_srt_session_ops *ops;
    void *arg;
    ph_usec now; /* of the call that is running */
    struct ph_ts_demux *ts;
    struct ph_unwrap clock; /* the program's, so one for all streams */
    struct ph_srt_program program;
    struct ph_track *tracks[PH_TRACK_KINDS]; /* as they were told last */
    ph_usec last; /* the last PES packet of a stream that is taken; PH_USEC_NEVER: none came */
    uint64_t last_scrambled; /* how many packets had been scrambled by then */
};

PH_MUST_CHECK int ph_srt_media_init(struct ph_srt_media *media, enum ph_conf_on_loss on_loss,
                                    const struct ph_srt_session_ops *ops, void *arg);
void ph_srt_media_fini(struct ph_srt_media *media);

/* `lost_packets`: TS packets that may be missing before these bytes. */
void ph_srt_media_feed(struct ph_srt_media *media, ph_usec now, const uint8_t *data, size_t len,
                       size_t lost_packets);
void ph_srt_media_flush(struct ph_srt_media *media, ph_usec now);

void ph_srt_media_get_counts(const struct ph_srt_media *media, struct ph_srt_session_counts *out);

/* What a session ends with. */
enum ph_srt_failure {
    PH_SRT_FAILURE_NONE,
    PH_SRT_FAILURE_SILENT,
    PH_SRT_FAILURE_REFUSED,   /* nothing of what is looked for can be packaged */
    PH_SRT_FAILURE_SCRAMBLED, /* the stream that others follow is encrypted */
    PH_SRT_FAILURE_UNUSABLE,  /* audio comes, and is not what it is said to be */
    PH_SRT_FAILURE_KEY_FRAME,
};

struct ph_srt_deadline {
    ph_usec at;
    enum ph_srt_failure failure;
};

/* When the media will have failed a limit, and which. `began`: when the session did. */
struct ph_srt_deadline ph_srt_media_deadline(const struct ph_srt_media *media,
                                             const struct ph_srt_limits *limits, ph_usec began);

#endif
