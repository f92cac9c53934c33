/* SPDX-License-Identifier: Apache-2.0 */
/* Where packets begin, and what their counters prove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/ts/counter.h>
#include <ingest/srt/ts/sync.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

/* Bytes with a sync byte at each of these offsets, -1 ends them; what is found in them. */
struct sync_case {
    size_t len;
    int sync_bytes[8];
    int packets[8];
    unsigned losses;
};

static void expect_packets(const struct sync_case *c, size_t step)
{
    uint8_t *bytes = calloc(1, c->len);
    struct ph_ts_sync sync = {0};
    const uint8_t *packet;
    int found = 0;

    assert_non_null(bytes);
    for (size_t i = 0; i < c->len; i++) {
        /* Each packet's bytes say where it began. */
        bytes[i] = (uint8_t)(0x80 | i % 61);
    }
    for (int i = 0; c->sync_bytes[i] >= 0; i++) {
        bytes[c->sync_bytes[i]] = 0x47;
    }
    for (size_t pos = 0; pos < c->len; pos += step) {
        struct ph_reader in;
        ph_reader_init(&in, bytes + pos, step < c->len - pos ? step : c->len - pos);
        while ((packet = ph_ts_sync_next(&sync, &in)) != NULL) {
            assert_true(c->packets[found] >= 0);
            assert_memory_equal(packet, bytes + c->packets[found], PH_TS_PACKET_BYTES);
            found++;
        }
        assert_int_equal(ph_reader_left(&in), 0);
    }
    assert_int_equal(c->packets[found], -1);
    assert_int_equal(sync.losses, c->losses);
    free(bytes);
}

static void test_sync(void **state)
{
    static const struct sync_case cases[] = {
        /* The first packet needs no proof. */
        {188, {0, -1}, {0, -1}, 0},
        {187, {0, -1}, {-1}, 0},
        {376, {0, 188, -1}, {0, 188, -1}, 0},
        /* Without a sync byte at the beginning, three at a distance of 188. */
        {567, {3, 191, 379, -1}, {3, 191, 379, -1}, 1},
        {379, {3, 191, -1}, {-1}, 1},
        {380, {3, 191, 379, -1}, {3, 191, -1}, 1},
        {600, {3, 191, -1}, {-1}, 1},
        /* Others before, between and beside them do not confuse. */
        {567, {1, 2, 3, 189, 191, 300, 379, -1}, {3, 191, 379, -1}, 1},
        {600, {1, 189, 378, 379, -1}, {-1}, 1},
        /* Lost after one packet, found, lost again. */
        {1000, {0, 200, 388, 576, -1}, {0, 200, 388, 576, -1}, 2},
    };
    static const size_t steps[] = {1, 2, 100, 188, 377, 5000};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        for (size_t j = 0; j < PH_ARRAY_SIZE(steps); j++) {
            expect_packets(&cases[i], steps[j]);
        }
    }
}

static void test_skipped(void **state)
{
    uint8_t bytes[600] = {0};
    struct ph_ts_sync sync = {0};
    struct ph_reader in;

    (void)state;
    bytes[20] = bytes[208] = bytes[396] = 0x47;
    ph_reader_init(&in, bytes, sizeof(bytes));
    assert_non_null(ph_ts_sync_next(&sync, &in));
    assert_int_equal(sync.skipped, 20);
    sync.skipped = 0;
    assert_non_null(ph_ts_sync_next(&sync, &in));
    assert_int_equal(sync.skipped, 0);
}

static void test_cut(void **state)
{
    uint8_t packet[PH_TS_PACKET_BYTES] = {0x47};
    struct ph_ts_sync sync = {0};
    struct ph_reader in;

    (void)state;
    /* Between packets it goes on as before, inside one it has to be found again. */
    assert_false(ph_ts_sync_cut(&sync));
    ph_reader_init(&in, packet, sizeof(packet));
    assert_non_null(ph_ts_sync_next(&sync, &in));
    assert_false(ph_ts_sync_cut(&sync));
    assert_false(sync.is_lost);
    ph_reader_init(&in, packet, 1);
    assert_null(ph_ts_sync_next(&sync, &in));
    assert_true(ph_ts_sync_cut(&sync));
    assert_true(sync.is_lost);
    assert_false(ph_ts_sync_cut(&sync));
    assert_int_equal(sync.losses, 0);
}

static void test_counter(void **state)
{
    enum { NEXT = PH_TS_STEP_NEXT, COPY = PH_TS_STEP_COPY, HOLE = PH_TS_STEP_HOLE };
    static const struct {
        uint8_t counter;
        bool is_without_payload;
        bool is_jump;
        bool is_copy;
        int step;
    } packets[] = {
        {7, false, false, false, NEXT}, /* the first may be any */
        {8, false, false, false, NEXT},
        {8, false, false, true, COPY},
        {8, false, false, true, HOLE}, /* the second copy is none */
        {9, false, false, false, NEXT},
        {9, false, false, false, HOLE}, /* the same number, other bytes: 15 are missing */
        {10, false, false, false, NEXT},
        {12, false, false, false, HOLE},
        {3, true, false, false, NEXT}, /* no payload, no count */
        {13, false, false, false, NEXT},
        {14, false, false, false, NEXT},
        {15, false, false, false, NEXT},
        {0, false, false, false, NEXT}, /* 4 bits */
        {5, false, true, false, NEXT},  /* discontinuity_indicator */
        {5, false, true, true, COPY},
        {6, false, false, false, NEXT},
        {11, true, true, false, NEXT}, /* alone, it says where the counter stands now */
        {12, false, false, false, NEXT},
        {10, false, false, false, HOLE}, /* backwards */
    };
    struct ph_ts_counter counter = {0};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(packets); i++) {
        struct ph_ts_packet packet = {
            .counter = packets[i].counter,
            .has_payload = !packets[i].is_without_payload,
            .is_jump = packets[i].is_jump,
        };
        int step = (int)ph_ts_counter_step(&counter, &packet, packets[i].is_copy);
        if (step != packets[i].step) {
            fail_msg("packet %zu: step %d, not %d", i, step, packets[i].step);
        }
    }
}

static void test_counter_lose(void **state)
{
    struct ph_ts_counter counter = {.is_known = true, .last = 3};
    struct ph_ts_packet packet = {.counter = 4, .has_payload = true};

    (void)state;
    assert_false(ph_ts_counter_lose(&counter, 8));
    assert_false(ph_ts_counter_lose(&counter, 7));
    assert_int_equal(ph_ts_counter_step(&counter, &packet, false), PH_TS_STEP_NEXT);
    /* A packet came, so it begins anew. */
    assert_false(ph_ts_counter_lose(&counter, 15));
    assert_true(counter.is_known);
    assert_true(ph_ts_counter_lose(&counter, 1));
    assert_false(counter.is_known);
    assert_true(ph_ts_counter_lose(&counter, SIZE_MAX));
    packet.counter = 9;
    assert_int_equal(ph_ts_counter_step(&counter, &packet, false), PH_TS_STEP_NEXT);
    assert_false(ph_ts_counter_lose(&counter, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),         cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_counter),
        cmocka_unit_test(test_counter_lose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
