/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <phien/delivery/hls.h>

#include <stdio.h>

const char ph_policy_media[] = "public, max-age=31536000, immutable";
const char ph_policy_unsatisfied[] = "no-store";

/*
 * Every page may play every channel, and change what a channel sells if it has the token. Date is
 * exposed because players measure their latency by it; Cross-Origin-Resource-Policy lets pages with
 * cross-origin isolation play too.
 */
const char ph_hls_common_headers[] =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE\r\n"
    "Access-Control-Allow-Headers: Range, Authorization, Content-Type, If-None-Match, If-Match, "
    "Idempotency-Key, Last-Event-ID\r\n"
    "Access-Control-Expose-Headers: Age, Date, Content-Length, Content-Range, ETag, "
    "Retry-After, Server-Timing\r\n"
    "Access-Control-Max-Age: 86400\r\n"
    "Timing-Allow-Origin: *\r\n"
    "Cross-Origin-Resource-Policy: cross-origin\r\n";

void ph_policy_init(struct ph_policy *policy, unsigned target_duration_s)
{
    unsigned half = target_duration_s / 2 > 0 ? target_duration_s / 2 : 1;

    snprintf(policy->playlist, sizeof(policy->playlist), "public, max-age=%u", half);
    snprintf(policy->playlist_blocked, sizeof(policy->playlist_blocked), "public, max-age=%u",
             6 * target_duration_s);
    snprintf(policy->missing, sizeof(policy->missing), "public, max-age=%u", target_duration_s);
    snprintf(policy->refused, sizeof(policy->refused), "public, max-age=%u", 4 * target_duration_s);
}

ph_usec ph_policy_hold(unsigned target_duration_s)
{
    unsigned hold_s = 3 * target_duration_s;

    return (hold_s < 8 ? hold_s : 8) * PH_USEC_PER_S;
}

const char *ph_policy_media_type(enum ph_rendition rendition)
{
    switch (rendition) {
    case PH_RENDITION_AUDIO:
        return "audio/mp4";
    case PH_RENDITION_TS:
        return "video/mp2t";
    case PH_RENDITION_CARDS:
        return "text/vtt; charset=utf-8";
    default:
        return "video/mp4";
    }
}
