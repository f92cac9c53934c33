/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/es/annexb.h>
#include <ingest/srt/es/nal.h>

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

static size_t find_plainly(const uint8_t *data, size_t len, size_t from)
{
    for (size_t i = from; i + 3 <= len; i++) {
        if (memcmp(data + i, "\0\0\1", 3) == 0) {
            return i;
        }
    }
    return len;
}

/* All strings of six out of four telling bytes, from every place, held against a plain search. */
static void test_find(void **state)
{
    static const uint8_t digits[] = {0, 1, 2, 255};

    (void)state;
    for (unsigned n = 0; n < 4096; n++) {
        for (size_t len = 0; len <= 6; len++) {
            uint8_t *data = malloc(len > 0 ? len : 1);
            for (size_t i = 0; i < len; i++) {
                data[i] = digits[n >> 2 * i & 3];
            }
            for (size_t from = 0; from <= len; from++) {
                assert_int_equal(ph_annexb_find(data, len, from), find_plainly(data, len, from));
            }
            free(data);
        }
    }
}

static void test_trim(void **state)
{
    (void)state;
    assert_int_equal(ph_annexb_trim((const uint8_t *)"\1\0\2\0\0", 5), 3);
    assert_int_equal(ph_annexb_trim((const uint8_t *)"\1", 1), 1);
    assert_int_equal(ph_annexb_trim((const uint8_t *)"\0\0", 2), 0);
    assert_int_equal(ph_annexb_trim((const uint8_t *)"", 0), 0);
}

/* 00 00 03 xx: the 3 is not there, for any xx; but a fourth byte 3 is. */
static void test_emulation_prevention(void **state)
{
    static const uint8_t nal[] = {0x67, 0, 0, 3, 1, 0, 0, 3, 3, 0, 3, 0, 0, 3};
    static const uint8_t wanted[] = {0, 0, 1, 0, 0, 3, 0, 3, 0, 0};
    struct ph_rbsp rbsp;

    (void)state;
    ph_rbsp_open(&rbsp, nal, sizeof(nal), 1, sizeof(nal));
    for (size_t i = 0; i < sizeof(wanted); i++) {
        assert_int_equal(ph_rbsp_read(&rbsp, 8), wanted[i]);
    }
    assert_false(rbsp.bits.failed);
    ph_rbsp_read(&rbsp, 1);
    assert_true(rbsp.bits.failed);
    ph_rbsp_open(&rbsp, nal, sizeof(nal), 1, 3);
    ph_rbsp_read(&rbsp, 16);
    assert_false(rbsp.bits.failed);
    ph_rbsp_read(&rbsp, 1);
    assert_true(rbsp.bits.failed);
    ph_rbsp_open(&rbsp, nal, 1, 2, 1);
    assert_int_equal(rbsp.bits.len_bits, 0);
}

/* H.264 table 9-2 and 9-3, and the largest code. */
static void test_exp_golomb(void **state)
{
    /* 1 010 011 00100 00111 000010010 */
    static const uint8_t nal[] = {0xa6, 0x43, 0x84, 0x80};
    static const uint8_t largest[] = {0, 0, 3, 0, 1, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t too_large[] = {0, 0, 3, 0, 0, 3, 0x80, 0, 0, 3, 0, 0};
    struct ph_rbsp rbsp;

    (void)state;
    ph_rbsp_open(&rbsp, nal, sizeof(nal), 0, sizeof(nal));
    static const unsigned codes[] = {0, 1, 2, 3, 6, 17};
    for (size_t i = 0; i < PH_ARRAY_SIZE(codes); i++) {
        assert_int_equal(ph_rbsp_read_ue(&rbsp), codes[i]);
    }
    ph_rbsp_open(&rbsp, nal, sizeof(nal), 0, sizeof(nal));
    static const int values[] = {0, 1, -1, 2, -3, 9};
    for (size_t i = 0; i < PH_ARRAY_SIZE(values); i++) {
        assert_int_equal(ph_rbsp_read_se(&rbsp), values[i]);
    }
    assert_false(rbsp.bits.failed);
    ph_rbsp_open(&rbsp, largest, sizeof(largest), 0, sizeof(largest));
    assert_int_equal(ph_rbsp_read_ue(&rbsp), UINT32_MAX - 1);
    assert_false(rbsp.bits.failed);
    ph_rbsp_open(&rbsp, too_large, sizeof(too_large), 0, sizeof(too_large));
    ph_rbsp_read_ue(&rbsp);
    assert_true(rbsp.bits.failed);
}

static void test_roles(void **state)
{
    static const struct {
        enum AVCodecID codec_id;
        uint8_t nal[2];
        enum ph_nal_role wanted;
    } cases[] = {
        {AV_CODEC_ID_H264, {0x65, 0}, PH_NAL_SLICE},
        {AV_CODEC_ID_H264, {0x01, 0}, PH_NAL_SLICE},
        {AV_CODEC_ID_H264, {0x67, 0}, PH_NAL_SPS},
        {AV_CODEC_ID_H264, {0x28, 0}, PH_NAL_PPS},
        {AV_CODEC_ID_H264, {0x09, 0}, PH_NAL_DELIMITER},
        {AV_CODEC_ID_H264, {0x06, 0}, PH_NAL_OPENING},
        {AV_CODEC_ID_H264, {0x0c, 0}, PH_NAL_NONE},
        {AV_CODEC_ID_H264, {0x13, 0}, PH_NAL_NONE}, /* auxiliary picture */
        {AV_CODEC_ID_HEVC, {0x26, 1}, PH_NAL_SLICE},
        {AV_CODEC_ID_HEVC, {0x40, 1}, PH_NAL_VPS},
        {AV_CODEC_ID_HEVC, {0x42, 1}, PH_NAL_SPS},
        {AV_CODEC_ID_HEVC, {0x44, 1}, PH_NAL_PPS},
        {AV_CODEC_ID_HEVC, {0x46, 1}, PH_NAL_DELIMITER},
        {AV_CODEC_ID_HEVC, {0x4e, 1}, PH_NAL_OPENING},
        {AV_CODEC_ID_HEVC, {0x50, 1}, PH_NAL_NONE},
        {AV_CODEC_ID_HEVC, {0x42, 9}, PH_NAL_NONE}, /* an SPS of the next layer */
        {AV_CODEC_ID_HEVC, {0x43, 1}, PH_NAL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        assert_int_equal(ph_nal_role(cases[i].codec_id, cases[i].nal, 2), cases[i].wanted);
    }
    assert_int_equal(ph_nal_role(AV_CODEC_ID_H264, NULL, 0), PH_NAL_NONE);
    assert_int_equal(ph_nal_role(AV_CODEC_ID_HEVC, cases[8].nal, 1), PH_NAL_NONE);
}

static void test_slice_heads(void **state)
{
    static const uint8_t cra[] = {0x2a, 0x01, 0x98}; /* first, no_output 0, PPS 2: 1 0 011 */
    static const uint8_t rasl[] = {0x10, 0x01, 0xe0};
    static const uint8_t idr[] = {0x65, 0x88, 0x40}; /* 0, 7, PPS 1: 1 0001000 010 */
    struct ph_slice_head head;

    (void)state;
    assert_int_equal(ph_slice_head_parse(&head, AV_CODEC_ID_HEVC, cra, sizeof(cra)), PH_OK);
    assert_true(head.is_first && head.is_random_access && !head.is_leading);
    assert_int_equal(head.pps_id, 2);
    assert_int_equal(ph_slice_head_parse(&head, AV_CODEC_ID_HEVC, rasl, sizeof(rasl)), PH_OK);
    assert_true(head.is_first && !head.is_random_access && head.is_leading);
    assert_int_equal(ph_slice_head_parse(&head, AV_CODEC_ID_H264, idr, sizeof(idr)), PH_OK);
    assert_true(head.is_first && head.is_random_access);
    assert_int_equal(head.pps_id, 1);
    assert_int_equal(ph_slice_head_parse(&head, AV_CODEC_ID_H264, idr, 2), PH_EPROTO);
    assert_int_equal(ph_slice_head_parse(&head, AV_CODEC_ID_HEVC, cra, 2), PH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_emulation_prevention),
        cmocka_unit_test(test_exp_golomb),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_slice_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
