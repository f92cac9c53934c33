/* SPDX-License-Identifier: Apache-2.0 */
#include "srt_fixture.h"

enum { START = 90000 };

static struct source avc;
static struct ts_bytes plain;
static struct fixture wanted; /* what comes out of it when nothing is lost */

static int setup_all(void **state)
{
    (void)state;
    source_open(&avc, "h264_bframes_aac.mp4");
    ts_mux(&plain, &(struct mux_plan){.video = &avc,
                                      .audio = &avc,
                                      .offset = START,
                                      .options = "mpegts_flags=pat_pmt_at_frames:"
                                                 "omit_video_pes_length=0"});
    play(&wanted, &plain);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_close(&wanted);
    ts_bytes_free(&plain);
    source_close(&avc);
    return 0;
}

static size_t count_messages(void)
{
    return (plain.len + MESSAGE_BYTES - 1) / MESSAGE_BYTES;
}

/* The stream without `lost` messages from the one at `first` on; `told`: so many are told. */
static void play_lossy(struct fixture *f, enum ph_conf_on_loss on_loss, size_t first, size_t lost,
                       size_t told)
{
    fixture_open(f, on_loss);
    for (size_t i = 0; i < count_messages(); i++) {
        size_t at = i * MESSAGE_BYTES;
        size_t len = plain.len - at < MESSAGE_BYTES ? plain.len - at : MESSAGE_BYTES;
        if (i < first || i >= first + lost) {
            assert_int_equal(feed_lossy(f, plain.data + at, len, i == first + lost ? told : 0),
                             PH_OK);
        }
    }
    flush(f);
}

/* Where the unit stands among those of its kind in `wanted`; SIZE_MAX: nowhere. */
static size_t find_wanted(const struct event *unit, size_t from)
{
    size_t count = count_of(&wanted, unit->kind);

    for (size_t i = from; i < count; i++) {
        if (is_same_unit(nth(&wanted, unit->kind, i), unit)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/*
 * All that came out is what was sent, in its order and at its time; behind a hole, video goes on
 * with a key frame.
 */
static void check_units(const struct fixture *f, enum ph_track_kind kind, size_t dropped)
{
    size_t next = 0;

    for (size_t i = 0; i < count_of(f, kind); i++) {
        const struct event *unit = nth(f, kind, i);
        size_t at = find_wanted(unit, next);
        if (at == SIZE_MAX) {
            fail_msg("message %zu lost: unit %zu of kind %d, dts %" PRId64
                     ", is none of those sent",
                     dropped, i, (int)kind, unit->dts);
        }
        if (at != next && kind == PH_TRACK_VIDEO && !unit->is_key) {
            fail_msg("message %zu lost: video goes on with unit %zu after unit %zu", dropped, at,
                     next);
        }
        next = at + 1;
    }
}

static void test_loss_everywhere(void **state)
{
    static const size_t runs[] = {1, 2, 3, 16, 17};

    (void)state;
    for (size_t k = 0; k < PH_ARRAY_SIZE(runs); k++) {
        for (size_t i = 0; i < count_messages(); i++) {
            struct fixture f;
            play_lossy(&f, PH_CONF_ON_LOSS_DROP, i, runs[k], runs[k]);
            check_units(&f, PH_TRACK_VIDEO, i);
            check_units(&f, PH_TRACK_AUDIO, i);
            fixture_close(&f);
        }
    }
}

/* Without a word from the transport: continuity counters tell of as much as they can. */
static void test_loss_untold(void **state)
{
    (void)state;
    for (size_t i = 0; i < count_messages(); i++) {
        struct fixture f;
        play_lossy(&f, PH_CONF_ON_LOSS_DROP, i, 1, 0);
        check_units(&f, PH_TRACK_VIDEO, i);
        check_units(&f, PH_TRACK_AUDIO, i);
        fixture_close(&f);
    }
}

/* Where `count` packets of `pid` from `from` on end; 0: there are not that many. */
static size_t end_of_packets(const struct ts_bytes *bytes, unsigned pid, size_t from, size_t count)
{
    size_t at = from;

    while (count > 0 && at < bytes->len) {
        count -= ts_pid(bytes->data + at) == pid;
        at += 188;
    }
    return count == 0 ? at : 0;
}

/* How often video went on without a key frame behind a hole, or with what never was. */
static size_t count_slips(const struct fixture *whole, const struct fixture *f)
{
    size_t count = count_of(whole, PH_TRACK_VIDEO);
    size_t slips = 0;
    size_t next = 0;

    for (size_t i = 0; i < count_of(f, PH_TRACK_VIDEO); i++) {
        const struct event *unit = nth(f, PH_TRACK_VIDEO, i);
        size_t at = next;
        while (at < count && !is_same_unit(nth(whole, PH_TRACK_VIDEO, at), unit)) {
            at++;
        }
        slips += at == count || (at != next && !unit->is_key);
        next = at < count ? at + 1 : next;
    }
    return slips;
}

/* Sixteen packets of a PID and its counter says nothing: what the transport knows counts. */
static void test_loss_that_counters_miss(void **state)
{
    struct ts_bytes bytes = {0};
    struct fixture whole;
    size_t slips = 0;
    size_t end;

    (void)state;
    ts_mux(&bytes, &(struct mux_plan){.video = &avc, .offset = START});
    play(&whole, &bytes);
    for (size_t at = 20 * 188; (end = end_of_packets(&bytes, 0x100, at, 16)) > 0; at += 5 * 188) {
        for (size_t told = 0; told <= 3; told += 3) {
            struct fixture f;
            fixture_open(&f, PH_CONF_ON_LOSS_DROP);
            assert_int_equal(feed_lossy(&f, bytes.data, at, 0), PH_OK);
            assert_int_equal(feed_lossy(&f, bytes.data + end, bytes.len - end, told), PH_OK);
            flush(&f);
            slips += told == 0 ? count_slips(&whole, &f) : 0;
            assert_int_equal(told == 0 ? 0 : count_slips(&whole, &f), 0);
            fixture_close(&f);
        }
    }
    assert_true(slips > 0); /* else nothing was missed that could have been told */
    fixture_close(&whole);
    ts_bytes_free(&bytes);
}

/* Messages that begin and end within packets. */
static void test_loss_of_odd_messages(void **state)
{
    (void)state;
    for (size_t at = 0; at + 1456 < plain.len; at += 1456) {
        for (size_t lost = 1; lost <= 2; lost++) {
            struct fixture f;
            fixture_open(&f, PH_CONF_ON_LOSS_DROP);
            for (size_t i = 0; i < plain.len; i += 1456) {
                size_t len = plain.len - i < 1456 ? plain.len - i : 1456;
                if (i < at || i >= at + lost * 1456) {
                    size_t told = i == at + lost * 1456 ? lost : 0;
                    assert_int_equal(feed_lossy(&f, plain.data + i, len, told), PH_OK);
                }
            }
            flush(&f);
            check_units(&f, PH_TRACK_VIDEO, at / 1456);
            check_units(&f, PH_TRACK_AUDIO, at / 1456);
            fixture_close(&f);
        }
    }
}

/* Little is lost: no more audio than the message had, video up to the next key frame. */
static void test_what_one_message_costs(void **state)
{
    size_t audio = count_of(&wanted, PH_TRACK_AUDIO);
    size_t video = count_of(&wanted, PH_TRACK_VIDEO);

    (void)state;
    for (size_t i = 1; i < count_messages(); i++) {
        struct fixture f;
        play_lossy(&f, PH_CONF_ON_LOSS_DROP, i, 1, 1);
        if (count_of(&f, PH_TRACK_AUDIO) + 50 < audio) {
            fail_msg("message %zu lost: %zu of %zu frames of audio came", i,
                     count_of(&f, PH_TRACK_AUDIO), audio);
        }
        /* A group of pictures has 30, and a message may lie in two of them. */
        if (count_of(&f, PH_TRACK_VIDEO) + 61 < video) {
            fail_msg("message %zu lost: %zu of %zu pictures came", i, count_of(&f, PH_TRACK_VIDEO),
                     video);
        }
        fixture_close(&f);
    }
}

/* With on_loss: pass, video does not wait for a key frame. */
static void test_pass(void **state)
{
    size_t more = 0;

    (void)state;
    for (size_t i = 1; i < count_messages(); i++) {
        struct fixture dropped;
        struct fixture passed;
        play_lossy(&dropped, PH_CONF_ON_LOSS_DROP, i, 1, 1);
        play_lossy(&passed, PH_CONF_ON_LOSS_PASS, i, 1, 1);
        assert_true(count_of(&passed, PH_TRACK_VIDEO) >= count_of(&dropped, PH_TRACK_VIDEO));
        more += count_of(&passed, PH_TRACK_VIDEO) - count_of(&dropped, PH_TRACK_VIDEO);
        fixture_close(&dropped);
        fixture_close(&passed);
    }
    /* On average half a group of pictures at each place. */
    assert_in_range(more, 8 * count_messages(), 30 * count_messages());
}

/* A hole of hours between two messages. */
static void test_endless_loss(void **state)
{
    struct fixture f;

    (void)state;
    play_lossy(&f, PH_CONF_ON_LOSS_DROP, 10, 2, SIZE_MAX);
    check_units(&f, PH_TRACK_VIDEO, 10);
    check_units(&f, PH_TRACK_AUDIO, 10);
    assert_true(count_of(&f, PH_TRACK_VIDEO) > 60);
    fixture_close(&f);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Bytes that are not what was sent, in portions of any size: whatever comes out, it goes on. */
static void test_hostile_bytes(void **state)
{
    uint32_t seed = 20260804;
    uint8_t *copy = malloc(plain.len);

    (void)state;
    assert_non_null(copy);
    for (int round = 0; round < 60; round++) {
        struct fixture f;
        size_t len = 0;
        fixture_open(&f, round % 2 == 0 ? PH_CONF_ON_LOSS_DROP : PH_CONF_ON_LOSS_PASS);
        memcpy(copy, plain.data, plain.len);
        for (int i = 0; i < 1 << (round % 10); i++) {
            copy[next_random(&seed) % plain.len] = (uint8_t)next_random(&seed);
        }
        for (size_t at = 0; at < plain.len; at += len) {
            len = next_random(&seed) % 1457;
            len = plain.len - at < len ? plain.len - at : len;
            (void)feed_lossy(&f, copy + at, len, next_random(&seed) % 64 == 0);
            (void)tick_at(&f, f.now + PH_USEC_PER_MS);
            assert_true(ph_srt_session_deadline(f.session) > f.now);
        }
        flush(&f);
        fixture_close(&f);
    }
    free(copy);
}

/* Maps whose check sums are right and that say anything. */
static void test_hostile_maps(void **state)
{
    uint32_t seed = 4711;

    (void)state;
    for (int round = 0; round < 256; round++) {
        struct ts_bytes bytes = {0};
        struct fixture f;
        ts_bytes_add(&bytes, plain.data, plain.len / 188 / 4 * 188);
        ts_retype(&bytes, 0x0f, (uint8_t)round);
        ts_retype(&bytes, 0x1b, (uint8_t)next_random(&seed));
        fixture_open(&f, PH_CONF_ON_LOSS_PASS);
        feed(&f, &bytes);
        feed(&f, &plain);
        flush(&f);
        assert_true(count_of(&f, PH_TRACK_AUDIO) >= count_of(&wanted, PH_TRACK_AUDIO) - 100);
        fixture_close(&f);
        ts_bytes_free(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_everywhere),
        cmocka_unit_test(test_loss_untold),
        cmocka_unit_test(test_loss_that_counters_miss),
        cmocka_unit_test(test_loss_of_odd_messages),
        cmocka_unit_test(test_what_one_message_costs),
        cmocka_unit_test(test_pass),
        cmocka_unit_test(test_endless_loss),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_hostile_maps),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
