/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mp4.h"
#include "package/emsg.h"
#include "package/id3.h"

#include <string.h>

static void test_golden(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {
        0x00, 0x00, 0x00, 0x64, 0x65, 0x6d, 0x73, 0x67, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x5f,
        0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0d, 0xbb, 0xa0, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,
        0x00, 0x07, 0x68, 0x74, 0x74, 0x70, 0x73, 0x3a, 0x2f, 0x2f, 0x61, 0x6f, 0x6d, 0x65, 0x64,
        0x69, 0x61, 0x2e, 0x6f, 0x72, 0x67, 0x2f, 0x65, 0x6d, 0x73, 0x67, 0x2f, 0x49, 0x44, 0x33,
        0x00, 0x00, 0x49, 0x44, 0x33, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1c, 0x54, 0x58, 0x58,
        0x58, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00, 0x03, 0x63, 0x61, 0x72, 0x64, 0x00, 0x7b, 0x22,
        0x73, 0x6b, 0x75, 0x22, 0x3a, 0x22, 0x41, 0x31, 0x22, 0x7d};
    struct ph_writer tag;
    struct ph_writer box;

    ph_writer_init(&tag, 1024);
    ph_writer_init(&box, 1024);
    ph_id3_write_txxx(&tag, "card", "{\"sku\":\"A1\"}", 12);
    ph_emsg_write(&box, &(struct ph_emsg){90000, 900000, 7, tag.data, tag.len});
    assert_false(box.failed);
    assert_int_equal(box.len, 100);
    assert_int_equal(box.len, sizeof(wanted));
    assert_memory_equal(box.data, wanted, sizeof(wanted));
    ph_writer_fini(&box);
    ph_writer_fini(&tag);
}

static void test_all_bits_of_its_numbers(void **state)
{
    (void)state;
    struct ph_writer box;
    static uint8_t tag[40000];

    memset(tag, 0xa5, sizeof(tag));
    ph_writer_init(&box, 1 << 20);
    ph_emsg_write(&box, &(struct ph_emsg){UINT32_C(0xfedcba98), UINT64_C(0x8123456789abcdef),
                                          UINT32_C(0xf0000001), tag, sizeof(tag)});
    struct box emsg = box_need((struct box){box.data, box.len}, "emsg");
    assert_int_equal(emsg.len + 8, box.len);
    assert_int_equal(be32(emsg.data + 4), UINT32_C(0xfedcba98));
    assert_true(be64(emsg.data + 8) == UINT64_C(0x8123456789abcdef));
    assert_int_equal(be32(emsg.data + 16), UINT32_MAX);
    assert_int_equal(be32(emsg.data + 20), UINT32_C(0xf0000001));
    assert_string_equal((const char *)emsg.data + 24, "https://aomedia.org/emsg/ID3");
    assert_memory_equal(box.data + box.len - sizeof(tag), tag, sizeof(tag));
    ph_writer_fini(&box);
}

static void test_too_long(void **state)
{
    (void)state;
    struct ph_writer box;

    ph_writer_init(&box, SIZE_MAX / 2);
    ph_emsg_write(&box, &(struct ph_emsg){90000, 0, 1, "", UINT32_MAX - 61});
    assert_true(box.failed);
    assert_int_equal(box.len, 0);
    ph_writer_fini(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_all_bits_of_its_numbers),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
