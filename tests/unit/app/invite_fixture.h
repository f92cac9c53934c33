/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_APP_INVITE_FIXTURE_H
#define TESTS_UNIT_APP_INVITE_FIXTURE_H

#include <phien/core/conf.h>

/* A config of two channels, which a test changes before it invites to one. */
struct market {
    struct ph_conf_channel channels[2];
    struct ph_conf conf;
};

static inline void market_init(struct market *market)
{
    *market = (struct market){
        .channels =
            {
                {
                    .name = "sinho",
                    .key = "7f3a19c255d0",
                    .title = "Ch\u1ee3 phi\u00ean",
                    .overlay_token = "",
                    .srt_passphrase = "",
                },
                {
                    .name = "bac-ha",
                    .key = "key:of+bac,ha",
                    .title = "bac-ha",
                    .overlay_token = "",
                    .srt_passphrase = "p@ss&phrase=10%",
                    .srt_latency_ms = 4000,
                },
            },
        .conf =
            {
                .rtmp = {.listen = "0.0.0.0:1935"},
                .srt = {.listen = "*:8890", .latency_ms = 2000, .passphrase = ""},
                .http = {.listen = "0.0.0.0:8080", .public_url = "https://phien.example/live"},
                .hls = {.segment_ms = 2000},
            },
    };
    market->conf.channels = market->channels;
    market->conf.channels_count = 2;
}

#endif
