/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_fixture.h"

/* Fails if what came out is not all of the sound. */
static void expect_all(struct ear *ear)
{
    const struct sound *s = ear->sound;

    if (ear->packets != s->frame_count || ear->skipped > 0 || ear->tracks != 1) {
        fail_msg("%s %d: %zu of %zu frames, %zu tracks", s->conf.encoder, s->conf.rate,
                 ear->packets, s->frame_count, ear->tracks);
    }
    assert_int_equal(ear_damaged(ear), 0);
    assert_int_equal(ear->track->par->codec_id, s->codec_id);
    assert_int_equal(ear->track->par->sample_rate, s->conf.rate);
    assert_int_equal(ear->track->par->ch_layout.nb_channels, s->conf.channels);
    if (s->codec_id != AV_CODEC_ID_OPUS) {
        assert_int_equal(ear->track->frame_samples, s->frame_samples);
    }
}

/* Frame by frame as libavformat reads it, and each with its last byte. */
static void real_streams(void **state)
{
    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        struct ear ear;
        sound_open(&s, &sound_confs[c], 60);
        ear_open(&ear, s.conf.codec_id, &s);
        for (size_t i = 0; i < s.pes_count; i++) {
            ear_feed(&ear, s.pes[i].data, s.pes[i].len, s.pes[i].pts);
            /* FFmpeg's muxer does not split frames: nothing may be left waiting. */
            int64_t next = i + 1 < s.pes_count ? s.pes[i + 1].pts : s.frames[s.frame_count - 1].pts;
            assert_true(ear.last_end + 1 >= next);
        }
        expect_all(&ear);
        ear_close(&ear);
        sound_close(&s);
    }
}

/* The stream as one run of bytes, and where its frames begin. */
struct run {
    uint8_t *data;
    size_t len;
    size_t starts[SOUND_FRAMES_MAX + 1];
};

static void run_open(struct run *run, struct sound *s, const struct sound_conf *conf)
{
    struct sound_conf alone = *conf;

    alone.pes_bytes = 0;
    sound_open(s, &alone, 40);
    assert_int_equal(s->pes_count, s->frame_count);
    *run = (struct run){.data = ph_alloc(s->ts_len)};
    for (size_t i = 0; i < s->pes_count; i++) {
        run->starts[i] = run->len;
        memcpy(run->data + run->len, s->pes[i].data, s->pes[i].len);
        run->len += s->pes[i].len;
    }
    run->starts[s->pes_count] = run->len;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* The first frame that begins in [from, to); the count of all if none does. */
static size_t first_frame(const struct run *run, const struct sound *s, size_t from, size_t to)
{
    for (size_t i = 0; i < s->frame_count; i++) {
        if (run->starts[i] >= from && run->starts[i] < to) {
            return i;
        }
    }
    return s->frame_count;
}

/*
 * Feeds [from, to) as a PES packet. Where no frame begins, a timestamp means nothing: one that
 * nobody may believe.
 */
static void feed_piece(struct ear *ear, const struct run *run, size_t from, size_t to, bool is_late)
{
    size_t frame = first_frame(run, ear->sound, from, to);
    int64_t pts = frame < ear->sound->frame_count ? ear->sound->frames[frame].pts : 12345678;
    uint8_t *copy = ph_alloc(to - from + AV_INPUT_BUFFER_PADDING_SIZE);

    memcpy(copy, run->data + from, to - from);
    ph_es_feed(
        ear->es,
        &(struct ph_es_payload){
            .data = copy, .len = to - from, .pts = pts, .dts = pts, .follows_loss = is_late});
    free(copy);
}

static void any_split(void **state)
{
    static const size_t most[] = {1, 3, 50, 400, 5000};

    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        struct run run;
        run_open(&run, &s, &sound_confs[c]);
        for (size_t m = 0; m < PH_ARRAY_SIZE(most); m++) {
            struct ear ear;
            uint32_t seed = (uint32_t)(c * 10 + m);
            ear_open(&ear, s.conf.codec_id, &s);
            for (size_t at = 0; at < run.len;) {
                size_t len = 1 + next_random(&seed) % most[m];
                size_t end = at + len < run.len ? at + len : run.len;
                feed_piece(&ear, &run, at, end, false);
                at = end;
            }
            expect_all(&ear);
            ear_close(&ear);
        }
        free(run.data);
        sound_close(&s);
    }
}

/* LATM has its configuration in the first frame, and then in every twentieth or so. */
static size_t first_expendable(const struct sound *s)
{
    return s->conf.codec_id == AV_CODEC_ID_AAC_LATM ? 1 : 0;
}

/* One piece is lost: what it did not touch comes out, at its time. */
static void lose_piece(const struct run *run, const struct sound *s, size_t size, size_t lost)
{
    struct ear ear;
    size_t touched = 0;

    ear_open(&ear, s->conf.codec_id, s);
    for (size_t i = 0; i * size < run->len; i++) {
        size_t end = (i + 1) * size < run->len ? (i + 1) * size : run->len;
        if (i != lost) {
            feed_piece(&ear, run, i * size, end, i == lost + 1);
        }
    }
    ph_es_flush(ear.es);
    for (size_t i = 0; i < s->frame_count; i++) {
        touched += run->starts[i] < (lost + 1) * size && run->starts[i + 1] > lost * size;
    }
    if (ear.packets + touched != s->frame_count) {
        fail_msg("%s %d: %zu of %zu frames, the loss touched %zu", s->conf.encoder, s->conf.rate,
                 ear.packets, s->frame_count, touched);
    }
    assert_in_range(ear_damaged(&ear), 0, 1);
    assert_int_equal(ear.tracks, 1);
    ear_close(&ear);
}

static void a_loss_anywhere(void **state)
{
    static const size_t sizes[] = {184, 1000, 2500};

    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        struct run run;
        run_open(&run, &s, &sound_confs[c]);
        for (size_t z = 0; z < PH_ARRAY_SIZE(sizes); z++) {
            size_t first = run.starts[first_expendable(&s)];
            for (size_t lost = (first + sizes[z] - 1) / sizes[z]; (lost + 1) * sizes[z] < run.len;
                 lost++) {
                lose_piece(&run, &s, sizes[z], lost);
            }
        }
        free(run.data);
        sound_close(&s);
    }
}

/* A PES packet with a hole in it: frames before the hole are good, and nothing wrong comes out. */
static void damage_pes(const struct sound *s, size_t damaged, size_t hole, size_t hole_len)
{
    struct ear ear;
    size_t inside = 0;

    ear_open(&ear, s->conf.codec_id, s);
    for (size_t i = 0; i < s->pes_count; i++) {
        const struct sound_pes *pes = &s->pes[i];
        size_t tail = i == damaged ? pes->len - hole - hole_len : 0;
        if (i != damaged) {
            ear_feed(&ear, pes->data, pes->len, pes->pts);
            continue;
        }
        size_t before = ear.packets;
        uint8_t *copy = ph_alloc(hole + tail + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(copy, pes->data, hole);
        memcpy(copy + hole, pes->data + hole + hole_len, tail);
        ph_es_feed(ear.es,
                   &(struct ph_es_payload){
                       .data = copy, .len = hole + tail, .pts = pes->pts, .is_damaged = true});
        free(copy);
        inside = ear.packets - before;
        assert_int_equal(ear_damaged(&ear), 1);
    }
    size_t of_pes = 0;
    int64_t end = damaged + 1 < s->pes_count ? s->pes[damaged + 1].pts : INT64_MAX;
    for (size_t i = 0; i < s->frame_count; i++) {
        of_pes += s->frames[i].pts >= s->pes[damaged].pts && s->frames[i].pts < end;
    }
    assert_true(inside <= of_pes);
    if (ear.packets - inside != s->frame_count - of_pes) {
        fail_msg("%s %d: %zu frames of %zu, of PES packet %zu %zu of %zu", s->conf.encoder,
                 s->conf.rate, ear.packets, s->frame_count, damaged, inside, of_pes);
    }
    assert_int_equal(ear.skipped + ear.packets + (s->frame_count - ear.next), s->frame_count);
    ear_close(&ear);
}

static void holes_in_pes_packets(void **state)
{
    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        uint32_t seed = (uint32_t)c;
        sound_open(&s, &sound_confs[c], 40);
        for (size_t i = first_expendable(&s); i < s.pes_count; i++) {
            for (int round = 0; round < 5; round++) {
                size_t len = s.pes[i].len;
                size_t hole_len = len < 185 ? 1 + next_random(&seed) % len : 184;
                size_t hole =
                    round == 0 ? len - hole_len : next_random(&seed) % (len - hole_len + 1);
                damage_pes(&s, i, hole, hole_len);
            }
        }
        sound_close(&s);
    }
}

/* The frames that lie whole before the hole are not lost with it. */
static void frames_before_a_hole(void **state)
{
    struct sound s;
    struct ear ear;

    (void)state;
    sound_open(&s, &sound_confs[0], 40);
    assert_true(s.pes[1].pts - s.pes[0].pts >= 3 * 1920);
    ear_open(&ear, s.conf.codec_id, &s);
    ph_es_feed(ear.es, &(struct ph_es_payload){.data = s.pes[0].data,
                                               .len = s.pes[0].len - 1,
                                               .pts = s.pes[0].pts,
                                               .is_damaged = true});
    assert_int_equal(ear.packets, (s.pes[1].pts - s.pes[0].pts) / 1920 - 1);
    ear_close(&ear);
    sound_close(&s);
}

/* One timestamp, and then none: rounding does not add up. */
static void times_do_not_drift(void **state)
{
    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        struct ear ear;
        int64_t end = 0;
        sound_open(&s, &sound_confs[c], 200);
        ear_open(&ear, s.conf.codec_id, &s);
        for (size_t i = 0; i < s.pes_count; i++) {
            ear_feed(&ear, s.pes[i].data, s.pes[i].len, i == 0 ? s.pes[0].pts : PH_TS_NO_TIME);
            assert_true(i == 0 || ear.last_pts >= end);
            end = ear.last_end;
        }
        expect_all(&ear);
        int64_t exact = av_rescale((int64_t)s.frame_count * s.frame_samples, 90000, s.conf.rate);
        assert_in_range(end - s.frames[0].pts - exact + 1, 0, 2);
        ear_close(&ear);
        sound_close(&s);
    }
}

/* A PES packet's own time counts, however it was rounded; so does a jump. */
static void pes_times_are_trusted(void **state)
{
    struct sound s;
    struct ear ear;
    struct sound_conf conf = sound_confs[1];

    (void)state;
    conf.pes_bytes = 0;
    sound_open(&s, &conf, 40);
    ear_open(&ear, s.conf.codec_id, NULL);
    for (size_t i = 0; i < s.pes_count; i++) {
        int64_t pts = s.pes[i].pts / 90 * 90 + (i >= 20 ? 7000000 : 0);
        ear_feed(&ear, s.pes[i].data, s.pes[i].len, pts);
        assert_int_equal(ear.packets, i + 1);
        assert_int_equal(ear.last_pts, pts);
        assert_in_range(ear.last->duration, 2089, 2090);
    }
    ear_close(&ear);
    sound_close(&s);
}

static void frames_without_a_time_are_dropped(void **state)
{
    struct sound s;
    struct ear ear;
    struct sound_conf conf = sound_confs[0];

    (void)state;
    conf.pes_bytes = 0;
    sound_open(&s, &conf, 10);
    ear_open(&ear, s.conf.codec_id, &s);
    for (size_t i = 0; i < s.pes_count; i++) {
        /* In the middle nobody knows how much was lost. */
        bool has_time = i == 2 || i == 3 || i >= 8;
        ph_es_feed(ear.es, &(struct ph_es_payload){.data = s.pes[i].data,
                                                   .len = s.pes[i].len,
                                                   .pts = has_time ? s.pes[i].pts : PH_TS_NO_TIME,
                                                   .follows_loss = i == 6});
    }
    assert_int_equal(ear.packets, s.frame_count - 4); /* 0, 1, 6 and 7 */
    assert_int_equal(ear_damaged(&ear), 4);
    ear_close(&ear);
    sound_close(&s);
}

static void feed_all(struct ear *ear, const struct sound *s)
{
    for (size_t i = 0; i < s->pes_count; i++) {
        ear_feed(ear, s->pes[i].data, s->pes[i].len, s->pes[i].pts);
    }
}

/* Another encoder goes on in the same stream: another track, at the first of its frames. */
static void changes_are_told(void **state)
{
    static const struct {
        size_t first;
        size_t second;
    } cases[] = {{0, 1}, {2, 3}, {4, 5}, {8, 9}, {11, 12}, {11, 13}, {14, 13}, {8, 10}};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct sound first;
        struct sound second;
        struct ear ear;
        sound_open(&first, &sound_confs[cases[i].first], 30);
        sound_open(&second, &sound_confs[cases[i].second], 30);
        ear_open(&ear, first.conf.codec_id, &first);
        feed_all(&ear, &first);
        expect_all(&ear);
        ear.sound = &second;
        ear.next = 0;
        feed_all(&ear, &second);
        assert_int_equal(ear.packets, first.frame_count + second.frame_count);
        assert_int_equal(ear.tracks, 2);
        assert_int_equal(ear.track->par->codec_id, second.codec_id);
        assert_int_equal(ear.track->par->sample_rate, second.conf.rate);
        assert_int_equal(ear.track->frame_samples, second.frame_samples);
        assert_int_equal(ear_damaged(&ear), 0);
        ear_close(&ear);
        sound_close(&first);
        sound_close(&second);
    }
}

/* A header that differs, and that nothing confirms, is a broken one. */
static void a_broken_header_makes_no_track(void **state)
{
    struct sound s;
    struct ear ear;

    (void)state;
    sound_open(&s, &sound_confs[0], 40);
    ear_open(&ear, s.conf.codec_id, &s);
    s.pes[1].data[2] ^= 0x04; /* another sample rate */
    feed_all(&ear, &s);
    assert_int_equal(ear.tracks, 1);
    /* With it go those behind it, since their time was known by it. */
    size_t of_pes = (size_t)((s.pes[2].pts - s.pes[1].pts) / 1920);
    assert_int_equal(ear.packets + of_pes, s.frame_count);
    assert_int_equal(ear_damaged(&ear), of_pes);
    ear_close(&ear);
    sound_close(&s);
}

/* Three channels have no number in ADTS: a program_config_element in the frame tells them. */
static void channels_told_in_the_frame(void **state)
{
    static const struct sound_conf conf = {
        "aac", AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 48000, 3, "0", 0};
    struct sound s;
    struct ear ear;

    (void)state;
    sound_open(&s, &conf, 20);
    ear_open(&ear, AV_CODEC_ID_AAC, NULL);
    for (size_t i = 0; i < s.pes_count; i++) {
        ear_feed(&ear, s.pes[i].data, s.pes[i].len, s.pes[i].pts);
        assert_int_equal(ear.packets, i + 1);
        assert_true((size_t)ear.last->size >= s.frames[i].len);
        assert_memory_equal(ear.last->data + ear.last->size - s.frames[i].len, s.frames[i].data,
                            s.frames[i].len);
    }
    assert_int_equal(ear.tracks, 1);
    assert_int_equal(ear.track->par->ch_layout.nb_channels, 3);
    ear_close(&ear);
    sound_close(&s);
}

static void ac3_frame(uint8_t *to, unsigned type, unsigned substream, uint8_t fill)
{
    memset(to, fill, 64);
    memcpy(to, "\x0b\x77", 2);
    to[2] = (uint8_t)(type << 6 | substream << 3);
    to[3] = 31;   /* (31 + 1) * 2 bytes */
    to[4] = 0x3f; /* 48 kHz, 6 blocks, 3/2 and a low-frequency channel */
    to[5] = 0x80; /* bsid 16 */
}

/* Dependent substreams are of their frame, over the ends of PES packets and the stream as well. */
static void substreams_stay_with_their_frame(void **state)
{
    struct ear ear;
    uint8_t data[64 * 12];

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        unsigned which = i % 3;
        ac3_frame(data + 64 * i, which > 0, which == 2, (uint8_t)(i + 1));
    }
    for (size_t size = 1; size <= sizeof(data); size++) {
        ear_open(&ear, AV_CODEC_ID_EAC3, NULL);
        for (size_t at = 0; at < sizeof(data); at += size) {
            size_t len = sizeof(data) - at < size ? sizeof(data) - at : size;
            /* The time is that of the first frame which begins in it. */
            size_t frame = (at + 191) / 192;
            ear_feed(&ear, data + at, len, 1000 + (int64_t)frame * 2880);
        }
        ph_es_flush(ear.es);
        /* Where a PES packet ends with the first substreams, that there are more has to be learnt.
         */
        assert_int_equal(ear.packets, 4);
        assert_int_equal(ear.last->size, 192);
        assert_int_equal(ear.last_pts, 1000 + 3 * 2880);
        assert_memory_equal(ear.last->data, data + 64 * 9, 192);
        assert_in_range(ear_damaged(&ear), 0, size <= 128 ? 3 : 0);
        ear_close(&ear);
    }
}

/* A stream of frames with none costs no frame's delay, one that has them is learnt. */
static void substreams_are_learnt(void **state)
{
    struct ear ear;
    uint8_t data[64 * 4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        ac3_frame(data + 64 * i, i % 2, 0, (uint8_t)(i + 1));
    }
    ear_open(&ear, AV_CODEC_ID_EAC3, NULL);
    ear_feed(&ear, data, 64, 1000);
    assert_int_equal(ear.packets, 1);
    assert_int_equal(ear.last->size, 64);
    ear_feed(&ear, data + 64, 192, 3880); /* too late for the first frame */
    assert_int_equal(ear.packets, 2);
    assert_int_equal(ear.last->size, 128);
    ear_feed(&ear, data, 64, 6760);
    assert_int_equal(ear.packets, 2); /* waits for its substream */
    ear_feed(&ear, data + 64, 64, PH_TS_NO_TIME);
    assert_int_equal(ear.packets, 3);
    assert_int_equal(ear.last->size, 128);
    assert_int_equal(ear.last_pts, 6760);
    ear_close(&ear);
}

static void opus_by_its_descriptor(void **state)
{
    static const struct {
        int code;
        int channels; /* 0: refused */
    } cases[] = {{-1, 2}, {0, 2}, {1, 1}, {2, 2}, {6, 6}, {8, 8}, {0x81, 0}};
    static const uint8_t packet[] = {0x7f, 0xe0, 3, 0xfc, 0xff, 0xfe};
    static const struct ph_es_ops ops = {ear_on_track, ear_on_packet};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ph_ts_stream stream = {.codec_id = AV_CODEC_ID_OPUS, .opus_channels = cases[i].code};
        struct ear ear = {.last = av_packet_alloc()};
        assert_int_equal(ph_es_create(&ear.es, &stream, PH_CONF_ON_LOSS_PASS, &ops, &ear), PH_OK);
        ear_feed(&ear, packet, sizeof(packet), 900);
        ear_feed(&ear, packet, sizeof(packet), 2700);
        assert_int_equal(ear.tracks, cases[i].channels > 0 ? 1 : 0);
        assert_int_equal(ear.packets, cases[i].channels > 0 ? 2 : 0);
        if (cases[i].channels > 0) {
            assert_int_equal(ear.track->par->ch_layout.nb_channels, cases[i].channels);
            assert_int_equal(ear.last->duration, 1800); /* 20 ms */
            assert_int_equal(ear.last->size, 3);
        }
        assert_int_equal(ear_damaged(&ear), 0);
        ear_close(&ear);
    }
}

/* Bytes that were changed, left out or put in, without anybody saying so. */
static void any_bytes(void **state)
{
    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(sound_confs); c++) {
        struct sound s;
        uint32_t seed = (uint32_t)c + 1;
        sound_open(&s, &sound_confs[c], 20);
        for (int round = 0; round < 100; round++) {
            struct ear ear;
            ear_open(&ear, s.conf.codec_id, NULL);
            for (size_t i = 0; i < s.pes_count; i++) {
                uint8_t *copy = ph_alloc(s.pes[i].len + AV_INPUT_BUFFER_PADDING_SIZE);
                memcpy(copy, s.pes[i].data, s.pes[i].len);
                for (uint32_t n = next_random(&seed) % 8; n > 0; n--) {
                    copy[next_random(&seed) % s.pes[i].len] = (uint8_t)next_random(&seed);
                    copy[next_random(&seed) % 16 % s.pes[i].len] ^= 1 << next_random(&seed) % 8;
                }
                ph_es_feed(ear.es, &(struct ph_es_payload){
                                       .data = copy,
                                       .len = next_random(&seed) % (s.pes[i].len + 1),
                                       .pts = (int64_t)((uint64_t)next_random(&seed) << 40),
                                       .is_damaged = next_random(&seed) % 4 == 0,
                                       .follows_loss = next_random(&seed) % 4 == 0});
                free(copy);
            }
            ph_es_flush(ear.es);
            ear_close(&ear);
        }
        sound_close(&s);
    }
}

/* Nothing but sync words, or what a header promises and never comes: it ends. */
static void streams_of_headers(void **state)
{
    static const struct {
        enum AVCodecID id;
        const char *header;
        size_t len;
    } cases[] = {
        {AV_CODEC_ID_AAC, "\xff\xf1\x4c\x80\x7f\xff\xfc", 7}, /* 1023 bytes */
        {AV_CODEC_ID_AAC, "\xff\xf1\x4c\x83\xff\xff\xfc", 7}, /* 8191 bytes */
        {AV_CODEC_ID_AAC_LATM, "\x56\xff\xff", 3},
        {AV_CODEC_ID_OPUS, "\x7f\xe0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16},
        {AV_CODEC_ID_AC3, "\x0b\x77\xff\xff\x3f\x80\xff", 7},
        {AV_CODEC_ID_EAC3, "\x0b\x77\x40\x03\x3f\x80\xff\xff", 8}, /* dependent, 8 bytes */
        {AV_CODEC_ID_EAC3, "\x0b\x77\x00\x03\x3f\x80\xff\xff", 8},
        {AV_CODEC_ID_MP3, "\xff\xfb\xe0\x00", 4},
        {AV_CODEC_ID_MP3, "\xff\xff\xff\xff", 4},
    };
    enum { LEN = 200000 };
    uint8_t *data = ph_alloc(LEN + AV_INPUT_BUFFER_PADDING_SIZE);

    (void)state;
    for (size_t c = 0; c < PH_ARRAY_SIZE(cases); c++) {
        for (size_t step = 1; step <= LEN; step *= 140) {
            struct ear ear;
            for (size_t i = 0; i < LEN; i++) {
                data[i] = (uint8_t)cases[c].header[i % cases[c].len];
            }
            ear_open(&ear, cases[c].id, NULL);
            for (size_t at = 0; at < LEN; at += step) {
                size_t len = LEN - at < step ? LEN - at : step;
                ph_es_feed(ear.es, &(struct ph_es_payload){
                                       .data = data + at, .len = len, .pts = INT64_MAX});
            }
            ph_es_flush(ear.es);
            assert_true(ear.packets <= LEN / 8);
            ear_close(&ear);
        }
    }
    free(data);
}

static void empty_and_extreme(void **state)
{
    static const int64_t times[] = {INT64_MAX, INT64_MIN + 1, (int64_t)1 << 56,
                                    -((int64_t)1 << 56)};
    struct sound s;

    (void)state;
    sound_open(&s, &sound_confs[1], 20);
    for (size_t i = 0; i < PH_ARRAY_SIZE(times); i++) {
        struct ear ear;
        ear_open(&ear, AV_CODEC_ID_AAC, NULL);
        ear_feed(&ear, s.pes[0].data, 0, times[i]);
        ear_feed(&ear, s.pes[0].data, s.pes[0].len, times[i]);
        assert_true(i < 2 ? ear.packets == 0 : ear.packets > 0);
        ph_es_flush(ear.es);
        ph_es_flush(ear.es);
        ear_close(&ear);
    }
    sound_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_streams),
        cmocka_unit_test(any_split),
        cmocka_unit_test(a_loss_anywhere),
        cmocka_unit_test(holes_in_pes_packets),
        cmocka_unit_test(frames_before_a_hole),
        cmocka_unit_test(times_do_not_drift),
        cmocka_unit_test(pes_times_are_trusted),
        cmocka_unit_test(frames_without_a_time_are_dropped),
        cmocka_unit_test(changes_are_told),
        cmocka_unit_test(a_broken_header_makes_no_track),
        cmocka_unit_test(channels_told_in_the_frame),
        cmocka_unit_test(substreams_stay_with_their_frame),
        cmocka_unit_test(substreams_are_learnt),
        cmocka_unit_test(opus_by_its_descriptor),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(streams_of_headers),
        cmocka_unit_test(empty_and_extreme),
    };

    av_log_set_level(AV_LOG_QUIET); /* libavformat has much to say */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
