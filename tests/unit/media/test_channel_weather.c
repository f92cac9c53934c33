/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a bad link does to a session, and a busy machine to the clock: what a channel's sinks
 * are promised, and that viewers are never left without media for longer than players wait.
 */
#include "channel_fixture.h"

#include <inttypes.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

/* Players' patience, the wait for a second track, and how late a loop may be. */
#define DRY_MAX (3 * S + 2 * S + 1 * S)

struct weather {
    uint64_t random;
    struct fixture *f;
    struct ph_slate *slate;

    /* The session. */
    bool is_bound;
    bool is_silent[PH_TRACK_KINDS];
    int64_t clock_ms; /* what it says now minus the test's */
    int64_t next_ms[PH_TRACK_KINDS];
    int64_t since_key;

    /* The sink. */
    struct ph_program *program;
    bool is_paused;
    bool is_over;
    bool awaits_start;
    bool has_last[PH_TRACK_KINDS];
    int64_t last_dts[PH_TRACK_KINDS];
    AVRational last_base[PH_TRACK_KINDS];
    ph_usec wall;
    ph_usec dated; /* the newest date */
    ph_usec fed_mono;
    unsigned slates;
    unsigned sellers;
    unsigned ends;
};

static uint32_t roll(struct weather *w, uint32_t sides)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(w->random >> 33) % sides;
}

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    struct weather *w = arg;

    assert_true(discontinuity || w->program == NULL);
    ph_program_unref(&w->program);
    w->program = ph_program_ref(program);
    w->wall = wall;
    w->is_paused = false;
    w->is_over = false;
    w->awaits_start = program->video != NULL;
    *(program->is_slate ? &w->slates : &w->sellers) += 1;
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    struct weather *w = arg;
    int kind = packet->stream_index;

    assert_non_null(w->program);
    assert_false(w->is_paused || w->is_over);
    const struct ph_track *track = ph_program_track(w->program, kind);
    assert_non_null(track);
    assert_int_equal(av_cmp_q(packet->time_base, track->time_base), 0);
    assert_true(packet->dts >= 0 && packet->pts >= packet->dts && packet->duration > 0);
    if (w->has_last[kind] &&
        av_compare_ts(packet->dts, packet->time_base, w->last_dts[kind], w->last_base[kind]) <= 0) {
        fail_msg("dts %" PRId64 " of kind %d after %" PRId64, packet->dts, kind, w->last_dts[kind]);
    }
    w->has_last[kind] = true;
    w->last_dts[kind] = packet->dts;
    w->last_base[kind] = packet->time_base;
    ph_usec date = w->wall + (ph_usec)((double)packet->dts * 1e6 * av_q2d(packet->time_base));
    if (w->awaits_start) {
        assert_true(ph_track_is_random_access(track, packet));
        w->awaits_start = false;
        /* A clock that has run ahead by more than ten seconds is put right at once. */
        if (date < w->dated - 100 * MS && date > w->dated - 9900 * MS) {
            fail_msg("a program begins %" PRId64 " ms before the end of the last",
                     (w->dated - date) / MS);
        }
    }
    w->dated = date > w->dated || date < w->dated - 9900 * MS ? date : w->dated;
    w->fed_mono = now;
}

static void on_pause(void *arg, ph_usec now)
{
    struct weather *w = arg;

    (void)now;
    assert_non_null(w->program);
    assert_false(w->is_paused);
    w->is_paused = true;
}

static void on_end(void *arg, ph_usec now)
{
    struct weather *w = arg;

    (void)now;
    assert_true(w->is_paused);
    assert_false(w->is_over);
    w->is_over = true;
    w->ends++;
}

static const struct ph_sink_ops weather_sink = {on_program, on_packet, on_pause, on_end, NULL};

static void check_status(const struct weather *w)
{
    struct ph_channel_status status = status_of(w->f);
    bool shows = w->program != NULL && !w->is_paused;

    assert_int_equal(status.is_on_air, shows && !w->program->is_slate);
    assert_int_equal(status.is_away, w->program != NULL && !w->is_over && !status.is_on_air);
    assert_true(!status.is_away || status.is_expected);
    assert_true(!status.is_on_air || status.is_publishing);
    assert_int_equal(stat_of(w->f, PH_STAT_CHANNELS_ON_AIR), status.is_on_air ? 1 : 0);
    if (w->program == NULL || w->is_over || status.slate == PH_SLATE_NONE) {
        return;
    }
    ph_usec dry = w->f->now.mono - w->fed_mono;
    if (dry > DRY_MAX) {
        fail_msg("nothing for %" PRId64 " ms", dry / MS);
    }
}

/* Runs the clock to `ms`, with all ticks in time, or with none but one at the end. */
static void pass(struct weather *w, int64_t ms, bool is_late)
{
    struct fixture *f = w->f;

    if (!is_late) {
        clock_to(f, ms);
    } else {
        f->now.mono = START_MONO + ms * MS;
        f->now.wall = START_WALL + ms * MS;
        ph_channel_tick(f->channel, f->now);
    }
    assert_true(ph_channel_deadline(f->channel) > f->now.mono);
}

static void come(struct weather *w, int64_t ms)
{
    struct fixture *f = w->f;

    ph_channel_begin(f->channel, "w", f->now);
    ph_channel_track(f->channel, roll(w, 4) == 0 ? f->rotated : f->video, f->now);
    if (roll(w, 6) != 0) {
        ph_channel_track(f->channel, roll(w, 4) == 0 ? f->other_audio : f->audio, f->now);
    }
    w->is_bound = true;
    w->clock_ms = roll(w, 3) == 0 ? 4294960000 - ms : roll(w, 5000) - (int64_t)ms;
    w->since_key = roll(w, 50);
    w->is_silent[PH_TRACK_VIDEO] = roll(w, 12) == 0;
    w->is_silent[PH_TRACK_AUDIO] = roll(w, 8) == 0;
}

static void go(struct weather *w)
{
    ph_channel_end(w->f->channel, roll(w, 2) == 0, w->f->now);
    w->is_bound = false;
}

/* The frames that are due by `ms`, all that were kept back included. */
static void send(struct weather *w, int64_t ms)
{
    struct fixture *f = w->f;

    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        int64_t period = kind == PH_TRACK_VIDEO ? 40 : 21;
        for (; w->next_ms[kind] <= ms; w->next_ms[kind] += period) {
            bool is_sent = w->is_bound && !w->is_silent[kind];
            int64_t stamp = w->clock_ms + w->next_ms[kind];
            if (kind == PH_TRACK_AUDIO && is_sent) {
                (void)feed_audio(f, stamp);
            } else if (is_sent) {
                bool is_key = w->since_key++ % 50 == 0;
                (void)(is_key ? feed_key(f, stamp) : feed_delta(f, stamp));
            }
        }
    }
}

static void change_weather(struct weather *w, int64_t ms)
{
    switch (roll(w, 12)) {
    case 0:
        w->is_silent[PH_TRACK_VIDEO] = !w->is_silent[PH_TRACK_VIDEO];
        break;
    case 1:
        w->is_silent[PH_TRACK_AUDIO] = !w->is_silent[PH_TRACK_AUDIO];
        break;
    case 2:
        w->clock_ms += (int64_t)roll(w, 20000) - 10000;
        break;
    case 3:
        ph_channel_track(w->f->channel, roll(w, 2) == 0 ? w->f->rotated : w->f->video, w->f->now);
        break;
    case 4:
        w->since_key = 0;
        break;
    case 5:
    case 6:
    case 7:
        if (w->is_bound) {
            go(w);
        }
        break;
    case 8: /* a takeover */
        if (w->is_bound) {
            go(w);
        }
        come(w, ms);
        break;
    default:
        if (!w->is_bound) {
            come(w, ms);
        }
        break;
    }
}

/* Ten minutes of it. */
static void live_through(struct fixture *f, struct ph_slate *slate, uint64_t seed)
{
    struct weather w = {.random = seed, .f = f, .slate = slate};
    int64_t ms = 0;

    ph_channel_use_slate(f->channel, slate);
    ph_channel_add_sink(f->channel, &weather_sink, &w);
    while (ms < 600000) {
        uint32_t kind = roll(&w, 1000);
        bool is_burst = kind < 3;
        bool is_late = kind == 3;
        bool is_blank = kind == 4;
        int64_t step = is_burst || is_late || is_blank ? 200 + roll(&w, 8000) : 10 + roll(&w, 50);
        ms += step;
        w.fed_mono += is_late ? step * MS : 0; /* nobody could have done anything */
        pass(&w, ms, is_late);
        if (is_blank) { /* what was filmed meanwhile is lost */
            w.next_ms[PH_TRACK_VIDEO] = ms;
            w.next_ms[PH_TRACK_AUDIO] = ms;
        }
        send(&w, ms);
        if (roll(&w, 60) == 0) {
            change_weather(&w, ms);
        }
        if (!is_late) {
            check_status(&w);
        }
        f->log[0] = '\0';
    }
    if (w.slates < 5 || w.sellers < 20) {
        fail_msg("seed %" PRIu64 ": only %u slates and %u programs of hers", seed, w.slates,
                 w.sellers);
    }
    ph_channel_remove_sink(f->channel, &w);
    ph_program_unref(&w.program);
}

static void it_holds_in_any_weather(void **state)
{
    struct ph_slate *slate;

    assert_int_equal(ph_slate_create(&slate), PH_OK);
    for (uint64_t seed = 1; seed <= 12; seed++) {
        fixture_set_up(state);
        struct fixture *f = *state;
        ph_channel_remove_sink(f->channel, &f->sink);
        ph_channel_destroy(&f->channel);
        f->conf.hls.segment_ms = 2000;
        f->conf.publish.grace_s = seed % 3 == 0 ? 5 : 90;
        f->conf.publish.linger_s = 4;
        f->channel = ph_channel_create(&f->conf, &f->channel_conf, &f->stats);
        live_through(f, slate, seed);
        fixture_tear_down(state);
    }
    ph_slate_destroy(&slate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_holds_in_any_weather)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
