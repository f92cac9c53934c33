/* SPDX-License-Identifier: Apache-2.0 */
/* Where access units begin and end, in payloads written down NAL unit by NAL unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/es/access_units.h>

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* H.264, each with a start code. Slices of I and P pictures with PPS 0, which nobody has sent. */
#define AUD "000001 09f0 "
#define SEI "000001 0605 "
#define FILLER "000001 0cff80 "
#define END_OF_SEQUENCE "000001 0a "
#define PREFIX "000001 6eaa "
#define SLICE "000001 419aaa "       /* begins a picture */
#define MORE "000001 4146aa "        /* goes on with one: first_mb 1 */
#define PARTITION_B "000001 4346aa " /* of the slice before */
#define EXTENSION "000001 549aaa "   /* of another view */

/* HEVC. */
#define H_AUD "000001 460150 "
#define H_SEI "000001 4e0105 "
#define H_SEI_BEHIND "000001 500105 "
#define H_SLICE "000001 0201c0aa "
#define H_MORE "000001 020140aa "
#define H_IDR "000001 2601a0aa "
#define H_LAYER_1 "000001 0209c0aa "

struct fixture {
    struct ph_access_units units;
    char log[4096];
    size_t len;
};

/* "(9 1 1@40) ": the types of its NAL units, its time if it has one; "rest " of another. */
static void on_unit(void *arg, const struct ph_access_unit *unit)
{
    struct fixture *f = arg;
    bool is_h264 = f->units.sets.codec_id == AV_CODEC_ID_H264;
    char text[1024] = "rest ";
    size_t len = 0;

    if (!unit->is_rest) {
        text[len++] = '(';
        for (size_t i = 0; i < unit->nal_count && len < sizeof(text) - 64; i++) {
            const uint8_t *nal = unit->data + unit->nals[i].offset;
            assert_true(unit->nals[i].len > 0);
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d", i > 0 ? " " : "",
                                    is_h264 ? nal[0] & 31 : nal[0] >> 1 & 63);
        }
        if (unit->times.dts != PH_TS_NO_TIME) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "@%d", (int)unit->times.dts);
        }
        snprintf(text + len, sizeof(text) - len, ") ");
    }
    assert_true(f->len + strlen(text) < sizeof(f->log));
    memcpy(f->log + f->len, text, strlen(text) + 1);
    f->len += strlen(text);
}

static void open_fixture(struct fixture *f, enum AVCodecID codec_id)
{
    ph_access_units_init(&f->units, codec_id, on_unit, f);
    f->len = 0;
    f->log[0] = '\0';
}

static void feed_payload(struct fixture *f, const uint8_t *data, size_t len, int64_t dts)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, data, len);
    struct ph_es_payload payload = {.data = copy, .len = len, .pts = dts, .dts = dts};
    ph_access_units_feed(&f->units, &payload);
    free(copy);
}

static size_t parse_hex(uint8_t *out, const char *hex)
{
    size_t len = 0;

    for (; *hex != '\0'; hex++) {
        if (isxdigit((unsigned char)*hex)) {
            char digits[3] = {hex[0], hex[1], '\0'};
            out[len++] = (uint8_t)strtoul(digits, NULL, 16);
            hex++;
        }
    }
    return len;
}

static void feed_hex(struct fixture *f, const char *hex, int64_t dts)
{
    uint8_t data[1024];
    size_t len = parse_hex(data, hex);

    feed_payload(f, data, len, dts);
}

static void expect_log(struct fixture *f, const char *wanted)
{
    assert_string_equal(f->log, wanted);
    f->len = 0;
    f->log[0] = '\0';
}

struct border_case {
    const char *payload;
    const char *wanted;
};

static void run_cases(enum AVCodecID codec_id, const struct border_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture f;
        open_fixture(&f, codec_id);
        feed_hex(&f, cases[i].payload, 5);
        expect_log(&f, cases[i].wanted);
        ph_access_units_fini(&f.units);
    }
}

static void test_borders_of_h264(void **state)
{
    static const struct border_case cases[] = {
        {AUD SEI SLICE, "(9 6 1@5) "},
        {AUD SLICE MORE MORE, "(9 1 1 1@5) "},
        {SLICE SLICE, "(1@5) (1) "},
        {SLICE MORE SLICE MORE MORE SLICE, "(1 1@5) (1 1 1) (1) "},
        {AUD SLICE AUD SLICE, "(9 1@5) (9 1) "},
        {SLICE SEI SLICE, "(1@5) (6 1) "},
        /* What ends a picture stays with it. */
        {SLICE FILLER END_OF_SEQUENCE SLICE, "(1 12 10@5) (1) "},
        {SLICE FILLER AUD SLICE FILLER, "(1 12@5) (9 1 12) "},
        /* NAL units that may begin an access unit, and don't. */
        {PREFIX SLICE PREFIX MORE PREFIX SLICE, "(14 1 14 1@5) (14 1) "},
        {SLICE SEI MORE, "(1 6 1@5) "},
        {SLICE PARTITION_B EXTENSION SLICE, "(1 3 20@5) (1) "},
        /* A delimiter is one, whatever follows: that one lost its first slice. */
        {AUD SLICE AUD MORE, "(9 1@5) rest "},
        /* A slice whose header is cut does not count as one. */
        {SLICE "000001 41 " FILLER, "(1 1 12@5) "},
    };

    (void)state;
    run_cases(AV_CODEC_ID_H264, cases, PH_ARRAY_SIZE(cases));
}

static void test_borders_of_hevc(void **state)
{
    static const struct border_case cases[] = {
        {H_AUD H_SEI H_IDR H_MORE, "(35 39 19 1@5) "},
        {H_SLICE H_SLICE H_MORE H_IDR, "(1@5) (1 1) (19) "},
        {H_SLICE H_SEI_BEHIND H_SEI H_SLICE, "(1 40@5) (39 1) "},
        {H_SLICE H_LAYER_1 H_SLICE, "(1 1@5) (1) "},
        {H_SLICE "000001 02 " H_SLICE, "(1 1@5) (1) "},
    };

    (void)state;
    run_cases(AV_CODEC_ID_HEVC, cases, PH_ARRAY_SIZE(cases));
}

/* What precedes a picture waits for it, wherever the payload ends. */
static void test_openings_wait(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    feed_hex(&f, AUD SEI, 5);
    expect_log(&f, "");
    feed_hex(&f, SLICE AUD, 9);
    expect_log(&f, "(9 6 1@9) ");
    feed_hex(&f, SEI SLICE SEI, 12);
    expect_log(&f, "(9 6 1@12) ");
    feed_hex(&f, SLICE, PH_TS_NO_TIME);
    expect_log(&f, "(6 1) ");
    feed_hex(&f, AUD, 20);
    ph_access_units_end(&f.units);
    expect_log(&f, "");
    ph_access_units_fini(&f.units);
}

/* A NAL unit that the payload cuts in two. */
static void test_an_opening_that_goes_on(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    feed_hex(&f, AUD "000001 0605", 5);
    feed_hex(&f, "0708 " SLICE, PH_TS_NO_TIME);
    expect_log(&f, "(9 6 1@5) ");
    ph_access_units_fini(&f.units);
}

/* An access unit that was handed out goes on: its rest is told, and from now on all are kept. */
static void test_the_rest_of_a_unit(void **state)
{
    static const char *const rests[] = {MORE, "aabbcc" MORE, "aabbcc", FILLER MORE};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rests); i++) {
        struct fixture f;
        open_fixture(&f, AV_CODEC_ID_H264);
        feed_hex(&f, AUD SLICE, 5);
        expect_log(&f, "(9 1@5) ");
        feed_hex(&f, rests[i], PH_TS_NO_TIME);
        feed_hex(&f, AUD SLICE, 9);
        feed_hex(&f, MORE, PH_TS_NO_TIME);
        feed_hex(&f, AUD SLICE, 13);
        ph_access_units_end(&f.units);
        assert_non_null(strstr(f.log, "rest "));
        assert_non_null(strstr(f.log, "(9 1@13) "));
        if (i < 3) {
            expect_log(&f, "rest (9 1 1@9) (9 1@13) ");
        }
        ph_access_units_fini(&f.units);
    }
}

/* While access units are kept, each goes out when the next one's first slice is there. */
static void test_kept_units_wait_for_the_next_only(void **state)
{
    static const char long_slice[] =
        "000001 419aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    feed_hex(&f, AUD SLICE, 1);
    feed_hex(&f, MORE, PH_TS_NO_TIME);
    expect_log(&f, "(9 1@1) rest ");
    for (int64_t dts = 2; dts < 6; dts++) {
        char wanted[64];
        feed_hex(&f, long_slice, dts);
        snprintf(wanted, sizeof(wanted), "(1@%d) ", (int)dts - 1);
        expect_log(&f, dts == 2 ? "" : wanted);
    }
    feed_hex(&f, MORE, PH_TS_NO_TIME);
    expect_log(&f, "");
    /* The same access unit, though its times are repeated with each slice. */
    feed_hex(&f, MORE, 5);
    ph_access_units_end(&f.units);
    expect_log(&f, "(1 1 1@5) ");
    ph_access_units_fini(&f.units);
}

static void test_drop(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    assert_false(ph_access_units_drop(&f.units));
    feed_hex(&f, AUD, 1);
    assert_false(ph_access_units_drop(&f.units));
    feed_hex(&f, SLICE, 2);
    expect_log(&f, "(1@2) ");
    feed_hex(&f, MORE, PH_TS_NO_TIME);
    expect_log(&f, "rest ");
    assert_false(ph_access_units_drop(&f.units));
    feed_hex(&f, AUD SLICE, 3);
    assert_true(ph_access_units_drop(&f.units));
    feed_hex(&f, AUD SLICE, 4);
    ph_access_units_end(&f.units);
    expect_log(&f, "(9 1@4) ");
    ph_access_units_fini(&f.units);
}

static void test_begins(void **state)
{
    static const struct {
        const char *payload;
        bool wanted;
    } cases[] = {
        {AUD, true},          {SEI, true},     {SLICE, true},   {"0000" SLICE, true},
        {PREFIX, true},       {MORE, false},   {FILLER, false}, {"aa" SLICE, false},
        {"000001", false},    {"0000", false}, {"", false},     {"000001 41", false},
        {"000001 0a", false},
    };
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        uint8_t data[64];
        size_t len = parse_hex(data, cases[i].payload);
        assert_int_equal(ph_access_units_begins(&f.units, data, len), cases[i].wanted);
    }
    ph_access_units_fini(&f.units);
}

/* Bits of a slice's header. */
struct bit_writer {
    uint8_t data[64];
    size_t bits;
};

static void put_bits(struct bit_writer *w, uint32_t value, unsigned count)
{
    while (count-- > 0) {
        w->data[w->bits / 8] |= (uint8_t)((value >> count & 1) << (7 - w->bits % 8));
        w->bits++;
    }
}

/* A slice of a field, or of a frame, of the interlaced stream below. */
static size_t make_slice(uint8_t *out, unsigned type, bool is_first, unsigned frame_num,
                         const char *structure)
{
    struct bit_writer w = {.data = {0, 0, 1, (uint8_t)(0x60 | type)}, .bits = 32};

    put_bits(&w, is_first ? 1 : 2, is_first ? 1 : 3);
    put_bits(&w, 8, 7); /* slice type 7 */
    put_bits(&w, 1, 1); /* PPS 0 */
    put_bits(&w, frame_num, 4);
    if (structure[0] == 'f') {
        put_bits(&w, 0, 1);
    } else {
        put_bits(&w, structure[0] == 't' ? 2 : 3, 2);
    }
    put_bits(&w, 0x55555555, 32);
    memcpy(out, w.data, sizeof(w.data));
    return w.bits / 8 + 1;
}

/* "5t0" is an IDR slice of the top field of frame 0, "1b0+" one of the bottom that goes on. */
static void run_fields(const char *slices, const char *wanted)
{
    /* x264, interlaced: frame_num has four bits, pictures may be fields. */
    static const char sets[] = "00000001676400"
                               "15acd9444fcb8088000003000800000300a0f8a14cb00000000168fba3cb3002c0";
    struct fixture f;
    uint8_t payload[1024];

    open_fixture(&f, AV_CODEC_ID_H264);
    size_t len = parse_hex(payload, sets);
    for (const char *at = slices; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
        len += make_slice(payload + len, (unsigned)(at[0] - '0'), at[3] != '+',
                          (unsigned)(at[2] - '0'), at + 1);
    }
    feed_payload(&f, payload, len, PH_TS_NO_TIME);
    print_message("%s\n", slices);
    const struct ph_sps *sps = ph_parameter_sets_get_sps(&f.units.sets, 0);
    assert_non_null(sps);
    assert_true(sps->has_fields);
    assert_int_equal(sps->frame_num_bits, 4);
    expect_log(&f, wanted);
    ph_access_units_fini(&f.units);
}

/* Both fields of a frame are one packet; H.264 calls them two access units. */
static void test_field_pairs(void **state)
{
    (void)state;
    run_fields("5t0 1b0", "(7 8 5 1) ");
    run_fields("5t0 5t0+ 1b0 1b0+ 1t1 1b1", "(7 8 5 5 1 1) (1 1) ");
    run_fields("5b0 1t0 1b1 1t1", "(7 8 5 1) (1 1) ");
    /* Not of one frame: another number, the same parity, a whole frame, a third field. */
    run_fields("1t0 1b1", "(7 8 1) (1) ");
    run_fields("1t0 1t0", "(7 8 1) (1) ");
    run_fields("1t0 1f0", "(7 8 1) (1) ");
    run_fields("1f0 1f0", "(7 8 1) (1) ");
    run_fields("1t0 1b0 1t0 1b0", "(7 8 1 1) (1 1) ");
    /* An IDR field can only be a frame's first. */
    run_fields("1t0 5b0", "(7 8 1) (5) ");
}

/* More NAL units than any picture has. */
static void test_too_many_nal_units(void **state)
{
    struct fixture f;
    struct ph_writer payload;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    ph_writer_init(&payload, SIZE_MAX / 4);
    ph_write_bytes(&payload, "\0\0\1\x41\x9a\xaa", 6);
    for (size_t i = 0; i < PH_ACCESS_UNIT_NALS_MAX; i++) {
        ph_write_bytes(&payload, "\0\0\1\x41\x46\xaa", 6);
    }
    feed_payload(&f, payload.data, payload.len - 6, 1);
    assert_int_equal(strncmp(f.log, "(1 1 ", 5), 0);
    f.len = 0;
    feed_payload(&f, payload.data, payload.len, 2);
    expect_log(&f, "rest ");
    /* The one behind it is sound. */
    ph_write_bytes(&payload, "\0\0\1\x09\xf0\0\0\1\x41\x9a\xaa", 11);
    feed_payload(&f, payload.data, payload.len, 3);
    assert_non_null(strstr(f.log, "1) "));
    ph_writer_fini(&payload);
    ph_access_units_fini(&f.units);
}

/* An access unit of many payloads has an end, too. */
static void test_too_many_bytes(void **state)
{
    static uint8_t bytes[1024 * 1024];
    struct fixture f;

    (void)state;
    memset(bytes, 0xaa, sizeof(bytes));
    open_fixture(&f, AV_CODEC_ID_H264);
    feed_hex(&f, AUD SLICE, 1);
    feed_hex(&f, MORE, PH_TS_NO_TIME);
    expect_log(&f, "(9 1@1) rest ");
    feed_hex(&f, AUD SLICE, 2);
    for (int i = 0; i < 7; i++) {
        feed_payload(&f, bytes, sizeof(bytes), PH_TS_NO_TIME);
        expect_log(&f, "");
    }
    feed_payload(&f, bytes, sizeof(bytes), PH_TS_NO_TIME);
    assert_true(f.units.kept_len <= PH_TS_PES_BYTES_MAX);
    /* Neither what was kept nor what did not fit is of use. */
    expect_log(&f, "rest rest ");
    feed_hex(&f, AUD SLICE, 3);
    ph_access_units_end(&f.units);
    expect_log(&f, "(9 1@3) ");
    ph_access_units_fini(&f.units);
}

/* Times with every piece of a picture: the next one's count, however many came before. */
static void test_times_that_are_repeated(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, AV_CODEC_ID_H264);
    feed_hex(&f, AUD SLICE, 1);
    feed_hex(&f, MORE, 1);
    expect_log(&f, "(9 1@1) rest ");
    for (int64_t dts = 2; dts < 5; dts++) {
        feed_hex(&f, AUD SLICE, dts);
        for (int i = 0; i < 7; i++) {
            feed_hex(&f, MORE, dts);
        }
    }
    ph_access_units_end(&f.units);
    expect_log(&f, "(9 1 1 1 1 1 1 1 1@2) (9 1 1 1 1 1 1 1 1@3) (9 1 1 1 1 1 1 1 1@4) ");
    ph_access_units_fini(&f.units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders_of_h264),
        cmocka_unit_test(test_borders_of_hevc),
        cmocka_unit_test(test_openings_wait),
        cmocka_unit_test(test_an_opening_that_goes_on),
        cmocka_unit_test(test_the_rest_of_a_unit),
        cmocka_unit_test(test_kept_units_wait_for_the_next_only),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_begins),
        cmocka_unit_test(test_field_pairs),
        cmocka_unit_test(test_too_many_nal_units),
        cmocka_unit_test(test_too_many_bytes),
        cmocka_unit_test(test_times_that_are_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
