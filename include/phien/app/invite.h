/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_INVITE_H
#define PHIEN_APP_INVITE_H

#include <phien/core/conf.h>

#include <stdio.h>

/*
 * `phien invite`: what a seller needs to push to a channel, as text and as QR codes that a phone
 * scans, so that nobody types a stream id. All of it is secret, since the channel's key is in it.
 */
struct ph_invite_options {
    const char *channel;
    const char *only;    /* "rtmp", "srt", "larix", "moblin" or "studio"; NULL: all */
    const char *out_dir; /* made if it is not there; NULL: QR codes go to `out` */
    const char *host;    /* a name or an address without a port; NULL: http.public_url's */
    bool is_portrait;
};

/*
 * Prints the invitations on `out`, with their QR codes, or with out_dir writes those as
 * DIR/CHANNEL-KIND.png and .svg, which only their owner can read. What the reader has to know
 * besides, and what is wrong, goes to `notes`.
 *
 * PH_ENOTFOUND: no such channel. PH_EINVAL: a wrong `only` or `host`, or nothing to push to.
 * PH_EIO, PH_EMEDIA, PH_ELIMIT: something could not be written.
 */
PH_MUST_CHECK int ph_invite_print(const struct ph_conf *conf,
                                  const struct ph_invite_options *options, FILE *out, FILE *notes);

#endif
