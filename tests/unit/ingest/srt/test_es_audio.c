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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_streams),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
