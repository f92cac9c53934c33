/* SPDX-License-Identifier: Apache-2.0 */
#include "ts_file.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { PACKET = 188, NO_CLOCK = -1 };

/* A packet for each entry: the clock in ms, or none. */
static uint8_t *make_stream(const int64_t *clocks, size_t count)
{
    uint8_t *bytes = ph_alloc(count * PACKET);

    for (size_t i = 0; i < count; i++) {
        uint8_t *packet = bytes + i * PACKET;
        packet[0] = 0x47;
        packet[1] = 1; /* PID 0x100 */
        packet[3] = 0x10;
        if (clocks[i] != NO_CLOCK) {
            uint64_t base = (uint64_t)clocks[i] * 90;
            packet[3] = 0x30;
            packet[4] = 7;
            packet[5] = 0x10;
            packet[6] = (uint8_t)(base >> 25);
            packet[7] = (uint8_t)(base >> 17);
            packet[8] = (uint8_t)(base >> 9);
            packet[9] = (uint8_t)(base >> 1);
            packet[10] = (uint8_t)(base << 7 | 0x7e);
        }
    }
    return bytes;
}

static void messages_are_due_between_the_clocks(void **state)
{
    int64_t clocks[70];
    struct ts_file file;
    size_t len = 0;

    (void)state;
    memset(clocks, 0xff, sizeof(clocks));
    clocks[7] = 5000;  /* the first message is ahead of it */
    clocks[35] = 5040; /* 28 packets are 40 ms */
    clocks[42] = 5140;
    assert_int_equal(ts_file_take(&file, make_stream(clocks, 69), (size_t)69 * PACKET), PH_OK);
    static const int wanted_ms[] = {0, 0, 10, 20, 30, 40, 140, 140, 140, 140};
    assert_int_equal(file.count, PH_ARRAY_SIZE(wanted_ms));
    for (size_t i = 0; i < file.count; i++) {
        assert_int_equal(file.due[i], wanted_ms[i] * PH_USEC_PER_MS);
    }
    assert_ptr_equal(ts_file_message(&file, 1, &len), file.bytes + TS_FILE_MESSAGE_BYTES);
    assert_int_equal(len, 1316);
    (void)ts_file_message(&file, 9, &len);
    assert_int_equal(len, 6 * PACKET);
    ts_file_fini(&file);
}

static void what_has_no_clock_is_refused(void **state)
{
    static const int64_t none[] = {NO_CLOCK, NO_CLOCK};
    static const int64_t one[] = {5, NO_CLOCK};
    static const int64_t still[] = {5, 5};
    static const int64_t back[] = {5, 9, 7};
    struct ts_file file;

    (void)state;
    assert_int_equal(ts_file_take(&file, make_stream(none, 2), 376), PH_EMEDIA);
    assert_int_equal(ts_file_take(&file, make_stream(one, 2), 376), PH_EMEDIA);
    assert_int_equal(ts_file_take(&file, make_stream(still, 2), 376), PH_EMEDIA);
    assert_int_equal(ts_file_take(&file, make_stream(back, 3), 564), PH_EMEDIA);
    assert_int_equal(ts_file_take(&file, NULL, 0), PH_EMEDIA);
    uint8_t *garbage = make_stream(still, 2);
    garbage[PACKET] = 0;
    assert_int_equal(ts_file_take(&file, garbage, 376), PH_EMEDIA);
    assert_null(file.bytes);
}

static void reads_files(void **state)
{
    struct ts_file file;

    (void)state;
    assert_int_equal(ts_file_read(&file, "/nonexistent.ts"), PH_EIO);
    assert_int_equal(ts_file_read(&file, PHIEN_SOURCE_DIR "/CMakeLists.txt"), PH_EMEDIA);
    ts_file_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_due_between_the_clocks),
        cmocka_unit_test(what_has_no_clock_is_refused),
        cmocka_unit_test(reads_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
