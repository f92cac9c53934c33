/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/pmt.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

/* H.264, AAC and ID3: as libavformat writes it, and with the descriptor of the program. */
static const uint8_t written[] = {
    0x02, 0xb0, 0x2b, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x00, 0xf0, 0x00, 0x1b, 0xe1, 0x00, 0xf0,
    0x00, 0x0f, 0xe1, 0x01, 0xf0, 0x00, 0x15, 0xe1, 0x02, 0xf0, 0x0f, 0x26, 0x0d, 0xff, 0xff, 0x49,
    0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x0f, 0x5e, 0xe9, 0xd5, 0x8f};
static const uint8_t completed[] = {
    0x02, 0xb0, 0x3c, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x00, 0xf0, 0x11, 0x25, 0x0f, 0xff, 0xff,
    0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x1f, 0x00, 0x01, 0x1b, 0xe1, 0x00,
    0xf0, 0x00, 0x0f, 0xe1, 0x01, 0xf0, 0x00, 0x15, 0xe1, 0x02, 0xf0, 0x0f, 0x26, 0x0d, 0xff, 0xff,
    0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x0f, 0x22, 0xbb, 0x5b, 0x1a};

/* A TS packet that begins with this section, after `adaptation` bytes and `before` of another. */
static void make(uint8_t packet[PH_TS_PACKET], const uint8_t *section, size_t len,
                 size_t adaptation, size_t before)
{
    size_t at = 4;

    memset(packet, 0xff, PH_TS_PACKET);
    packet[0] = 0x47;
    packet[1] = 0x50;
    packet[2] = 0x00;
    packet[3] = adaptation > 0 ? 0x30 : 0x10;
    if (adaptation > 0) {
        packet[at] = (uint8_t)(adaptation - 1);
        at += adaptation;
    }
    packet[at] = (uint8_t)before;
    memcpy(packet + at + 1 + before, section, len);
}

/* Bit by bit, as the standard draws it (annex A). */
static uint32_t crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = data[i / 8] >> (7 - i % 8) & 1u;
        crc = (crc << 1) ^ ((crc >> 31 ^ bit) ? UINT32_C(0x04c11db7) : 0);
    }
    return crc;
}

static void test_golden(void **state)
{
    (void)state;
    static const size_t adaptations[] = {0, 1, 2, 100};
    static const size_t befores[] = {0, 7};
    uint8_t packet[PH_TS_PACKET];
    uint8_t wanted[PH_TS_PACKET];

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++) {
            make(packet, written, sizeof(written), adaptations[i], befores[k]);
            make(wanted, completed, sizeof(completed), adaptations[i], befores[k]);
            assert_true(ph_pmt_add_id3_pointer(packet));
            assert_memory_equal(packet, wanted, PH_TS_PACKET);
        }
    }
}

/* What stands there already stays, before ours; the program's number is repeated. */
static void test_descriptors_and_number_are_kept(void **state)
{
    (void)state;
    static const uint8_t section[] = {0x02, 0xb0, 0x18, 0xab, 0xcd, 0xc1, 0x00, 0x00, 0xe1,
                                      0x00, 0xf0, 0x06, 0x05, 0x04, 'H',  'D',  'M',  'V',
                                      0x0f, 0xe1, 0x00, 0xf0, 0x00, 0,    0,    0,    0};
    static const uint8_t head[] = {0x02, 0xb0, 0x29, 0xab, 0xcd, 0xc1, 0x00, 0x00, 0xe1, 0x00,
                                   0xf0, 0x17, 0x05, 0x04, 'H',  'D',  'M',  'V',  0x25, 0x0f,
                                   0xff, 0xff, 'I',  'D',  '3',  ' ',  0xff, 'I',  'D',  '3',
                                   ' ',  0x00, 0x1f, 0xab, 0xcd, 0x0f, 0xe1, 0x00, 0xf0, 0x00};
    uint8_t packet[PH_TS_PACKET];

    make(packet, section, sizeof(section), 0, 0);
    assert_true(ph_pmt_add_id3_pointer(packet));
    assert_memory_equal(packet + 5, head, sizeof(head));
    /* Over a section with its CRC the CRC is 0. */
    assert_int_equal(crc_of(packet + 5, sizeof(head) + 4), 0);
    assert_int_equal(packet[5 + sizeof(head) + 4], 0xff);
}

static void check_untouched(const uint8_t packet[PH_TS_PACKET])
{
    uint8_t *copy = ph_alloc(PH_TS_PACKET); /* no byte more, which the sanitizer sees */

    memcpy(copy, packet, PH_TS_PACKET);
    assert_false(ph_pmt_add_id3_pointer(copy));
    assert_memory_equal(copy, packet, PH_TS_PACKET);
    free(copy);
}

static void test_what_is_no_such_table(void **state)
{
    (void)state;
    uint8_t packet[PH_TS_PACKET];

    make(packet, written, sizeof(written), 0, 0);
    packet[1] &= 0xbf; /* no section begins here */
    check_untouched(packet);
    make(packet, written, sizeof(written), 0, 0);
    packet[5] = 0x00; /* a PAT */
    check_untouched(packet);
    make(packet, written, sizeof(written), 0, 0);
    packet[4] = 0xff; /* a section behind the packet's end */
    check_untouched(packet);
    make(packet, written, sizeof(written), 2, 0);
    packet[4] = 0xff; /* an adaptation field that is longer than the packet */
    check_untouched(packet);
    make(packet, written, sizeof(written), 0, 0);
    packet[5 + 11] = 0x80; /* descriptors beyond the section */
    check_untouched(packet);
    make(packet, written, sizeof(written), 0, 0);
    packet[5 + 1] = 0xb3; /* a section of more than one packet */
    check_untouched(packet);
    make(packet, written, sizeof(written), 0, 0);
    packet[5 + 2] = 0x09; /* too short to be one */
    check_untouched(packet);
}

/* Up to the last byte of the packet, and not one further. */
static void test_room(void **state)
{
    (void)state;
    uint8_t packet[PH_TS_PACKET];
    const size_t fits = PH_TS_PACKET - 4 - 1 - sizeof(completed);

    make(packet, written, sizeof(written), 0, fits);
    assert_true(ph_pmt_add_id3_pointer(packet));
    assert_memory_equal(packet + PH_TS_PACKET - sizeof(completed), completed, sizeof(completed));
    make(packet, written, sizeof(written), 0, fits + 1);
    check_untouched(packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_descriptors_and_number_are_kept),
        cmocka_unit_test(test_what_is_no_such_table),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
