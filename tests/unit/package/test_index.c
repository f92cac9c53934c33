/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "package/index.h"

#include <math.h>

/* Made by hand, as the packager hands them in: media's own parsing is tested there. */
struct fixture {
    AVCodecParameters video_par;
    AVCodecParameters audio_par;
    struct ph_track video;
    struct ph_track audio;
    struct ph_program program;
    struct ph_index index;
};

static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    f.video_par.width = 1280;
    f.video_par.height = 720;
    f.video = (struct ph_track){.kind = PH_TRACK_VIDEO,
                                .par = &f.video_par,
                                .frame_rate = {30000, 1001},
                                .codecs = "avc1.64001f"};
    f.audio = (struct ph_track){.kind = PH_TRACK_AUDIO, .par = &f.audio_par, .codecs = "mp4a.40.2"};
    f.program.video = &f.video;
    f.program.audio = &f.audio;
    f.index = (struct ph_index){.program = &f.program,
                                .av = {2500000, 2100000},
                                .audio = {131000, 128500},
                                .is_independent = true};
    return 0;
}

static void assert_index(const char *name)
{
    struct ph_buf *text = ph_index_format(&f.index);
    char path[128];

    assert_non_null(text);
    snprintf(path, sizeof(path), "playlists/%s.m3u8", name);
    assert_golden(path, text->data, text->len);
    ph_buf_unref(&text);
}

static bool contains(const char *needle)
{
    struct ph_buf *text = ph_index_format(&f.index);
    assert_non_null(text);
    bool found = memmem(text->data, text->len, needle, strlen(needle)) != NULL;

    ph_buf_unref(&text);
    return found;
}

static void video_and_audio(void **state)
{
    (void)state;
    assert_index("index-av");
}

/* Then av.m3u8 itself holds audio alone, and a second variant would be the same. */
static void audio_alone(void **state)
{
    (void)state;
    f.program.video = NULL;
    f.index.av = (struct ph_index_rate){131000, 128500};
    assert_index("index-audio-alone");
}

static void video_alone(void **state)
{
    (void)state;
    f.program.audio = NULL;
    f.index.is_independent = false;
    assert_index("index-video-alone");
}

/* In each variant, whatever its tracks: the group is there before who refers to it. */
static void every_variant_has_the_captions(void **state)
{
    (void)state;
    struct ph_buf *text = ph_index_format(&f.index);
    const char *at = (const char *)text->data;
    const char *media = strstr(at, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"cards\"");
    int variants = 0;

    assert_non_null(media);
    while ((at = strstr(at, "#EXT-X-STREAM-INF:")) != NULL) {
        const char *eol = strchr(at, '\n');
        assert_true(media < at);
        assert_non_null(memmem(at, (size_t)(eol - at), ",SUBTITLES=\"cards\",", 19));
        at = eol;
        variants++;
    }
    assert_int_equal(variants, 2);
    ph_buf_unref(&text);
}

static void unknown_rates_are_estimated(void **state)
{
    (void)state;
    f.index.av = (struct ph_index_rate){0, 0};
    f.index.audio = (struct ph_index_rate){0, 0};
    assert_index("index-estimated");

    /* What the encoder said of itself is better than a guess, if it can be true. */
    f.video_par.bit_rate = 1000000;
    f.audio_par.bit_rate = 64000;
    assert_true(contains("BANDWIDTH=1170400,AVERAGE-BANDWIDTH=1064000,CODECS=\"avc1"));
    assert_true(contains("BANDWIDTH=70400,AVERAGE-BANDWIDTH=64000,CODECS=\"mp4a"));
    f.video_par.bit_rate = INT64_MAX;
    f.audio_par.bit_rate = -5;
    assert_true(contains("BANDWIDTH=4611200,AVERAGE-BANDWIDTH=4192000,CODECS=\"avc1"));
}

static void frame_rates(void **state)
{
    (void)state;
    static const struct {
        AVRational told;
        double measured;
        const char *text; /* NULL: not written */
    } cases[] = {
        {{30000, 1001}, 50, ",FRAME-RATE=29.970,"},
        {{25, 1}, 0, ",FRAME-RATE=25.000,"},
        {{60, 1}, 0, ",FRAME-RATE=60.000,"},
        {{0, 1}, 29.9999, ",FRAME-RATE=30.000,"},
        {{0, 0}, 23.976023976, ",FRAME-RATE=23.976,"},
        {{25, 0}, 24, ",FRAME-RATE=24.000,"},
        {{0, 1}, 0, NULL},
        {{0, 1}, 0.0001, NULL},
        {{0, 1}, -1, NULL},
        {{0, 1}, 1e9, NULL},
        {{0, 1}, INFINITY, NULL},
        {{0, 1}, NAN, NULL},
        {{INT32_MAX, 1}, 0, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f.video.frame_rate = cases[i].told;
        f.index.fps = cases[i].measured;
        if (contains("FRAME-RATE") != (cases[i].text != NULL) ||
            (cases[i].text != NULL && !contains(cases[i].text))) {
            fail_msg("case %zu", i);
        }
    }
}

static void an_unknown_resolution_is_left_out(void **state)
{
    (void)state;
    f.video_par.height = 0;
    assert_false(contains("RESOLUTION"));
    f.video_par.height = 720;
    assert_true(contains(",RESOLUTION=1280x720,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(video_and_audio, set_up),
        cmocka_unit_test_setup(audio_alone, set_up),
        cmocka_unit_test_setup(video_alone, set_up),
        cmocka_unit_test_setup(every_variant_has_the_captions, set_up),
        cmocka_unit_test_setup(unknown_rates_are_estimated, set_up),
        cmocka_unit_test_setup(frame_rates, set_up),
        cmocka_unit_test_setup(an_unknown_resolution_is_left_out, set_up),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
