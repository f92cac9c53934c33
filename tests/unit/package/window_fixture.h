/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_WINDOW_FIXTURE_H
#define PHIEN_TESTS_WINDOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/window.h"

#include <phien/core/mem.h>

#include <string.h>

/*
 * Windows as the tests of this folder use them: 2 s target duration, parts of 250 ms, segments
 * of 2 s, first msn 100, dates from 2026-08-04T10:00:00Z on.
 */
#define TEST_EPOCH "s1x9"
#define TEST_DATE ((ph_usec)1785837600 * PH_USEC_PER_S)
#define TEST_PART (250 * PH_USEC_PER_MS)
#define TEST_SEGMENT (2 * PH_USEC_PER_S)

static inline struct ph_window_params test_window_params(enum ph_rendition rendition)
{
    struct ph_window_params params = {
        .rendition = rendition,
        .playlist = {.target_duration_s = 2,
                     .skip_until = 12 * PH_USEC_PER_S,
                     .part_hold_back = 768 * PH_USEC_PER_MS,
                     .epoch = TEST_EPOCH},
        .window = 10 * PH_USEC_PER_S,
        .max_bytes = (size_t)1 << 30,
        .first_msn = 100,
        .first_discontinuity = 7,
    };

    return params;
}

static inline struct ph_window *test_window(const struct ph_window_params *params)
{
    struct ph_window *window = ph_window_create(params);

    if (params->rendition == PH_RENDITION_AV || params->rendition == PH_RENDITION_AUDIO) {
        ph_window_set_part_target(window,
                                  params->rendition == PH_RENDITION_AUDIO ? 256000 : TEST_PART);
    }
    return window;
}

static inline struct ph_init *test_init(int64_t number)
{
    return ph_init_create(ph_buf_copy("init", 4), number);
}

static inline void add_part(struct ph_window *window, size_t bytes, ph_usec duration,
                            bool is_independent)
{
    struct ph_buf *buf = ph_buf_create(bytes);

    memset(buf->data, 'm', bytes);
    ph_window_add_part(window, buf, duration, is_independent);
}

/* The date goes on with the media. */
static inline void open_segment(struct ph_window *window, bool is_discontinuity,
                                struct ph_init *init)
{
    ph_usec date = TEST_DATE + (ph_window_msn(window) - 100) * TEST_SEGMENT;

    ph_window_open_segment(window, date, is_discontinuity, init);
}

static inline void add_parts(struct ph_window *window, int count)
{
    bool is_first = ph_window_open_duration(window) == 0;

    for (int i = 0; i < count; i++) {
        add_part(window, 1000, TEST_PART, is_first && i == 0);
    }
}

/* A whole segment of 2 s in eight parts, 8000 bytes. */
static inline void add_segment(struct ph_window *window, bool is_discontinuity,
                               struct ph_init *init)
{
    open_segment(window, is_discontinuity, init);
    add_parts(window, 8);
    ph_window_close_segment(window);
}

static inline struct ph_snapshot *snap(struct ph_window *window)
{
    return ph_window_snapshot(window, NULL);
}

#endif
