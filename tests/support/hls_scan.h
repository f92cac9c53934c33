/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_HLS_SCAN_H
#define PHIEN_TESTS_SUPPORT_HLS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a low-latency viewer takes from a media playlist of ours to ask for what comes next. For
 * benches, which cannot afford to parse all of it; tests use a parser that is strict.
 */
struct hls_scan {
    int64_t msn; /* what the playlist does not have yet: */
    int64_t part;
    int64_t hint;    /* the running number in the name of the part hinted at */
    char prefix[64]; /* of that name: "av-EPOCH-p" */
};

/* False: no media playlist, or one that does not go on. */
bool hls_scan(struct hls_scan *scan, const void *text, size_t len);

#endif
