/* SPDX-License-Identifier: Apache-2.0 */
/* What was sent into a flow, compared with what came out. */
#include "flow.h"

#include <inttypes.h>
#include <math.h>

/* The audio rendition goes on in silence where there is no sound: AAC's, of one channel. */
bool flow_is_silence(enum ph_rendition rendition, const struct flow_unit *unit)
{
    return rendition == PH_RENDITION_AUDIO && unit->hash == flow_hash("\0\0\0\7", 4);
}

/* All that came, but for the silence at its end. */
static struct flow_units received(const struct flow *flow, enum ph_rendition rendition, int kind,
                                  size_t skipped)
{
    const struct flow_units *in = &flow->sent[kind];
    struct flow_units out = flow->viewers[rendition].units[kind];

    while (out.count > 0 && flow_is_silence(rendition, &out.at[out.count - 1])) {
        out.count--;
    }
    if (in->count != out.count + skipped) {
        fail_msg("%s: %zu units of kind %d sent, %zu of them before the start, %zu came",
                 ph_rendition_name(rendition), in->count, kind, skipped, out.count);
    }
    for (size_t i = 0; i < out.count; i++) {
        if (in->at[skipped + i].hash != out.at[i].hash) {
            fail_msg("%s: unit %zu of kind %d is another one", ph_rendition_name(rendition), i,
                     kind);
        }
    }
    return out;
}

static bool is_new_session(const struct flow_unit *in, size_t i)
{
    return i == 0 || in[i].session != in[i - 1].session;
}

static bool is_leap(const struct flow_unit *in, size_t i)
{
    int64_t step = in[i].dts - in[i - 1].dts;

    return step < -1000 || step > 1000;
}

/* Ticks between two frames: as many as were sent, or, where the clock leapt, about a frame. */
static void check_step(const struct flow_unit *in, const struct flow_unit *out, size_t i)
{
    int64_t sent = (in[i].dts - in[i - 1].dts) * 90;
    int64_t came = out[i].dts - out[i - 1].dts;
    bool is_right = is_leap(in, i) ? came < 9000 : came == sent;

    if (came <= 0 || (!is_right && !is_new_session(in, i))) {
        fail_msg("frame %zu comes %" PRId64 " ticks after the last, sent %" PRId64, i, came, sent);
    }
}

unsigned flow_check_video(const struct flow *flow, size_t skipped)
{
    const struct flow_units out = received(flow, PH_RENDITION_AV, PH_TRACK_VIDEO, skipped);
    const struct flow_unit *in = flow->sent[PH_TRACK_VIDEO].at + skipped;
    unsigned leaps = 0;

    for (size_t i = 0; i < out.count; i++) {
        if (i > 0) {
            check_step(in, out.at, i);
        }
        leaps += !is_new_session(in, i) && is_leap(in, i) ? 1 : 0;
        assert_int_equal(out.at[i].cts, in[i].cts * 90);
        assert_true(out.at[i].duration > 0);
    }
    return leaps;
}

unsigned flow_check_audio(const struct flow *flow, enum ph_rendition rendition, size_t skipped,
                          int sample_rate, double tolerance_ms)
{
    const struct flow_units out = received(flow, rendition, PH_TRACK_AUDIO, skipped);
    const struct flow_unit *in = flow->sent[PH_TRACK_AUDIO].at + skipped;
    unsigned leaps = 0;
    size_t origin = 0;

    for (size_t i = 0; i < out.count; i++) {
        assert_int_equal(out.at[i].cts, 0);
        if (is_new_session(in, i) || is_leap(in, i)) {
            leaps += is_new_session(in, i) ? 0 : 1;
            origin = i;
            continue;
        }
        double off = (double)(out.at[i].dts - out.at[origin].dts) * 1000 / sample_rate -
                     (double)(in[i].dts - in[origin].dts);
        if (fabs(off) > tolerance_ms) {
            fail_msg("audio packet %zu is %.2f ms off", i, off);
        }
        /* One packet ends where the next one begins. */
        if (out.at[i].dts != out.at[i - 1].dts + out.at[i - 1].duration) {
            fail_msg("audio packet %zu begins %" PRId64 " samples beside the end of the last", i,
                     out.at[i].dts - out.at[i - 1].dts - out.at[i - 1].duration);
        }
    }
    return leaps;
}

size_t flow_missing(const struct flow *flow, int kind)
{
    return flow->sent[kind].count - flow->viewers[PH_RENDITION_AV].units[kind].count;
}

static void check_apart(const struct flow *flow, size_t video, size_t audio, int sample_rate,
                        double tolerance_ms)
{
    const struct flow_units *came = flow->viewers[PH_RENDITION_AV].units;
    size_t skipped_video = flow_missing(flow, PH_TRACK_VIDEO);
    size_t skipped_audio = flow_missing(flow, PH_TRACK_AUDIO);
    double in = (double)(flow->sent[PH_TRACK_AUDIO].at[skipped_audio + audio].dts -
                         flow->sent[PH_TRACK_VIDEO].at[skipped_video + video].dts);
    double out = (double)came[PH_TRACK_AUDIO].at[audio].dts * 1000 / sample_rate -
                 (double)came[PH_TRACK_VIDEO].at[video].dts / 90;

    if (fabs(in - out) > tolerance_ms) {
        fail_msg("audio was %.1f ms after video and is %.1f ms after it", in, out);
    }
}

void flow_check_sync(const struct flow *flow, int sample_rate, double tolerance_ms)
{
    const struct flow_units *came = flow->viewers[PH_RENDITION_AV].units;

    check_apart(flow, 0, 0, sample_rate, tolerance_ms);
    check_apart(flow, came[PH_TRACK_VIDEO].count - 1, came[PH_TRACK_AUDIO].count - 1, sample_rate,
                tolerance_ms);
}
