/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_INVITE_LINKS_H
#define PHIEN_APP_INVITE_LINKS_H

#include <phien/core/conf.h>

/* What an invitation to a channel says, in the form of each application. */
struct ph_invite_target {
    const struct ph_conf_channel *channel;
    const char *public_url;
    char host[256]; /* as in a URL: IPv6 in brackets */
    bool has_rtmp;
    bool has_srt;
    unsigned rtmp_port;
    unsigned srt_port;
    unsigned latency_ms;
    const char *passphrase; /* empty: not encrypted */
    unsigned key_frame_s;
    bool is_portrait;
};

enum ph_invite_kind {
    PH_INVITE_NONE,
    PH_INVITE_RTMP,
    PH_INVITE_SRT,
    PH_INVITE_LARIX,
    PH_INVITE_MOBLIN,
    PH_INVITE_STUDIO,
    PH_INVITE_COUNT,
};

/*
 * Who is invited to what: the channel of this name, and the config's ports and settings. `host`
 * NULL: http.public_url's. PH_ENOTFOUND: no such channel; PH_EINVAL: a host that is none.
 */
PH_MUST_CHECK int ph_invite_target_init(struct ph_invite_target *out, const struct ph_conf *conf,
                                        const char *channel, const char *host);

/* Whether only this machine itself is meant by the host. */
bool ph_invite_target_is_local(const struct ph_invite_target *target);

/*
 * The link of a kind, to be freed; NULL if the config has its protocol off. The applications' links
 * are to SRT, or to RTMP where SRT is off. RTMP's is the address in one piece. The studio's is a
 * page at http.public_url, for a channel that has an overlay_token.
 */
char *ph_invite_link(const struct ph_invite_target *target, enum ph_invite_kind kind);

/* "rtmp://HOST/live", for applications that want the key apart; to be freed. */
char *ph_invite_rtmp_server(const struct ph_invite_target *target);

#endif
