/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include "publisher.h"

#include <string.h>

/* SRT Access Control, "Rejection codes": HTTP's, and 1000. */
enum {
    CODE_BAD_REQUEST = 1400,
    CODE_UNAUTHORIZED = 1401,
    CODE_OVERLOAD = 1402,
    CODE_FORBIDDEN = 1403,
    CODE_NOT_FOUND = 1404,
    CODE_BAD_MODE = 1405,
    CODE_CONFLICT = 1409,
};

void ph_srt_access_refuse(struct ph_srt_verdict *verdict, enum ph_close_reason refusal,
                          const char *hint)
{
    verdict->refusal = refusal;
    verdict->hint = hint;
}

static void check_channel(struct ph_srt_verdict *out, const struct ph_registry *registry)
{
    enum ph_close_reason refusal =
        ph_publish_authorise(registry, out->id.path, out->id.query, &out->entry);

    if (refusal == PH_CLOSE_BAD_KEY) {
        ph_srt_access_refuse(out, refusal, "compare the key in the app with the channel's key");
    } else if (refusal != PH_CLOSE_NONE) {
        ph_srt_access_refuse(out, refusal,
                             *out->id.path == '\0' && *out->id.query == '\0'
                                 ? "the app sends no stream id: set it to publish:NAME:KEY"
                                 : "neither a channel's name nor a key is in the stream id: set "
                                   "it to publish:NAME:KEY");
    }
}

void ph_srt_access_check(struct ph_srt_verdict *out, const struct ph_registry *registry,
                         int handshake_version, const char *streamid)
{
    memset(out, 0, sizeof(*out));
    if (handshake_version < 5) {
        ph_srt_access_refuse(out, PH_CLOSE_PROTOCOL,
                             "the app speaks an SRT older than 1.3, which has no stream ids");
        return;
    }
    if (ph_srt_streamid_parse(&out->id, streamid) != PH_OK) {
        ph_srt_access_refuse(out, PH_CLOSE_BAD_STREAMID,
                             "set the app's stream id to publish:NAME:KEY");
        return;
    }
    if (out->id.mode == PH_SRT_MODE_REQUEST) {
        ph_srt_access_refuse(out, PH_CLOSE_PLAY_REFUSED,
                             "publishers say m=publish; viewers watch by HLS");
        return;
    }
    check_channel(out, registry);
}

int ph_srt_access_code(const struct ph_srt_verdict *verdict)
{
    switch (verdict->refusal) {
    case PH_CLOSE_BAD_STREAMID:
        return CODE_BAD_REQUEST;
    case PH_CLOSE_BAD_KEY:
        return CODE_UNAUTHORIZED;
    case PH_CLOSE_TOO_MANY_CONNECTIONS:
        return CODE_OVERLOAD;
    case PH_CLOSE_UNKNOWN_CHANNEL:
        return CODE_NOT_FOUND;
    case PH_CLOSE_PLAY_REFUSED:
        return CODE_BAD_MODE;
    case PH_CLOSE_ALREADY_PUBLISHING:
        return CODE_CONFLICT;
    default:
        return CODE_FORBIDDEN;
    }
}
