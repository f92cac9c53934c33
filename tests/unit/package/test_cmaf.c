/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media_fixture.h"
#include "package/cmaf.h"

#include <inttypes.h>
#include <string.h>

static int muxer_complaints;

static void count_line(void *context, int level, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
    muxer_complaints += level <= AV_LOG_WARNING ? 1 : 0;
}

static struct ph_cmaf *create(const struct media *m)
{
    struct ph_cmaf *cmaf = NULL;

    assert_int_equal(ph_cmaf_create(&cmaf, m->video, m->audio), 0);
    return cmaf;
}

/* What goes in, a kind: the first dts of the part, its samples and bytes, the end of the last. */
struct wanted {
    int64_t first;
    int64_t next;
    uint32_t samples;
    uint64_t bytes;
};

static void note(struct wanted wanted[], const AVPacket *packet)
{
    struct wanted *w = &wanted[packet->stream_index];

    w->first = w->samples == 0 ? packet->dts : w->first;
    w->next = packet->dts + packet->duration;
    w->samples++;
    w->bytes += (uint64_t)packet->size;
}

static void check_part(const struct ph_buf *part, const struct wanted wanted[])
{
    int traf_index = 0;
    uint64_t media_bytes = 0;

    for (int kind = PH_TRACK_VIDEO; kind <= PH_TRACK_AUDIO; kind++) {
        struct traf traf;
        if (wanted[kind].samples == 0) {
            continue; /* a track without samples has no traf */
        }
        assert_true(traf_read(part, traf_index++, &traf));
        if (traf.tfdt != (uint64_t)wanted[kind].first) {
            fail_msg("kind %d: tfdt %" PRIu64 ", dts %" PRId64, kind, traf.tfdt,
                     wanted[kind].first);
        }
        assert_int_equal(traf.samples, wanted[kind].samples);
        assert_int_equal(traf.bytes, wanted[kind].bytes);
        /* The last sample's duration included. */
        assert_int_equal(traf.tfdt + traf.duration, wanted[kind].next);
        media_bytes += traf.bytes;
    }
    struct traf traf;
    assert_false(traf_read(part, traf_index, &traf));
    struct box mdat = box_find(box_of(part), "mdat", 0);
    assert_int_equal(mdat.len, media_bytes);
}

static void test_ten_thousand_parts(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    struct ph_cmaf *cmaf = create(&m);
    for (int i = 0; i < 10000; i++) {
        struct wanted wanted[PH_TRACK_KINDS] = {0};
        for (int k = 0; k < 9; k++) {
            AVPacket *packet = media_next(&m);
            note(wanted, packet);
            assert_int_equal(ph_cmaf_add(cmaf, packet), 0);
            av_packet_free(&packet);
        }
        struct ph_buf *part = NULL;
        assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
        check_part(part, wanted);
        ph_buf_unref(&part);
    }
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

/* Frames get lost across the end of a part: the next part begins where its first frame is. */
static void test_gap_keeps_real_times(void **state)
{
    (void)state;
    struct media m;
    struct ph_buf *part = NULL;
    struct traf traf;

    media_open(&m, "h264_bframes_aac.mp4");
    struct ph_cmaf *cmaf = create(&m);
    int64_t last = 0;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
        last = m.packets[i]->stream_index == PH_TRACK_VIDEO ? m.packets[i]->dts : last;
    }
    /* The cut knows that the next video frame comes half a second later. */
    int64_t next = last + 45000;
    assert_int_equal(ph_cmaf_cut(cmaf, next, &part), 0);
    assert_true(traf_read(part, 0, &traf));
    assert_int_equal(traf.tfdt + traf.duration, next);
    ph_buf_unref(&part);

    for (size_t i = 20; i < 40; i++) {
        AVPacket *late = av_packet_clone(m.packets[i]);
        late->dts += late->stream_index == PH_TRACK_VIDEO ? 45000 : 24000;
        late->pts += late->stream_index == PH_TRACK_VIDEO ? 45000 : 24000;
        assert_int_equal(ph_cmaf_add(cmaf, late), 0);
        av_packet_free(&late);
    }
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
    assert_true(traf_read(part, 0, &traf));
    int64_t first = 0;
    for (size_t i = 20; first == 0; i++) {
        first = m.packets[i]->stream_index == PH_TRACK_VIDEO ? m.packets[i]->dts + 45000 : 0;
    }
    assert_int_equal(traf.tfdt, first);
    ph_buf_unref(&part);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

static void test_nothing_to_publish(void **state)
{
    (void)state;
    struct media m;
    struct ph_buf *part = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    struct ph_cmaf *cmaf = create(&m);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EAGAIN);
    assert_int_equal(ph_cmaf_add(cmaf, m.packets[0]), 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
    ph_buf_unref(&part);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EAGAIN);
    assert_null(part);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

static void test_init_is_stable(void **state)
{
    (void)state;
    static const char *const files[] = {"h264_bframes_aac.mp4", "hevc_ac3.mp4", "av1_opus.mp4"};
    static const char *const entries[] = {"avc1", "hvc1", "av01"};

    for (size_t f = 0; f < 3; f++) {
        struct media a;
        struct media b;
        struct ph_cmaf *first = NULL;
        struct ph_cmaf *second = NULL;
        media_open(&a, files[f]);
        media_open(&b, files[f]);
        b.video->par->bit_rate = 1234567; /* what an encoder says of itself does not matter */
        assert_int_equal(ph_cmaf_create(&first, a.video, f == 1 ? NULL : a.audio), 0);
        assert_int_equal(ph_cmaf_create(&second, b.video, f == 1 ? NULL : b.audio), 0);
        struct ph_buf *x = ph_cmaf_init(first);
        struct ph_buf *y = ph_cmaf_init(second);
        assert_int_equal(x->len, y->len);
        assert_memory_equal(x->data, y->data, x->len);
        assert_non_null(box_find(box_of(x), "ftyp", 0).data);
        struct box moov = box_find(box_of(x), "moov", 0);
        assert_non_null(box_find(moov, "mvex", 0).data);
        assert_non_null(memmem(x->data, x->len, entries[f], 4));
        /* An edit list would shift the video against the audio. */
        assert_null(box_find(box_find(moov, "trak", 0), "edts", 0).data);
        ph_cmaf_destroy(&first);
        ph_cmaf_destroy(&second);
        media_close(&a);
        media_close(&b);
    }
}

/* MPEG audio of 48 kHz: object type 0x6b of an esds (ISO/IEC 14496-1 table 5). */
static void test_mp2_in_mp4a(void **state)
{
    (void)state;
    static const char decoder_config[] = {0x04, (char)0x80, (char)0x80, (char)0x80, 13, 0x6b, 0x15};
    struct media m;

    media_open(&m, "mp2.mka");
    assert_string_equal(m.audio->codecs, "mp4a.40.33");
    struct ph_cmaf *cmaf = create(&m);
    const struct ph_buf *init = ph_cmaf_init(cmaf);
    assert_non_null(init);
    assert_non_null(memmem(init->data, init->len, "mp4a", 4));
    assert_non_null(memmem(init->data, init->len, decoder_config, sizeof(decoder_config)));
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

/* The configuration of AC-3 lies in its packets: the init segment comes with the first part. */
static void test_delayed_init(void **state)
{
    (void)state;
    struct media m;
    struct wanted wanted[PH_TRACK_KINDS] = {0};
    struct ph_buf *part = NULL;

    media_open(&m, "hevc_ac3.mp4");
    struct ph_cmaf *cmaf = create(&m);
    assert_null(ph_cmaf_init(cmaf));
    size_t i = 0;
    for (; m.packets[i]->stream_index == PH_TRACK_VIDEO; i++) {
        assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
        note(wanted, m.packets[i]);
    }
    assert_true(i > 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EAGAIN);
    for (; i < 30; i++) {
        assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
        note(wanted, m.packets[i]);
    }
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
    check_part(part, wanted);
    ph_buf_unref(&part);
    assert_non_null(ph_cmaf_init(cmaf));
    assert_non_null(memmem(ph_cmaf_init(cmaf)->data, ph_cmaf_init(cmaf)->len, "dac3", 4));
    for (int round = 0; round < 3; round++) {
        memset(wanted, 0, sizeof(wanted));
        for (size_t end = i + 20; i < end; i++) {
            assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
            note(wanted, m.packets[i]);
        }
        assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
        check_part(part, wanted);
        ph_buf_unref(&part);
    }
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

/* Every packet comes back with its bytes and its times; so does the offset of A and V. */
struct read_back {
    const struct media *m;
    size_t seen[PH_TRACK_KINDS];
};

static void take_read_back(void *arg, const AVPacket *packet)
{
    struct read_back *back = arg;
    int kind = packet->stream_index;
    const AVPacket *in = media_nth(back->m, kind, back->seen[kind]++);

    assert_non_null(in);
    assert_int_equal(packet->size, in->size);
    assert_memory_equal(packet->data, in->data, (size_t)in->size);
    assert_int_equal(av_compare_ts(packet->pts, packet->time_base, in->pts, in->time_base), 0);
    assert_int_equal(av_compare_ts(packet->dts, packet->time_base, in->dts, in->time_base), 0);
}

static void test_reads_back_as_it_was(void **state)
{
    (void)state;
    static const char *const files[] = {"h264_bframes_aac.mp4", "hevc_ac3.mp4", "av1_opus.mp4",
                                        "mp2.mka"};

    for (size_t f = 0; f < PH_ARRAY_SIZE(files); f++) {
        struct media m;
        struct ph_buf *part = NULL;
        uint8_t *all = ph_alloc(1 << 20);
        media_open(&m, files[f]);
        muxer_complaints = 0;
        av_log_set_callback(count_line);
        struct ph_cmaf *cmaf = create(&m);
        size_t len = 0;
        size_t at = 4096; /* room for an init segment that comes late */
        for (size_t i = 0; i < m.count; i++) {
            assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
            if (i % 17 == 16 || i + 1 == m.count) {
                assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
                memcpy(all + at + len, part->data, part->len);
                len += part->len;
                ph_buf_unref(&part);
            }
        }
        av_log_set_callback(av_log_default_callback);
        assert_int_equal(muxer_complaints, 0);
        const struct ph_buf *init = ph_cmaf_init(cmaf);
        assert_true(init->len < at);
        memcpy(all + at - init->len, init->data, init->len);
        struct read_back back = {&m, {0}};
        media_read_back(all + at - init->len, init->len + len, "mp4", take_read_back, &back);
        assert_int_equal(back.seen[PH_TRACK_VIDEO] + back.seen[PH_TRACK_AUDIO], m.count);
        ph_cmaf_destroy(&cmaf);
        media_close(&m);
        free(all);
    }
}

/*
 * The frame after a cut comes earlier than foreseen: at 30 frames a second rounded to milliseconds
 * every third does, cameras' jitter apart. Times stay true, also those at which it is shown.
 */
static void cut_too_late(const struct media *m, size_t frames_a_part, bool with_audio)
{
    struct ph_cmaf *cmaf = NULL;
    uint8_t *all = ph_alloc(1 << 20);
    size_t len = 0;
    size_t frames = 0;

    assert_int_equal(ph_cmaf_create(&cmaf, m->video, with_audio ? m->audio : NULL), 0);
    memcpy(all, ph_cmaf_init(cmaf)->data, len = ph_cmaf_init(cmaf)->len);
    for (size_t i = 0; i < m->count; i++) {
        struct ph_buf *part = NULL;
        bool is_video = m->packets[i]->stream_index == PH_TRACK_VIDEO;
        if (is_video || with_audio) {
            assert_int_equal(ph_cmaf_add(cmaf, m->packets[i]), 0);
        }
        if (is_video && ++frames % frames_a_part == 0) {
            int64_t end = m->packets[i]->dts + m->packets[i]->duration + 31;
            assert_int_equal(ph_cmaf_cut(cmaf, end, &part), 0);
            memcpy(all + len, part->data, part->len);
            len += part->len;
            ph_buf_unref(&part);
        }
    }
    struct read_back back = {m, {0}};
    media_read_back(all, len, "mp4", take_read_back, &back);
    assert_int_equal(back.seen[PH_TRACK_VIDEO], frames / frames_a_part * frames_a_part);
    ph_cmaf_destroy(&cmaf);
    free(all);
}

static void test_frame_before_the_foreseen_end(void **state)
{
    (void)state;
    static const size_t frames_a_part[] = {1, 2, 3, 7};
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    muxer_complaints = 0;
    av_log_set_callback(count_line);
    for (size_t i = 0; i < PH_ARRAY_SIZE(frames_a_part); i++) {
        cut_too_late(&m, frames_a_part[i], false);
        cut_too_late(&m, frames_a_part[i], true);
    }
    av_log_set_callback(av_log_default_callback);
    assert_int_equal(muxer_complaints, 0);
    media_close(&m);
}

static void test_bad_packets_are_refused(void **state)
{
    (void)state;
    struct media m;
    struct ph_buf *part = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    struct ph_cmaf *cmaf = create(&m);
    AVPacket *packet = av_packet_clone(media_nth(&m, PH_TRACK_AUDIO, 0));
    assert_int_equal(ph_cmaf_add(cmaf, packet), 0);
    assert_true(ph_cmaf_add(cmaf, packet) < 0); /* the same dts again */
    packet->dts -= 5;
    assert_true(ph_cmaf_add(cmaf, packet) < 0); /* back in time */
    packet->dts += 5000;
    assert_true(ph_cmaf_add(cmaf, packet) < 0); /* pts before dts */
    packet->pts = packet->dts;
    packet->size = 0;
    assert_true(ph_cmaf_add(cmaf, packet) < 0);
    av_packet_free(&packet);
    packet = av_packet_clone(media_nth(&m, PH_TRACK_AUDIO, 1));
    packet->stream_index = 7;
    assert_true(ph_cmaf_add(cmaf, packet) < 0);
    packet->stream_index = PH_TRACK_AUDIO;
    assert_int_equal(ph_cmaf_add(cmaf, packet), 0);
    av_packet_free(&packet);

    struct traf traf;
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
    assert_true(traf_read(part, 0, &traf));
    assert_int_equal(traf.samples, 2);
    ph_buf_unref(&part);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

/* What only the muxer finds wrong is lost alone, and told. */
static void test_a_refused_packet_is_left_out(void **state)
{
    (void)state;
    struct media m;
    struct traf traf;
    struct ph_buf *part = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    struct ph_cmaf *cmaf = create(&m);
    AVPacket *packet = av_packet_clone(media_nth(&m, PH_TRACK_AUDIO, 1));
    packet->duration = INT64_C(1) << 40;
    assert_int_equal(ph_cmaf_add(cmaf, packet), 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EMEDIA);
    assert_null(part); /* there was nothing else */
    assert_int_equal(ph_cmaf_add(cmaf, media_nth(&m, PH_TRACK_AUDIO, 2)), 0);
    packet->dts = packet->pts = media_nth(&m, PH_TRACK_AUDIO, 3)->dts;
    assert_int_equal(ph_cmaf_add(cmaf, packet), 0);
    assert_int_equal(ph_cmaf_add(cmaf, media_nth(&m, PH_TRACK_AUDIO, 4)), 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EMEDIA);
    assert_non_null(part);
    assert_true(traf_read(part, 0, &traf));
    assert_int_equal(traf.samples, 2);
    ph_buf_unref(&part);
    av_packet_free(&packet);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
}

static void append(struct ph_buf *part, uint8_t *all, size_t *len)
{
    memcpy(all + *len, part->data, part->len);
    *len += part->len;
    ph_buf_unref(&part);
}

/*
 * Boxes before a fragment are all that changes: init segment and fragments are the same to the
 * byte, also where the init segment comes with the first cut, and a demuxer finds every sample.
 */
static void check_boxes(const char *file)
{
    static const char box[] = "\0\0\0\x0e"
                              "emsg"
                              "\x01"
                              "first";
    static const char second[] = "\0\0\0\x08"
                                 "emsg";
    struct media m;
    size_t len = 4096; /* room for the init segment */
    uint8_t *all = ph_alloc(1 << 20);

    media_open(&m, file);
    struct ph_cmaf *cmaf = create(&m);
    struct ph_cmaf *plain = create(&m);
    for (size_t i = 0, parts = 0; i < m.count; i++) {
        if (i % 11 == 0) {
            ph_cmaf_add_box(cmaf, box, 14); /* before the part's first packet */
        }
        assert_int_equal(ph_cmaf_add(cmaf, m.packets[i]), 0);
        assert_int_equal(ph_cmaf_add(plain, m.packets[i]), 0);
        if (i % 11 == 5 && parts % 2 == 0) {
            ph_cmaf_add_box(cmaf, second, 8);
        }
        if (i % 11 == 10 || i + 1 == m.count) {
            struct ph_buf *part = NULL;
            struct ph_buf *wanted = NULL;
            size_t boxes = parts++ % 2 == 0 && i % 11 >= 5 ? 22 : 14;
            assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
            assert_int_equal(ph_cmaf_cut(plain, AV_NOPTS_VALUE, &wanted), 0);
            assert_int_equal(part->len, boxes + wanted->len);
            assert_memory_equal(part->data, box, 14);
            assert_memory_equal(part->data + 14, second, boxes - 14);
            assert_memory_equal(part->data + boxes, wanted->data, wanted->len);
            ph_buf_unref(&wanted);
            append(part, all, &len);
        }
    }
    const struct ph_buf *init = ph_cmaf_init(cmaf);
    assert_int_equal(init->len, ph_cmaf_init(plain)->len);
    assert_memory_equal(init->data, ph_cmaf_init(plain)->data, init->len);
    memcpy(all + 4096 - init->len, init->data, init->len);
    struct read_back back = {&m, {0}};
    media_read_back(all + 4096 - init->len, init->len + len - 4096, "mp4", take_read_back, &back);
    assert_int_equal(back.seen[PH_TRACK_VIDEO] + back.seen[PH_TRACK_AUDIO], m.count);
    ph_cmaf_destroy(&plain);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
    free(all);
}

static void test_boxes_before_the_fragment(void **state)
{
    (void)state;
    check_boxes("h264_bframes_aac.mp4");
    check_boxes("hevc_ac3.mp4"); /* its init segment comes late */
    check_boxes("av1_opus.mp4");
    check_boxes("mp2.mka");
}

/* Where there is no part, they wait for the next; but not without end. */
static void test_boxes_wait_for_a_part(void **state)
{
    (void)state;
    struct media m;
    struct ph_buf *part = NULL;
    uint8_t *box = ph_alloc(100 << 10);

    media_open(&m, "hevc_ac3.mp4");
    struct ph_cmaf *cmaf = create(&m);
    memcpy(box, "\0\x01\x90\0free", 8);
    for (int i = 0; i < 4; i++) {
        box[8] = (uint8_t)i;
        ph_cmaf_add_box(cmaf, box, 100 << 10);
        assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EAGAIN);
    }
    ph_cmaf_add_box(cmaf, "\0\0\0\x08skip", 8);
    /* Video alone is not published before the audio's configuration is known. */
    assert_int_equal(ph_cmaf_add(cmaf, media_nth(&m, PH_TRACK_VIDEO, 0)), 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), PH_EAGAIN);
    assert_int_equal(ph_cmaf_add(cmaf, media_nth(&m, PH_TRACK_AUDIO, 0)), 0);
    assert_int_equal(ph_cmaf_cut(cmaf, AV_NOPTS_VALUE, &part), 0);
    assert_int_equal(box_find(box_of(part), "free", 0).data[0], 0);
    assert_int_equal(box_find(box_of(part), "free", 1).data[0], 1);
    assert_null(box_find(box_of(part), "free", 2).data);
    assert_ptr_equal(box_need(box_of(part), "skip").data, part->data + (200 << 10) + 8);
    assert_memory_equal(part->data + (200 << 10) + 12, "moof", 4);
    ph_buf_unref(&part);
    ph_cmaf_destroy(&cmaf);
    media_close(&m);
    free(box);
}

static void test_unusable_parameters(void **state)
{
    (void)state;
    struct media m;
    struct ph_cmaf *cmaf = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    m.video->par->width = 0;
    assert_true(ph_cmaf_create(&cmaf, m.video, m.audio) < 0);
    assert_null(cmaf);
    media_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_thousand_parts),
        cmocka_unit_test(test_gap_keeps_real_times),
        cmocka_unit_test(test_nothing_to_publish),
        cmocka_unit_test(test_init_is_stable),
        cmocka_unit_test(test_mp2_in_mp4a),
        cmocka_unit_test(test_delayed_init),
        cmocka_unit_test(test_reads_back_as_it_was),
        cmocka_unit_test(test_frame_before_the_foreseen_end),
        cmocka_unit_test(test_bad_packets_are_refused),
        cmocka_unit_test(test_a_refused_packet_is_left_out),
        cmocka_unit_test(test_boxes_before_the_fragment),
        cmocka_unit_test(test_boxes_wait_for_a_part),
        cmocka_unit_test(test_unusable_parameters),
    };

    av_log_set_level(AV_LOG_QUIET); /* tests provoke errors */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
