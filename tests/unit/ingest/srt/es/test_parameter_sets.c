/* SPDX-License-Identifier: Apache-2.0 */
/* avcC and hvcC, held against what FFmpeg's own MP4 muxer writes from the same parameter sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/es/annexb.h>
#include <ingest/srt/es/parameter_sets.h>

#include <phien/core/mem.h>

#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <stdlib.h>
#include <string.h>

/* Parameter sets as x264 and x265 wrote them, in hex, with start codes. */
struct headers {
    const char *what;
    enum AVCodecID codec_id;
    const char *hex;
};

static const struct headers all[] = {
    {"Constrained Baseline", AV_CODEC_ID_H264,
     "000000016742c00ad9047b011000000300100000030140f12264800000000168cb83cb20"},
    {"Main", AV_CODEC_ID_H264,
     "000000016"
     "74d400aeca23d8088000003000800000300a078912cb00000000168ebe3cb20"},
    {"High, interlaced, scaling matrices", AV_CODEC_ID_H264,
     "00000001676400"
     "15acd9444fcb8088000003000800000300a0f8a14cb00000000168fba3cb3002c0"},
    {"High 10 Intra", AV_CODEC_ID_H264,
     "00000001676e100aa6cb88f6022000000300200000030280800000000168ee0f2c8b"},
    {"High 4:2:2", AV_CODEC_ID_H264,
     "00000001677a000abcd9447b011000000300100000030140f12259600000000168ebe3cb22c0"},
    {"High 4:4:4 Predictive", AV_CODEC_ID_H264,
     "0000000167f4000a919b288f6022000003000200000300281e244b2c0000000168ebe3c44844"},
    {"Main", AV_CODEC_ID_HEVC,
     "0000000140010c01ffff01600000030090000003000003001e9598090000000142010101600000030090"
     "000003000003001ea02083165959ae4e5780b4040000030004000003002820000000014401c173d089"},
    {"Main 10", AV_CODEC_ID_HEVC,
     "0000000140010c01ffff02200000030090000003000003001e9598090000000142010102200000030090"
     "000003000003001ea020831365959ae4caf0168080000003008000000504000000014401c173d089"},
    {"Main 4:2:2 10, two temporal layers", AV_CODEC_ID_HEVC,
     "0000000140010c02ffff0408000003009d0800000300001e00009598acc0480000000142010204080000"
     "03009d0800000300001e0000b020831659598acd7265780b404000000300400000030282000000014401"
     "c173d089"},
    {"Main 4:4:4 12", AV_CODEC_ID_HEVC,
     "0000000140010c01ffff040800000300980800000300001e959809000000014201010408000003009808"
     "00000300001e90041062294b2b35c995e02d010000030001000003000a08000000014401c17318310890"},
};

struct bytes {
    uint8_t data[1024];
    size_t len;
};

static struct bytes from_hex(const char *hex)
{
    struct bytes out = {.len = strlen(hex) / 2};

    for (size_t i = 0; i < out.len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out.data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return out;
}

/* The MP4 header that FFmpeg's muxer writes for that extradata; the caller frees it. */
static int write_mp4_header(const struct headers *headers, const struct bytes *extradata,
                            uint8_t **out)
{
    AVFormatContext *context = NULL;
    AVDictionary *options = NULL;

    assert_true(avformat_alloc_output_context2(&context, NULL, "mp4", NULL) >= 0);
    AVStream *stream = avformat_new_stream(context, NULL);
    AVCodecParameters *par = stream->codecpar;
    par->codec_type = AVMEDIA_TYPE_VIDEO;
    par->codec_id = headers->codec_id;
    par->codec_tag = headers->codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
    par->width = 64;
    par->height = 48;
    par->extradata = av_mallocz(extradata->len + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(par->extradata, extradata->data, extradata->len);
    par->extradata_size = (int)extradata->len;
    assert_int_equal(avio_open_dyn_buf(&context->pb), 0);
    av_dict_set(&options, "movflags", "empty_moov", 0);
    assert_true(avformat_write_header(context, &options) >= 0);
    av_dict_free(&options);
    int len = avio_close_dyn_buf(context->pb, out);
    context->pb = NULL;
    avformat_free_context(context);
    return len;
}

static void expect_like_ffmpeg(const struct headers *headers, const struct bytes *extradata,
                               const struct ph_buf *record)
{
    const char *type = headers->codec_id == AV_CODEC_ID_H264 ? "avcC" : "hvcC";
    uint8_t *mp4;
    int len = write_mp4_header(headers, extradata, &mp4);
    const uint8_t *box = memmem(mp4, (size_t)len, type, 4);

    assert_non_null(box);
    size_t box_len = (size_t)box[-4] << 24 | (size_t)box[-3] << 16 | (size_t)box[-2] << 8 | box[-1];
    print_message("%s %s\n", type, headers->what);
    assert_int_equal(record->len, box_len - 8);
    assert_memory_equal(record->data, box + 4, record->len);
    av_free(mp4);
}

/* Puts each NAL unit from memory of exactly its size; returns how many there were. */
static size_t put_all(struct ph_parameter_sets *sets, const struct bytes *extradata)
{
    size_t count = 0;
    size_t len = extradata->len;

    for (size_t at = ph_annexb_find(extradata->data, len, 0); at < len; count++) {
        const uint8_t *nal = extradata->data + at + PH_ANNEXB_START_BYTES;
        at = ph_annexb_find(extradata->data, len, at + PH_ANNEXB_START_BYTES);
        size_t nal_len = ph_annexb_trim(nal, (size_t)(extradata->data + at - nal));
        uint8_t *copy = malloc(nal_len);
        memcpy(copy, nal, nal_len);
        ph_parameter_sets_put(sets, ph_nal_role(sets->codec_id, copy, nal_len), copy, nal_len);
        free(copy);
    }
    return count;
}

static void test_records_are_ffmpegs(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        struct bytes extradata = from_hex(all[i].hex);
        struct ph_parameter_sets sets;
        struct ph_buf *record;
        ph_parameter_sets_init(&sets, all[i].codec_id);
        assert_int_equal(put_all(&sets, &extradata), all[i].codec_id == AV_CODEC_ID_H264 ? 2 : 3);
        assert_int_equal(ph_parameter_sets_format(&sets, 0, &record), PH_OK);
        expect_like_ffmpeg(&all[i], &extradata, record);
        ph_buf_unref(&record);
        ph_parameter_sets_fini(&sets);
    }
}

/* Without any one of the sets there is no record. */
static void test_incomplete(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        struct bytes extradata = from_hex(all[i].hex);
        size_t count = all[i].codec_id == AV_CODEC_ID_H264 ? 2 : 3;
        for (size_t left_out = 0; left_out < count; left_out++) {
            struct ph_parameter_sets sets;
            struct ph_buf *record;
            struct bytes some = {.len = 0};
            size_t at = 0;
            for (size_t n = 0; n < count; n++) {
                size_t next = ph_annexb_find(extradata.data, extradata.len, at + 4);
                next -= next < extradata.len ? 1 : 0;
                if (n != left_out) {
                    memcpy(some.data + some.len, extradata.data + at, next - at);
                    some.len += next - at;
                }
                at = next;
            }
            ph_parameter_sets_init(&sets, all[i].codec_id);
            assert_int_equal(put_all(&sets, &some), count - 1);
            assert_int_equal(ph_parameter_sets_format(&sets, 0, &record), PH_ENOTFOUND);
            assert_null(record);
            ph_parameter_sets_fini(&sets);
        }
    }
}

/* PPSs 0 and 3 of the same SPS; PPS 1 is another's. */
static void test_all_pps_of_the_sps_in_use(void **state)
{
    struct ph_parameter_sets sets;
    struct ph_buf *record;
    struct bytes extradata = from_hex(all[1].hex);
    static const uint8_t pps_3[] = {0x68, 0x24, 0xcb}; /* ue(3), ue(0) */
    static const uint8_t pps_1[] = {0x68, 0x4c, 0xcb}; /* ue(1), ue(2): SPS 2 */

    (void)state;
    ph_parameter_sets_init(&sets, AV_CODEC_ID_H264);
    put_all(&sets, &extradata);
    ph_parameter_sets_put(&sets, PH_NAL_PPS, pps_3, sizeof(pps_3));
    ph_parameter_sets_put(&sets, PH_NAL_PPS, pps_1, sizeof(pps_1));
    assert_int_equal(ph_parameter_sets_format(&sets, 1, &record), PH_ENOTFOUND);
    assert_int_equal(ph_parameter_sets_format(&sets, 3, &record), PH_OK);
    const uint8_t *end = record->data + record->len;
    assert_memory_equal(end - 5, "\0\3\x68\x24\xcb", 5);
    size_t sps_len = record->data[7];
    assert_int_equal(record->data[8 + sps_len], 2);
    ph_buf_unref(&record);
    assert_non_null(ph_parameter_sets_get_sps(&sets, 0));
    assert_null(ph_parameter_sets_get_sps(&sets, 1));
    assert_null(ph_parameter_sets_get_sps(&sets, 255));
    assert_null(ph_parameter_sets_get_sps(&sets, UINT32_MAX));
    ph_parameter_sets_fini(&sets);
}

/* 256 PPSs are as many as there can be, avcC counts 255; all together they may be too large. */
static void test_limits(void **state)
{
    struct ph_parameter_sets sets;
    struct ph_buf *record;
    struct bytes extradata = from_hex(all[1].hex);
    static uint8_t large[PH_PARAMETER_SET_MAX_BYTES + 1];

    (void)state;
    ph_parameter_sets_init(&sets, AV_CODEC_ID_H264);
    put_all(&sets, &extradata);
    for (unsigned id = 0; id < 256; id++) {
        /* ue(id) as the 17 bits 0000 0000 1 xxxx xxxx, for ids from 255 on, is one too long. */
        uint32_t code = id + 1;
        unsigned bits = 32 - (unsigned)__builtin_clz(code);
        uint32_t shifted = (code << 1 | 1) << (32 - 2 * bits); /* and ue(0) */
        uint8_t pps[] = {0x68, (uint8_t)(shifted >> 24), (uint8_t)(shifted >> 16),
                         (uint8_t)(shifted >> 8), 0x80};
        ph_parameter_sets_put(&sets, PH_NAL_PPS, pps, sizeof(pps));
    }
    assert_int_equal(ph_parameter_sets_format(&sets, 255, &record), PH_OK);
    size_t sps_len = record->data[7];
    assert_int_equal(record->data[8 + sps_len], 255);
    assert_int_equal(record->len, 8 + sps_len + 1 + 255 * 7);
    ph_buf_unref(&record);

    memset(large, 0xff, sizeof(large));
    large[0] = 0x68;
    ph_parameter_sets_put(&sets, PH_NAL_PPS, large, sizeof(large));
    assert_int_equal(sets.pps[0].nal->len, 5);
    for (unsigned id = 0; id < 20; id++) {
        uint32_t code = id + 1;
        unsigned bits = 32 - (unsigned)__builtin_clz(code);
        large[1] = (uint8_t)(((code << 1 | 1) << (32 - 2 * bits)) >> 24);
        large[2] = (uint8_t)(((code << 1 | 1) << (32 - 2 * bits)) >> 16);
        ph_parameter_sets_put(&sets, PH_NAL_PPS, large, PH_PARAMETER_SET_MAX_BYTES);
    }
    assert_int_equal(ph_parameter_sets_format(&sets, 0, &record), PH_ELIMIT);
    assert_null(record);
    ph_parameter_sets_fini(&sets);
}

/* Cut anywhere, an SPS is refused or read as something harmless, never past its end. */
static void test_cut_and_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        struct bytes extradata = from_hex(all[i].hex);
        for (size_t len = 0; len <= extradata.len; len++) {
            struct ph_parameter_sets sets;
            struct bytes cut = extradata;
            struct ph_buf *record = NULL;
            cut.len = len;
            ph_parameter_sets_init(&sets, all[i].codec_id);
            put_all(&sets, &cut);
            cut = extradata;
            cut.data[len % cut.len] ^= 0x55;
            put_all(&sets, &cut);
            (void)!ph_parameter_sets_format(&sets, 0, &record);
            ph_buf_unref(&record);
            ph_parameter_sets_fini(&sets);
        }
    }
}

/* A changed set replaces the one of its id. */
static void test_the_newest_counts(void **state)
{
    struct bytes old = from_hex(all[0].hex);
    struct bytes new = from_hex(all[1].hex);
    struct ph_parameter_sets sets;
    struct ph_buf *record;

    (void)state;
    ph_parameter_sets_init(&sets, AV_CODEC_ID_H264);
    put_all(&sets, &old);
    put_all(&sets, &new);
    assert_int_equal(ph_parameter_sets_format(&sets, 0, &record), PH_OK);
    expect_like_ffmpeg(&all[1], &new, record);
    ph_buf_unref(&record);
    ph_parameter_sets_fini(&sets);
}

static void test_sps(void **state)
{
    struct bytes interlaced = from_hex(all[2].hex);
    struct bytes high_444 = from_hex(all[5].hex);
    struct ph_sps sps;

    (void)state;
    assert_int_equal(ph_sps_parse_h264(&sps, interlaced.data + 4, interlaced.len - 4), PH_OK);
    assert_true(sps.has_fields);
    assert_true(sps.frame_num_bits >= 4 && sps.frame_num_bits <= 16);
    assert_int_equal(ph_sps_parse_h264(&sps, high_444.data + 4, high_444.len - 4), PH_OK);
    assert_false(sps.has_fields);
    assert_int_equal(sps.chroma_format, 3);
    assert_false(sps.has_separate_planes);
}

/* Bits of a parameter set written down field by field. */
struct bit_writer {
    uint8_t data[256];
    size_t bits;
};

static void put_bits(struct bit_writer *w, uint32_t value, unsigned count)
{
    while (count-- > 0) {
        w->data[w->bits / 8] |= (uint8_t)((value >> count & 1) << (7 - w->bits % 8));
        w->bits++;
    }
}

static void put_ue(struct bit_writer *w, uint32_t value)
{
    unsigned bits = 32 - (unsigned)__builtin_clz(value + 1);

    put_bits(w, 0, bits - 1);
    put_bits(w, value + 1, bits);
}

/* What follows picture order count type 1 is found; `cycle` says how many offsets it claims. */
static int parse_order_type(struct ph_sps *sps, uint32_t type, uint32_t cycle, uint32_t more_bits)
{
    struct bit_writer w = {.data = {0x67, 66, 0x40, 30}, .bits = 32};

    put_ue(&w, 4); /* id */
    put_ue(&w, more_bits);
    put_ue(&w, type);
    if (type == 1) {
        put_bits(&w, 1, 1);
        put_ue(&w, 3);
        put_ue(&w, 4);
        put_ue(&w, cycle);
        for (uint32_t i = 0; i < 5; i++) {
            put_ue(&w, 9 + i);
        }
    }
    put_ue(&w, 2);      /* reference frames */
    put_bits(&w, 0, 1); /* gaps */
    put_ue(&w, 19);
    put_ue(&w, 14);
    put_bits(&w, 0, 1); /* frame_mbs_only */
    return ph_sps_parse_h264(sps, w.data, w.bits / 8 + 1);
}

static void test_picture_order_types(void **state)
{
    struct ph_sps sps;

    (void)state;
    assert_int_equal(parse_order_type(&sps, 1, 5, 3), PH_OK);
    assert_int_equal(sps.id, 4);
    assert_int_equal(sps.frame_num_bits, 7);
    assert_true(sps.has_fields);
    assert_int_equal(parse_order_type(&sps, 2, 0, 12), PH_OK);
    assert_int_equal(sps.frame_num_bits, 16);
    assert_int_equal(parse_order_type(&sps, 2, 0, 13), PH_EPROTO);
    assert_int_equal(parse_order_type(&sps, 3, 0, 3), PH_EPROTO);
    /* More offsets than there are bytes, as many as can be said. */
    assert_int_equal(parse_order_type(&sps, 1, 200, 3), PH_EPROTO);
    assert_int_equal(parse_order_type(&sps, 1, UINT32_MAX - 1, 3), PH_EPROTO);
}

/* Profiles and levels of lower layers stand between the general ones and the rest. */
static int parse_layers(struct ph_sps *sps, unsigned layers, unsigned flags)
{
    struct bit_writer w = {.data = {0x42, 0x01}, .bits = 16};

    put_bits(&w, 5, 4);
    put_bits(&w, layers - 1, 3);
    put_bits(&w, 1, 1);
    for (unsigned i = 0; i < PH_SPS_PTL_BYTES; i++) {
        put_bits(&w, i + 1, 8);
    }
    if (layers > 1) {
        put_bits(&w, flags, 16);
        for (unsigned i = 0; i < layers - 1; i++) {
            unsigned both = flags >> (14 - 2 * i) & 3;
            for (unsigned bytes = (both & 2 ? 11 : 0) + (both & 1); bytes > 0; bytes--) {
                put_bits(&w, 0xa5, 8);
            }
        }
    }
    put_ue(&w, 6); /* id */
    put_ue(&w, 3); /* 4:4:4 */
    put_bits(&w, 0, 1);
    put_ue(&w, 320);
    put_ue(&w, 240);
    put_bits(&w, 0, 1);
    put_ue(&w, 2);
    put_ue(&w, 4);
    return ph_sps_parse_hevc(sps, w.data, w.bits / 8 + 1);
}

static void test_temporal_layers(void **state)
{
    static const struct {
        unsigned layers;
        unsigned flags;
    } cases[] = {{1, 0}, {2, 0xc000}, {2, 0x4000}, {3, 0x9000}, {7, 0xfff0}, {7, 0x0000}};
    struct ph_sps sps;

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        assert_int_equal(parse_layers(&sps, cases[i].layers, cases[i].flags), PH_OK);
        assert_int_equal(sps.vps_id, 5);
        assert_int_equal(sps.id, 6);
        assert_int_equal(sps.sub_layers, cases[i].layers);
        assert_true(sps.is_temporal_id_nested);
        assert_int_equal(sps.chroma_format, 3);
        assert_int_equal(sps.luma_depth, 10);
        assert_int_equal(sps.chroma_depth, 12);
        assert_int_equal(sps.ptl[PH_SPS_PTL_BYTES - 1], PH_SPS_PTL_BYTES);
    }
    assert_int_equal(parse_layers(&sps, 8, 0), PH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_ffmpegs),
        cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_all_pps_of_the_sps_in_use),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cut_and_flipped),
        cmocka_unit_test(test_the_newest_counts),
        cmocka_unit_test(test_sps),
        cmocka_unit_test(test_picture_order_types),
        cmocka_unit_test(test_temporal_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
