/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/target.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

struct row {
    const char *path;
    const char *query;
    int err;
    struct ph_target want;
};

#define PLAYLIST(rendition_, form_, msn_, part_)                                                   \
    {                                                                                              \
        .kind = PH_TARGET_PLAYLIST, .rendition = (rendition_), .form = (form_), .number = -1,      \
        .msn = (msn_), .part = (part_)                                                             \
    }
#define MEDIA(kind_, rendition_, number_)                                                          \
    {                                                                                              \
        .kind = (kind_), .rendition = (rendition_), .number = (number_), .msn = -1, .part = -1     \
    }

static const struct row found[] = {
    {"index.m3u8", "", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_INDEX, -1, -1)},
    {"index.m3u8", "_HLS_part=1", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_INDEX, -1, -1)},
    {"av.m3u8", "", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_FULL, -1, -1)},
    {"av.m3u8", "_HLS_msn=12", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_FULL, 12, -1)},
    {"av.m3u8", "_HLS_msn=12&_HLS_part=0", PH_OK,
     PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_FULL, 12, 0)},
    {"av.m3u8", "x=1&_HLS_part=3&y&_HLS_msn=999999999999999999", PH_OK,
     PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_FULL, 999999999999999999, 3)},
    {"audio.m3u8", "_HLS_skip=YES&_HLS_msn=1", PH_OK,
     PLAYLIST(PH_RENDITION_AUDIO, PH_PLAYLIST_DELTA, 1, -1)},
    {"av.m3u8", "_HLS_skip=v2", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_DELTA, -1, -1)},
    {"av.m3u8", "_HLS_skip=no&_HLS_other=7", PH_OK,
     PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_FULL, -1, -1)},
    {"plain/index.m3u8", "", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_INDEX, -1, -1)},
    {"plain/av.m3u8", "_HLS_msn=5", PH_OK, PLAYLIST(PH_RENDITION_AV, PH_PLAYLIST_PLAIN, -1, -1)},
    {"plain/audio.m3u8", "", PH_OK, PLAYLIST(PH_RENDITION_AUDIO, PH_PLAYLIST_PLAIN, -1, -1)},
    {"ts/index.m3u8", "_HLS_msn=8", PH_OK, PLAYLIST(PH_RENDITION_TS, PH_PLAYLIST_FULL, -1, -1)},
    {"ts/index.m3u8", "_HLS_part=8", PH_OK, PLAYLIST(PH_RENDITION_TS, PH_PLAYLIST_FULL, -1, -1)},
    {"cards.m3u8", "", PH_OK, PLAYLIST(PH_RENDITION_CARDS, PH_PLAYLIST_FULL, -1, -1)},
    {"cards.m3u8", "_HLS_msn=8&_HLS_skip=v2", PH_OK,
     PLAYLIST(PH_RENDITION_CARDS, PH_PLAYLIST_DELTA, 8, -1)},
    {"plain/cards.m3u8", "_HLS_msn=8", PH_OK,
     PLAYLIST(PH_RENDITION_CARDS, PH_PLAYLIST_PLAIN, -1, -1)},
    {"info.json", "", PH_OK, MEDIA(PH_TARGET_INFO, PH_RENDITION_AV, -1)},
    {"av-k3-17.m4s", "", PH_OK, MEDIA(PH_TARGET_SEGMENT, PH_RENDITION_AV, 17)},
    {"av-k3-p0.m4s", "", PH_OK, MEDIA(PH_TARGET_PART, PH_RENDITION_AV, 0)},
    {"av-k3-i2.mp4", "", PH_OK, MEDIA(PH_TARGET_INIT, PH_RENDITION_AV, 2)},
    {"audio-k3-17.m4s", "", PH_OK, MEDIA(PH_TARGET_SEGMENT, PH_RENDITION_AUDIO, 17)},
    {"audio-k3-p4.m4s", "a=b", PH_OK, MEDIA(PH_TARGET_PART, PH_RENDITION_AUDIO, 4)},
    {"audio-k3-i1.mp4", "", PH_OK, MEDIA(PH_TARGET_INIT, PH_RENDITION_AUDIO, 1)},
    {"cards-k3-17.vtt", "", PH_OK, MEDIA(PH_TARGET_SEGMENT, PH_RENDITION_CARDS, 17)},
    {"ts/k3-99.ts", "", PH_OK, MEDIA(PH_TARGET_SEGMENT, PH_RENDITION_TS, 99)},
};

static void check_equal(const struct row *row, const struct ph_target *got)
{
    if (got->kind != row->want.kind || got->rendition != row->want.rendition ||
        got->form != row->want.form || got->number != row->want.number ||
        got->msn != row->want.msn || got->part != row->want.part) {
        fail_msg("%s?%s: kind %d rendition %d form %d number %lld msn %lld part %lld", row->path,
                 row->query, got->kind, got->rendition, got->form, (long long)got->number,
                 (long long)got->msn, (long long)got->part);
    }
}

static void finds_every_resource(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        struct ph_target got;
        int err = ph_target_parse(&got, found[i].path, strlen(found[i].path), found[i].query, "k3");
        if (err != PH_OK) {
            fail_msg("%s?%s: %s", found[i].path, found[i].query, ph_err_name(err));
        }
        check_equal(&found[i], &got);
    }
}

static void refuses_what_is_not_there(void **state)
{
    static const char *const paths[] = {
        "",
        "index.m3u",
        "index.m3u8x",
        "av.m3u8/",
        "plain/",
        "plain/ts/index.m3u8",
        "ts/av.m3u8",
        "cards.m3u",
        "ts/cards.m3u8",
        "cards-k3-p1.vtt",
        "cards-k3-i1.mp4",
        "cards-k3-17.m4s",
        "av-k3-17.vtt",
        "av-k3-.m4s",
        "av-k3-p.m4s",
        "av-k3-17.mp4",
        "av-k3-p17.mp4",
        "av-k4-17.m4s",
        "av-k-17.m4s",
        "av--17.m4s",
        "av-k3-1234567890123456789.m4s",
        "av-k3--1.m4s",
        "av-k3-+1.m4s",
        "av-k3-0x1.m4s",
        "ts/k3-p1.ts",
        "ts/k3-1.m4s",
        "../av-k3-1.m4s",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct ph_target got;
        int err = ph_target_parse(&got, paths[i], strlen(paths[i]), "", "k3");
        if (err != PH_ENOTFOUND) {
            fail_msg("%s: %s", paths[i], ph_err_name(err));
        }
    }
}

static void refuses_directives_that_are_not_valid(void **state)
{
    static const char *const queries[] = {
        "_HLS_part=1",
        "_HLS_msn=",
        "_HLS_msn=x",
        "_HLS_msn=-1",
        "_HLS_msn=1.0",
        "_HLS_msn=%",
        "_HLS_msn=9999999999999999999",
        "_HLS_msn=1&_HLS_part=",
        "_HLS_msn=1&_HLS_part=-1",
        "_HLS_msn=1&_HLS_part=1e3",
        "_HLS_msn=000000000000000000000000000000000000000000001",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct ph_target got;
        int err = ph_target_parse(&got, "av.m3u8", 7, queries[i], "k3");
        if (err != PH_EINVAL) {
            fail_msg("%s: %s", queries[i], ph_err_name(err));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_resource),
        cmocka_unit_test(refuses_what_is_not_there),
        cmocka_unit_test(refuses_directives_that_are_not_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
