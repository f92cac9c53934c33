/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <ingest/rtmp/flv.h>
#include <libavutil/mem.h>

/* One tag as text: what, codec, key, composition time, nanoseconds, data in hex. */
static void print_tag(char *text, size_t size, int err, const struct ph_flv_tag *tag)
{
    static const char *const whats[] = {"none", "header", "frame", "end", "unsupported"};
    size_t len;

    if (err != PH_OK) {
        snprintf(text, size, "%s", ph_err_name(err));
        return;
    }
    if (tag->what == PH_FLV_NONE || tag->what == PH_FLV_SEQUENCE_END) {
        snprintf(text, size, "%s", whats[tag->what]);
        return;
    }
    if (tag->what == PH_FLV_UNSUPPORTED) {
        snprintf(text, size, "unsupported %s", tag->codec_name);
        return;
    }
    len = (size_t)snprintf(text, size, "%s %s%s cts=%d ns=%u ", whats[tag->what],
                           avcodec_get_name(tag->codec_id), tag->is_key ? " key" : "", tag->cts_ms,
                           tag->nanoseconds);
    for (size_t i = 0; i < tag->len && len + 3 < size; i++) {
        len += (size_t)snprintf(text + len, size - len, "%02x", tag->data[i]);
    }
}

static void expect_tag(int (*read)(struct ph_flv_tag *, const uint8_t *, size_t), const char *hex,
                       const char *wanted)
{
    struct ph_writer bytes = from_hex(hex);
    /* Exactly as large as the tag, for AddressSanitizer. */
    uint8_t *exact = malloc(bytes.len > 0 ? bytes.len : 1);
    struct ph_flv_tag tag;
    char text[256];

    if (bytes.len > 0) {
        memcpy(exact, bytes.data, bytes.len);
    }
    int err = read(&tag, exact, bytes.len);
    print_tag(text, sizeof(text), err, &tag);
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s gave \"%s\", wanted \"%s\"", hex, text, wanted);
    }
    free(exact);
    ph_writer_fini(&bytes);
}

static void expect_video(const char *hex, const char *wanted)
{
    expect_tag(ph_flv_read_video, hex, wanted);
}

static void expect_audio(const char *hex, const char *wanted)
{
    expect_tag(ph_flv_read_audio, hex, wanted);
}

static void test_legacy_video(void **state)
{
    (void)state;
    expect_video("17 00 000000 0102", "header h264 key cts=0 ns=0 0102");
    expect_video("17 01 000028 0102", "frame h264 key cts=40 ns=0 0102");
    expect_video("27 01 ffffd8 0102", "frame h264 cts=-40 ns=0 0102");
    expect_video("27 01 800000 01", "frame h264 cts=-8388608 ns=0 01");
    expect_video("27 01 000000", "frame h264 cts=0 ns=0 ");
    expect_video("17 02 000000", "end");
    expect_video("17 09 000000", "none");
    expect_video("1c 00 000000 01", "header hevc key cts=0 ns=0 01");
    expect_video("2c 01 000001 01", "frame hevc cts=1 ns=0 01");
    expect_video("", "none");
    /* Seek commands. */
    expect_video("57 00", "none");
    expect_video("52", "none");
    expect_video("12 00", "unsupported legacy video codec 2");
    expect_video("24 00", "unsupported legacy video codec 4");
    expect_video("17", "EPROTO");
    expect_video("17 01 0000", "EPROTO");
}

static void test_legacy_audio(void **state)
{
    (void)state;
    expect_audio("af 00 1210", "header aac key cts=0 ns=0 1210");
    expect_audio("af 01 2122", "frame aac key cts=0 ns=0 2122");
    expect_audio("ae 01 2122", "frame aac key cts=0 ns=0 2122");
    expect_audio("af 01", "frame aac key cts=0 ns=0 ");
    expect_audio("af 05", "none");
    expect_audio("2f fffb", "frame mp3 key cts=0 ns=0 fffb");
    expect_audio("ef fffb", "frame mp3 key cts=0 ns=0 fffb");
    expect_audio("", "none");
    expect_audio("af", "EPROTO");
    expect_audio("7f 00", "unsupported legacy audio codec 7");
    expect_audio("bf 00", "unsupported legacy audio codec 11");
}

static void test_enhanced_video(void **state)
{
    (void)state;
    expect_video("90 68766331 0102", "header hevc key cts=0 ns=0 0102");
    expect_video("91 68766331 000021 0102", "frame hevc key cts=33 ns=0 0102");
    expect_video("a1 68766331 ffffff 0102", "frame hevc cts=-1 ns=0 0102");
    expect_video("a3 68766331 0102", "frame hevc cts=0 ns=0 0102");
    expect_video("92 68766331", "end");
    expect_video("91 61766331 000021 01", "frame h264 key cts=33 ns=0 01");
    expect_video("93 61766331 01", "frame h264 key cts=0 ns=0 01");
    /* AV1 has no composition time in either form. */
    expect_video("91 61763031 000021 01", "frame av1 key cts=0 ns=0 00002101");
    expect_video("93 61763031 0102", "frame av1 key cts=0 ns=0 0102");
    expect_video("95 61763031 0102", "none");
    /* HDR metadata, whose frame type says nothing. */
    expect_video("94 68766331 02 0009 636f6c6f72496e666f", "none");
    expect_video("d4 68766331 02", "none");
    expect_video("90 76703039 01", "unsupported vp09");
    expect_video("91 76766331 000000 01", "unsupported vvc1");
    expect_video("93 00017f80 01", "unsupported ????");
    /* A command instead of a FourCC. */
    expect_video("d0 01", "none");
    expect_video("9f 68766331 01", "none");
    expect_video("90", "EPROTO");
    expect_video("90 687663", "EPROTO");
    expect_video("91 68766331 0000", "EPROTO");
}

static void test_enhanced_audio(void **state)
{
    (void)state;
    expect_audio("90 4f707573 4f70", "header opus key cts=0 ns=0 4f70");
    expect_audio("90 4f707573", "header opus key cts=0 ns=0 ");
    expect_audio("91 4f707573 fc", "frame opus key cts=0 ns=0 fc");
    expect_audio("92 4f707573", "end");
    expect_audio("90 6d703461 1210", "header aac key cts=0 ns=0 1210");
    expect_audio("91 61632d33 0b77", "frame ac3 key cts=0 ns=0 0b77");
    expect_audio("91 65632d33 0b77", "frame eac3 key cts=0 ns=0 0b77");
    expect_audio("91 2e6d7033 fffb", "frame mp3 key cts=0 ns=0 fffb");
    expect_audio("90 664c6143 664c6143", "header flac key cts=0 ns=0 664c6143");
    /* Silence. */
    expect_audio("91 4f707573", "frame opus key cts=0 ns=0 ");
    /* How channels are ordered; and video's packet type. */
    expect_audio("94 6d703461 01 02 00000003", "none");
    expect_audio("93 6d703461 01", "none");
    expect_audio("91 73706578 00", "unsupported spex");
    expect_audio("90 6d7034", "EPROTO");
    expect_audio("91", "EPROTO");
}

static void test_mod_ex(void **state)
{
    char hex[2 * 70000];
    size_t len;

    (void)state;
    /* 3 bytes: an offset of 500000 ns, then CodedFramesX. */
    expect_video("97 02 07a120 03 61766331 01", "frame h264 key cts=0 ns=500000 01");
    expect_audio("97 02 0f423f 01 4f707573 fc", "frame opus key cts=0 ns=999999 fc");
    /* A millisecond and more is out of range. */
    expect_video("97 02 0f4240 03 61766331 01", "frame h264 key cts=0 ns=0 01");
    /* An extension that we do not know, and two in a row. */
    expect_video("97 00 ff 13 61766331 01", "frame h264 key cts=0 ns=0 01");
    expect_video("97 00 ff 17 02 000001 03 61766331 01", "frame h264 key cts=0 ns=1 01");
    /* Too short to be an offset. */
    expect_video("97 01 0001 03 61766331 01", "frame h264 key cts=0 ns=0 01");
    /* 255 bytes in the short form, 256 and 65536 in the long one. */
    static const struct {
        const char *size;
        size_t count;
    } sizes[] = {{"fe", 255}, {"ff 00ff", 256}, {"ff 00fe", 255}, {"ff ffff", 65536}};
    for (size_t i = 0; i < PH_ARRAY_SIZE(sizes); i++) {
        len = (size_t)snprintf(hex, sizeof(hex), "97 %s 000007", sizes[i].size);
        for (size_t k = 3; k < sizes[i].count; k++) {
            len += (size_t)snprintf(hex + len, sizeof(hex) - len, "aa");
        }
        snprintf(hex + len, sizeof(hex) - len, "03 61766331 01");
        expect_video(hex, "frame h264 key cts=0 ns=7 01");
    }
    expect_video("97", "EPROTO");
    expect_video("97 02 0000", "EPROTO");
    expect_video("97 02 000001", "EPROTO");
    expect_video("97 ff 00", "EPROTO");
    expect_audio("97 02 000001 07", "EPROTO");
}

static void test_multitrack(void **state)
{
    (void)state;
    /* One track: that with id 0, and another. */
    expect_video("96 00 61766331 00 0102", "header h264 key cts=0 ns=0 0102");
    expect_video("96 00 61766331 01 0102", "none");
    expect_video("96 01 61766331 00 000005 0102", "frame h264 key cts=5 ns=0 0102");
    /* Many tracks of one codec, each with its size; 0 is not always first. */
    expect_video("a6 13 61766331 00 000002 0102 01 000001 03", "frame h264 cts=0 ns=0 0102");
    expect_video("a6 13 61766331 01 000001 03 00 000002 0102", "frame h264 cts=0 ns=0 0102");
    expect_video("a6 13 61766331 01 000001 03 02 000000", "none");
    /* Many tracks of many codecs. */
    expect_video("a6 23 68766331 01 000001 03 61766331 00 000002 0102",
                 "frame h264 cts=0 ns=0 0102");
    expect_audio("95 21 6d703461 01 000001 03 4f707573 00 000002 0102",
                 "frame opus key cts=0 ns=0 0102");
    expect_audio("95 00 6d703461 00 1210", "header aac key cts=0 ns=0 1210");
    expect_audio("95 11 76703039 00 000001 01", "unsupported vp09");
    /* With an offset before. */
    expect_video("97 02 000009 06 03 61766331 00 01", "frame h264 key cts=0 ns=9 01");
    /* Multitrack inside multitrack, an unknown form, sizes past the end. */
    expect_video("96 06 61766331 00 01", "EPROTO");
    expect_audio("95 05 61766331 00 01", "EPROTO");
    expect_video("96 30 61766331 00 01", "EPROTO");
    expect_video("a6 13 61766331 00 000003 0102", "EPROTO");
    expect_video("a6 13 61766331 01 000001 03 00 0000", "EPROTO");
    expect_video("a6 23 68766331 01 000001 03 6176", "EPROTO");
    expect_video("96", "EPROTO");
    expect_video("96 00 617663", "EPROTO");
}

static AVCodecParameters *make_parameters(enum AVCodecID id, const char *extradata_hex)
{
    struct ph_writer bytes = from_hex(extradata_hex);
    AVCodecParameters *par = avcodec_parameters_alloc();

    par->codec_id = id;
    par->codec_type = avcodec_get_type(id);
    par->extradata = av_mallocz(bytes.len + AV_INPUT_BUFFER_PADDING_SIZE);
    if (bytes.len > 0) {
        memcpy(par->extradata, bytes.data, bytes.len);
    }
    par->extradata_size = (int)bytes.len;
    ph_writer_fini(&bytes);
    return par;
}

struct written {
    enum AVCodecID id;
    enum ph_flv_dialect dialect;
    const char *header;
    const char *frame;
    const char *frame_with_cts;
};

/* Key frames "aabb", of which the second has a composition time of -2. */
static const struct written written[] = {
    {AV_CODEC_ID_H264, PH_FLV_LEGACY_WHERE_POSSIBLE, "17 00 000000 0102", "17 01 000000 aabb",
     "17 01 fffffe aabb"},
    {AV_CODEC_ID_H264, PH_FLV_ENHANCED, "90 61766331 0102", "93 61766331 aabb",
     "91 61766331 fffffe aabb"},
    {AV_CODEC_ID_HEVC, PH_FLV_LEGACY_WHERE_POSSIBLE, "90 68766331 0102", "93 68766331 aabb",
     "91 68766331 fffffe aabb"},
    {AV_CODEC_ID_AV1, PH_FLV_ENHANCED, "90 61763031 0102", "91 61763031 aabb", "91 61763031 aabb"},
    {AV_CODEC_ID_AAC, PH_FLV_LEGACY_WHERE_POSSIBLE, "af 00 0102", "af 01 aabb", "af 01 aabb"},
    {AV_CODEC_ID_AAC, PH_FLV_ENHANCED, "90 6d703461 0102", "91 6d703461 aabb", "91 6d703461 aabb"},
    {AV_CODEC_ID_OPUS, PH_FLV_ENHANCED, "90 4f707573 0102", "91 4f707573 aabb", "91 4f707573 aabb"},
    {AV_CODEC_ID_FLAC, PH_FLV_ENHANCED, "90 664c6143 664c6143 80 000002 0102", "91 664c6143 aabb",
     "91 664c6143 aabb"},
    {AV_CODEC_ID_AC3, PH_FLV_ENHANCED, "90 61632d33 0102", "91 61632d33 aabb", "91 61632d33 aabb"},
    {AV_CODEC_ID_EAC3, PH_FLV_ENHANCED, "90 65632d33 0102", "91 65632d33 aabb", "91 65632d33 aabb"},
    {AV_CODEC_ID_MP3, PH_FLV_LEGACY_WHERE_POSSIBLE, "2f 0102", "2f aabb", "2f aabb"},
};

static void expect_written(const struct written *row)
{
    static uint8_t bytes[] = {0xAA, 0xBB};
    AVCodecParameters *par = make_parameters(row->id, "0102");
    AVPacket *packet = av_packet_alloc();
    struct ph_writer out = from_hex("");

    assert_int_equal(ph_flv_write_sequence_header(&out, par, row->dialect), PH_OK);
    expect_hex(out.data, out.len, row->header);
    packet->data = bytes;
    packet->size = sizeof(bytes);
    packet->flags = AV_PKT_FLAG_KEY;
    packet->dts = packet->pts = 100;
    out.len = 0;
    assert_int_equal(ph_flv_write_frame(&out, par, packet, row->dialect), PH_OK);
    expect_hex(out.data, out.len, row->frame);
    packet->pts = 98;
    out.len = 0;
    assert_int_equal(ph_flv_write_frame(&out, par, packet, row->dialect), PH_OK);
    expect_hex(out.data, out.len, row->frame_with_cts);
    ph_writer_fini(&out);
    av_packet_free(&packet);
    avcodec_parameters_free(&par);
}

static void test_writer(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(written); i++) {
        expect_written(&written[i]);
    }
}

static void test_writer_refuses(void **state)
{
    AVCodecParameters *par = make_parameters(AV_CODEC_ID_VP9, "");
    AVPacket *packet = av_packet_alloc();
    struct ph_writer out = from_hex("");

    (void)state;
    assert_int_equal(ph_flv_write_sequence_header(&out, par, PH_FLV_ENHANCED), PH_EUNSUPPORTED);
    assert_int_equal(ph_flv_write_frame(&out, par, packet, PH_FLV_ENHANCED), PH_EUNSUPPORTED);
    /* A codec without a configuration writes none. */
    par->codec_id = AV_CODEC_ID_AC3;
    assert_int_equal(ph_flv_write_sequence_header(&out, par, PH_FLV_ENHANCED), PH_OK);
    assert_int_equal(out.len, 0);
    av_packet_free(&packet);
    avcodec_parameters_free(&par);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legacy_video),   cmocka_unit_test(test_legacy_audio),
        cmocka_unit_test(test_enhanced_video), cmocka_unit_test(test_enhanced_audio),
        cmocka_unit_test(test_mod_ex),         cmocka_unit_test(test_multitrack),
        cmocka_unit_test(test_writer),         cmocka_unit_test(test_writer_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
