/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media_fixture.h"
#include "package/mpegts.h"

#include <inttypes.h>
#include <string.h>

enum {
    TS_PACKET = 188,
    PID_PAT = 0,
    PID_PMT = 0x1000,
    PID_VIDEO = 0x100,
    PID_AUDIO = 0x101,
    PID_ID3 = 0x102,
    MAX_ID3 = 65000,
};

static unsigned pid_of(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

static bool is_start(const uint8_t *packet)
{
    return (packet[1] & 0x40) != 0;
}

/* The continuity counter must go on in each PID that has payload, also between segments. */
static void check_continuity(const struct ph_buf *segment, int counters[8192])
{
    assert_int_equal(segment->len % TS_PACKET, 0);
    for (size_t i = 0; i < segment->len; i += TS_PACKET) {
        const uint8_t *packet = segment->data + i;
        unsigned pid = pid_of(packet);
        int counter = packet[3] & 0x0f;
        assert_int_equal(packet[0], 0x47);
        if ((packet[3] & 0x10) == 0) {
            continue; /* no payload, no counting */
        }
        if (counters[pid] >= 0 && counter != ((counters[pid] + 1) & 0x0f)) {
            fail_msg("pid %u: counter %d after %d", pid, counter, counters[pid]);
        }
        counters[pid] = counter;
    }
}

static int64_t pes_time(const uint8_t *p)
{
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 |
           (int64_t)p[3] << 7 | p[4] >> 1;
}

/* PTS of the PES packets of a PID: how many, the first and the last. */
struct pes {
    size_t count;
    int64_t first;
    int64_t last;
};

static struct pes scan_pes(const struct ph_buf *segment, unsigned pid)
{
    struct pes pes = {0};

    for (size_t i = 0; i < segment->len; i += TS_PACKET) {
        const uint8_t *packet = segment->data + i;
        if (pid_of(packet) != pid || !is_start(packet)) {
            continue;
        }
        size_t header = 4 + ((packet[3] & 0x20) != 0 ? 1u + packet[4] : 0);
        const uint8_t *p = packet + header;
        assert_int_equal(be32(p) >> 8, 1);
        assert_true(p[7] & 0x80); /* PTS there */
        int64_t pts = pes_time(p + 9);
        pes.first = pes.count == 0 ? pts : pes.first;
        pes.last = pts > pes.last ? pts : pes.last;
        pes.count++;
    }
    return pes;
}

/* Adds packets until the next key frame after at least `frames` of video. */
static struct ph_buf *next_segment(struct ph_mpegts *ts, struct media *m, AVPacket **key,
                                   int64_t audio_range[2])
{
    struct ph_buf *segment = NULL;
    AVPacket *packet = *key != NULL ? *key : media_next(m);
    bool is_first = true;

    audio_range[0] = -1;
    for (;;) {
        bool is_video = packet->stream_index == PH_TRACK_VIDEO;
        if (is_video && (packet->flags & AV_PKT_FLAG_KEY) != 0 && !is_first) {
            break;
        }
        is_first = is_first && !is_video;
        if (!is_video) {
            int64_t at = av_rescale_q(packet->pts, packet->time_base, (AVRational){1, 90000});
            audio_range[0] = audio_range[0] < 0 ? at : audio_range[0];
            audio_range[1] = at;
        }
        assert_int_equal(ph_mpegts_add(ts, packet), 0);
        av_packet_free(&packet);
        packet = media_next(m);
    }
    *key = packet;
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    return segment;
}

static void test_segments(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    AVPacket *key = NULL;
    int counters[8192];

    memset(counters, -1, sizeof(counters));
    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    for (int i = 0; i < 40; i++) {
        int64_t audio[2];
        struct ph_buf *segment = next_segment(ts, &m, &key, audio);
        assert_true(segment->len >= 3 * TS_PACKET);
        assert_int_equal(pid_of(segment->data), PID_PAT);
        assert_int_equal(pid_of(segment->data + TS_PACKET), PID_PMT);
        check_continuity(segment, counters);
        assert_int_equal(scan_pes(segment, PID_VIDEO).count, 30);

        /* Audio of this segment, all of it and no other; several frames a PES packet. */
        struct pes pes = scan_pes(segment, PID_AUDIO);
        assert_in_range(llabs(pes.first - audio[0]), 0, 2);
        assert_true(pes.last <= audio[1] + 2);
        assert_true(pes.last >= audio[1] - 9000);
        assert_in_range(pes.count, 8, 15);
        ph_buf_unref(&segment);
    }
    struct ph_buf *none = NULL;
    assert_int_equal(ph_mpegts_cut(ts, &none), PH_EAGAIN);
    assert_null(none);
    av_packet_free(&key);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

struct read_back {
    const struct media *m;
    size_t video;
    size_t audio;
};

/* Times come back exactly, and so the offset of audio and video does. */
static void take_read_back(void *arg, const AVPacket *packet)
{
    struct read_back *back = arg;
    bool is_video = packet->stream_index == PH_TRACK_VIDEO;
    const AVPacket *in =
        media_nth(back->m, packet->stream_index, is_video ? back->video++ : back->audio++);

    assert_non_null(in);
    int64_t out = av_rescale_q(packet->pts, packet->time_base, AV_TIME_BASE_Q);
    int64_t wanted = av_rescale_q(in->pts, in->time_base, AV_TIME_BASE_Q);
    assert_in_range(llabs(out - wanted), 0, 30);
    if (!is_video) { /* ADTS */
        assert_int_equal(packet->size, in->size + 7);
        assert_memory_equal(packet->data + 7, in->data, (size_t)in->size);
    } else {
        /* Annex B after an access unit delimiter; the last slice is the same to the byte. */
        int tail = in->size - 4 < 20 ? in->size - 4 : 20;
        assert_true(packet->size > in->size);
        assert_memory_equal(packet->data + packet->size - tail, in->data + in->size - tail, tail);
    }
}

static void test_reads_back_as_it_was(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    for (size_t i = 0; i < m.count; i++) {
        assert_int_equal(ph_mpegts_add(ts, m.packets[i]), 0);
    }
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    struct read_back back = {.m = &m};
    media_read_back(segment->data, segment->len, "mpegts", take_read_back, &back);
    assert_int_equal(back.video, 120);
    assert_int_equal(back.video + back.audio, m.count);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

struct bytes_back {
    const struct media *m;
    size_t seen;
};

static void take_bytes_back(void *arg, const AVPacket *packet)
{
    struct bytes_back *back = arg;
    const AVPacket *in = media_nth(back->m, PH_TRACK_AUDIO, back->seen++);

    assert_non_null(in);
    assert_int_equal(packet->size, in->size);
    assert_memory_equal(packet->data, in->data, (size_t)in->size);
}

static void test_mp2_alone(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&m, "mp2.mka");
    assert_int_equal(ph_mpegts_create(&ts, NULL, m.audio, false), 0);
    for (size_t i = 0; i < m.count; i++) {
        assert_int_equal(ph_mpegts_add(ts, m.packets[i]), 0);
    }
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    struct bytes_back back = {&m, 0};
    media_read_back(segment->data, segment->len, "mpegts", take_bytes_back, &back);
    assert_int_equal(back.seen, m.count);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

static bool announces_discontinuity(const struct ph_buf *segment, unsigned pid)
{
    for (size_t i = 0; i < segment->len; i += TS_PACKET) {
        const uint8_t *packet = segment->data + i;
        if (pid_of(packet) == pid) {
            return (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x80) != 0;
        }
    }
    return false;
}

static void test_discontinuity(void **state)
{
    (void)state;
    for (int is_one = 0; is_one < 2; is_one++) {
        struct media m;
        struct ph_mpegts *ts = NULL;
        AVPacket *key = NULL;
        int64_t audio[2];
        media_open(&m, "h264_bframes_aac.mp4");
        assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, is_one), 0);
        struct ph_buf *segment = next_segment(ts, &m, &key, audio);
        assert_int_equal(announces_discontinuity(segment, PID_VIDEO), is_one);
        assert_int_equal(announces_discontinuity(segment, PID_AUDIO), is_one);
        ph_buf_unref(&segment);
        /* Once, not at each segment. */
        segment = next_segment(ts, &m, &key, audio);
        assert_false(announces_discontinuity(segment, PID_VIDEO));
        ph_buf_unref(&segment);
        av_packet_free(&key);
        ph_mpegts_destroy(&ts);
        media_close(&m);
    }
}

static void test_what_it_carries(void **state)
{
    (void)state;
    struct media avc;
    struct media av1;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&avc, "h264_bframes_aac.mp4");
    media_open(&av1, "av1_opus.mp4");
    assert_true(ph_mpegts_carries(avc.video));
    assert_true(ph_mpegts_carries(avc.audio));
    assert_false(ph_mpegts_carries(av1.video));
    assert_false(ph_mpegts_carries(av1.audio));
    assert_false(ph_mpegts_carries(NULL));

    assert_int_equal(ph_mpegts_create(&ts, av1.video, avc.audio, false), PH_EUNSUPPORTED);
    assert_int_equal(ph_mpegts_create(&ts, NULL, av1.audio, false), PH_EUNSUPPORTED);
    assert_int_equal(ph_mpegts_create(&ts, avc.video, av1.audio, false), 0);
    assert_int_equal(ph_mpegts_add(ts, avc.packets[0]), 0);
    assert_int_equal(ph_mpegts_add(ts, media_nth(&av1, PH_TRACK_AUDIO, 0)), 0); /* left out */
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    assert_int_equal(scan_pes(segment, PID_AUDIO).count, 0);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);

    /* Audio alone. */
    assert_int_equal(ph_mpegts_create(&ts, NULL, avc.audio, false), 0);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(ph_mpegts_add(ts, media_nth(&avc, PH_TRACK_AUDIO, i)), 0);
    }
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    assert_int_equal(pid_of(segment->data), PID_PAT);
    assert_in_range(scan_pes(segment, PID_VIDEO).count, 15, 30); /* the only stream's PID */
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&avc);
    media_close(&av1);
}

/* Also a segment that does not begin with a key frame begins with PAT and PMT. */
static void test_cut_between_key_frames(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    int counters[8192];

    memset(counters, -1, sizeof(counters));
    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    for (int round = 0; round < 20; round++) {
        struct ph_buf *segment = NULL;
        for (int i = 0; i < 25; i++) {
            AVPacket *packet = media_next(&m);
            assert_int_equal(ph_mpegts_add(ts, packet), 0);
            av_packet_free(&packet);
        }
        assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
        assert_int_equal(pid_of(segment->data), PID_PAT);
        assert_int_equal(pid_of(segment->data + TS_PACKET), PID_PMT);
        check_continuity(segment, counters);
        ph_buf_unref(&segment);
    }
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

static void test_hevc_and_ac3(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;
    int counters[8192];

    memset(counters, -1, sizeof(counters));
    media_open(&m, "hevc_ac3.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    for (size_t i = 0; i < m.count; i++) {
        assert_int_equal(ph_mpegts_add(ts, m.packets[i]), 0);
    }
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    check_continuity(segment, counters);
    assert_int_equal(scan_pes(segment, PID_VIDEO).count, 60);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

static size_t payload_at(const uint8_t *packet)
{
    return 4 + ((packet[3] & 0x20) != 0 ? 1u + packet[4] : 0);
}

/* Where the first PES packet of this PID begins, at or after `from`; the end if there is none. */
static size_t find_pes(const struct ph_buf *segment, unsigned pid, size_t from)
{
    while (from < segment->len &&
           (pid_of(segment->data + from) != pid || !is_start(segment->data + from))) {
        from += TS_PACKET;
    }
    return from;
}

/* Joins the PES packet that begins in the TS packet at `from`; its length. */
static size_t join_pes(const struct ph_buf *segment, size_t from, uint8_t *out, size_t size)
{
    unsigned pid = pid_of(segment->data + from);
    size_t len = 0;

    for (size_t at = from; at < segment->len; at += TS_PACKET) {
        const uint8_t *packet = segment->data + at;
        if (pid_of(packet) != pid || (packet[3] & 0x10) == 0) {
            continue;
        }
        if (at > from && is_start(packet)) {
            break;
        }
        size_t start = payload_at(packet);
        assert_true(len + TS_PACKET - start <= size);
        memcpy(out + len, packet + start, TS_PACKET - start);
        len += TS_PACKET - start;
    }
    return len;
}

/* The PTS of the `index`-th PES packet with ID3, which has this tag. */
static int64_t check_id3(const struct ph_buf *segment, int index, const void *tag, size_t len)
{
    uint8_t *pes = ph_alloc(70000);
    size_t at = find_pes(segment, PID_ID3, 0);

    while (index-- > 0) {
        at = find_pes(segment, PID_ID3, at + TS_PACKET);
    }
    assert_true(at < segment->len);
    assert_int_equal(join_pes(segment, at, pes, 70000), 14 + len);
    assert_int_equal(be32(pes), 0x1bd);
    assert_int_equal(pes[4] << 8 | pes[5], 8 + len);
    assert_int_equal(pes[6], 0x84); /* data_alignment_indicator */
    assert_int_equal(pes[7], 0x80); /* PTS alone */
    assert_int_equal(pes[8], 5);
    assert_memory_equal(pes + 14, tag, len);
    int64_t pts = pes_time(pes + 9);
    free(pes);
    return pts;
}

/* All PMTs are this one; how many there are. */
static int check_pmts(const struct ph_buf *segment, const uint8_t *section, size_t len)
{
    int count = 0;

    for (size_t i = 0; i < segment->len; i += TS_PACKET) {
        const uint8_t *packet = segment->data + i;
        if (pid_of(packet) != PID_PMT) {
            continue;
        }
        size_t at = payload_at(packet);
        assert_int_equal(packet[at], 0);
        assert_memory_equal(packet + at + 1, section, len);
        for (at += 1 + len; at < TS_PACKET; at++) {
            assert_int_equal(packet[at], 0xff);
        }
        count++;
    }
    return count;
}

static const uint8_t pmt_with_video[] = {
    0x02, 0xb0, 0x3c, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x00, 0xf0, 0x11, 0x25, 0x0f, 0xff, 0xff,
    0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x1f, 0x00, 0x01, 0x1b, 0xe1, 0x00,
    0xf0, 0x00, 0x0f, 0xe1, 0x01, 0xf0, 0x00, 0x15, 0xe1, 0x02, 0xf0, 0x0f, 0x26, 0x0d, 0xff, 0xff,
    0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x0f, 0x22, 0xbb, 0x5b, 0x1a};
static const uint8_t pmt_of_audio[] = {
    0x02, 0xb0, 0x37, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x00, 0xf0, 0x11, 0x25, 0x0f,
    0xff, 0xff, 0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x1f, 0x00,
    0x01, 0x0f, 0xe1, 0x00, 0xf0, 0x00, 0x15, 0xe1, 0x01, 0xf0, 0x0f, 0x26, 0x0d, 0xff,
    0xff, 0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20, 0x00, 0x0f};

/* In every PMT, from the first on, with or without discontinuity, though no tag ever comes. */
static void test_pmt_declares_id3(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    for (int is_discontinuity = 0; is_discontinuity < 2; is_discontinuity++) {
        struct ph_mpegts *ts = NULL;
        struct ph_buf *segment = NULL;
        assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, is_discontinuity), 0);
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < m.count / 2; i++) {
                const AVPacket *packet = m.packets[(size_t)round * (m.count / 2) + i];
                assert_int_equal(ph_mpegts_add(ts, packet), 0);
            }
            assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
            /* At its start, and with key frames. */
            int count = check_pmts(segment, pmt_with_video, sizeof(pmt_with_video));
            assert_in_range(count, 2, 3);
            assert_int_equal(find_pes(segment, PID_ID3, 0), segment->len);
            ph_buf_unref(&segment);
        }
        ph_mpegts_destroy(&ts);
    }

    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;
    assert_int_equal(ph_mpegts_create(&ts, NULL, m.audio, false), 0);
    assert_int_equal(ph_mpegts_add(ts, media_nth(&m, PH_TRACK_AUDIO, 0)), 0);
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    assert_memory_equal(segment->data + TS_PACKET + 5, pmt_of_audio, sizeof(pmt_of_audio));
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

static void test_id3_golden(void **state)
{
    (void)state;
    static const uint8_t tag[39] = "ID3\x04";
    static const uint8_t wanted[] = {0x00, 0x00, 0x01, 0xbd, 0x00, 0x2f, 0x84,
                                     0x80, 0x05, 0x21, 0x00, 0x01, 0x46, 0x51};
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, tag, sizeof(tag), 9000), 0);
    assert_int_equal(ph_mpegts_add(ts, m.packets[0]), 0);
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    size_t at = find_pes(segment, PID_ID3, 0);
    uint8_t pes[TS_PACKET];
    assert_true(at < segment->len);
    assert_int_equal(join_pes(segment, at, pes, sizeof(pes)), sizeof(wanted) + sizeof(tag));
    assert_memory_equal(pes, wanted, sizeof(wanted));
    assert_memory_equal(pes + sizeof(wanted), tag, sizeof(tag));
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

/*
 * A tag with the time of a picture gets the very PTS of that picture, right before it, wherever
 * on the timeline: also where 33 bits begin anew.
 */
static void check_same_pts(int64_t offset, const struct media *m)
{
    static const size_t sizes[] = {1, 157, 158, 170, 171, 1000, 20000, MAX_ID3};
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;
    uint8_t *tag = ph_alloc(MAX_ID3);
    int counters[8192];
    int key_frames = 0;
    size_t at = 0;

    memset(counters, -1, sizeof(counters));
    assert_int_equal(ph_mpegts_create(&ts, m->video, m->audio, false), 0);
    for (size_t i = 0; i < m->count; i++) {
        AVPacket *packet = av_packet_clone(m->packets[i]);
        bool is_video = packet->stream_index == PH_TRACK_VIDEO;
        int64_t shift = av_rescale_q(offset, (AVRational){1, 90000}, packet->time_base);
        packet->pts += shift;
        packet->dts += shift;
        if (is_video && (packet->flags & AV_PKT_FLAG_KEY) != 0 && i > 0) {
            assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
            check_continuity(segment, counters);
            ph_buf_unref(&segment);
        }
        if (is_video && (packet->flags & AV_PKT_FLAG_KEY) != 0) {
            key_frames++;
            for (size_t k = 0; k < PH_ARRAY_SIZE(sizes); k++) {
                memset(tag, (int)(k + 1), sizes[k]);
                assert_int_equal(ph_mpegts_add_id3(ts, tag, sizes[k], packet->pts), 0);
            }
            /* A look into it: what is written is written. */
            assert_int_equal(ph_mpegts_add(ts, packet), 0);
            assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
            check_continuity(segment, counters);
            assert_int_equal(pid_of(segment->data), PID_PAT);
            assert_int_equal(pid_of(segment->data + TS_PACKET), PID_PMT);
            /* At its start, and with the key frame. */
            assert_int_equal(check_pmts(segment, pmt_with_video, sizeof(pmt_with_video)), 2);
            for (size_t k = 0; k < PH_ARRAY_SIZE(sizes); k++) {
                memset(tag, (int)(k + 1), sizes[k]);
                int64_t pts = check_id3(segment, (int)k, tag, sizes[k]);
                assert_true(pts == (packet->pts & INT64_C(0x1ffffffff)));
                assert_true(pts == scan_pes(segment, PID_VIDEO).first);
            }
            at = find_pes(segment, PID_VIDEO, 0);
            assert_true(find_pes(segment, PID_ID3, 0) < at);
            assert_int_equal(find_pes(segment, PID_ID3, at), segment->len);
            ph_buf_unref(&segment);
        } else {
            assert_int_equal(ph_mpegts_add(ts, packet), 0);
        }
        av_packet_free(&packet);
    }
    assert_true(key_frames > 1);
    ph_mpegts_destroy(&ts);
    free(tag);
}

static void test_id3_has_the_time_of_the_picture(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    check_same_pts(0, &m);
    /* The wrap comes in the middle of it. */
    check_same_pts((INT64_C(1) << 33) - (MEDIA_START_S + 2) * 90000, &m);
    check_same_pts((INT64_C(5) << 33) + 12345, &m);
    media_close(&m);
}

/* Decoding order is not the order of pictures: a tag's time never lies before the last one's. */
static void test_id3_times_do_not_go_back(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    assert_int_equal(ph_mpegts_add(ts, m.packets[0]), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, "ID3a", 4, 909000), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, "ID3b", 4, 903000), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, "ID3c", 4, 909000), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, "ID3d", 4, 909001), 0);
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    assert_int_equal(check_id3(segment, 0, "ID3a", 4), 909000);
    assert_int_equal(check_id3(segment, 1, "ID3b", 4), 909000);
    assert_int_equal(check_id3(segment, 2, "ID3c", 4), 909000);
    assert_int_equal(check_id3(segment, 3, "ID3d", 4), 909001);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

/* A tag alone is no segment; it goes with the next one, which begins as all do. */
static void test_id3_alone_is_no_segment(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, NULL, m.audio, false), 0);
    for (size_t round = 0; round < 3; round++) {
        assert_int_equal(ph_mpegts_add_id3(ts, "ID3a", 4, 900000), 0);
        assert_int_equal(ph_mpegts_cut(ts, &segment), PH_EAGAIN);
        assert_null(segment);
        for (size_t i = 0; i < 20; i++) {
            const AVPacket *packet = media_nth(&m, PH_TRACK_AUDIO, round * 20 + i);
            assert_int_equal(ph_mpegts_add(ts, packet), 0);
        }
        assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
        assert_int_equal(pid_of(segment->data), PID_PAT);
        assert_int_equal(pid_of(segment->data + TS_PACKET), PID_PMT);
        /* Without video the audio has the first PID. */
        assert_true(find_pes(segment, PID_AUDIO, 0) < find_pes(segment, PID_VIDEO, 0));
        ph_buf_unref(&segment);
    }
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

static void test_bad_tags_are_refused(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;
    struct ph_buf *segment = NULL;
    uint8_t *tag = ph_alloc(MAX_ID3 + 1);

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    assert_int_equal(ph_mpegts_add_id3(ts, tag, 0, 900000), PH_EINVAL);
    assert_int_equal(ph_mpegts_add_id3(ts, tag, MAX_ID3 + 1, 900000), PH_EINVAL);
    assert_int_equal(ph_mpegts_add_id3(ts, tag, 10, -1), PH_EINVAL);
    assert_int_equal(ph_mpegts_add_id3(ts, tag, 10, AV_NOPTS_VALUE), PH_EINVAL);
    assert_int_equal(ph_mpegts_cut(ts, &segment), PH_EAGAIN);
    assert_int_equal(ph_mpegts_add(ts, m.packets[0]), 0);
    assert_int_equal(ph_mpegts_cut(ts, &segment), 0);
    assert_int_equal(find_pes(segment, PID_ID3, 0), segment->len);
    ph_buf_unref(&segment);
    ph_mpegts_destroy(&ts);
    media_close(&m);
    free(tag);
}

static void test_bad_packets_are_refused(void **state)
{
    (void)state;
    struct media m;
    struct ph_mpegts *ts = NULL;

    media_open(&m, "h264_bframes_aac.mp4");
    assert_int_equal(ph_mpegts_create(&ts, m.video, m.audio, false), 0);
    AVPacket *packet = av_packet_clone(m.packets[0]);
    packet->pts = packet->dts - 1;
    assert_true(ph_mpegts_add(ts, packet) < 0);
    packet->pts = packet->dts;
    packet->stream_index = 9;
    assert_true(ph_mpegts_add(ts, packet) < 0);
    packet->stream_index = -1;
    assert_true(ph_mpegts_add(ts, packet) < 0);
    av_packet_free(&packet);
    assert_int_equal(ph_mpegts_add(ts, m.packets[0]), 0);
    ph_mpegts_destroy(&ts);
    media_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_reads_back_as_it_was),
        cmocka_unit_test(test_mp2_alone),
        cmocka_unit_test(test_discontinuity),
        cmocka_unit_test(test_what_it_carries),
        cmocka_unit_test(test_cut_between_key_frames),
        cmocka_unit_test(test_hevc_and_ac3),
        cmocka_unit_test(test_bad_packets_are_refused),
        cmocka_unit_test(test_pmt_declares_id3),
        cmocka_unit_test(test_id3_golden),
        cmocka_unit_test(test_id3_has_the_time_of_the_picture),
        cmocka_unit_test(test_id3_times_do_not_go_back),
        cmocka_unit_test(test_id3_alone_is_no_segment),
        cmocka_unit_test(test_bad_tags_are_refused),
    };

    av_log_set_level(AV_LOG_QUIET); /* tests provoke errors */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
