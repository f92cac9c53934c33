/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <ingest/rtmp/target.h>

struct row {
    const char *app;
    const char *tc_url;
    const char *name;
    const char *wanted; /* app|name|query */
};

/* As the applications put it for one and the same address. */
static const struct row rows[] = {
    /* FFmpeg, GStreamer: rtmp://host/live/sinho?key=K */
    {"live", "rtmp://host/live", "sinho?key=K", "live|sinho|key=K"},
    /* OBS, Larix: rtmp://host/live and the rest as stream key */
    {"live", "rtmp://host/live", "K", "live|K|"},
    /* HaishinKit, Moblin: the query stays in app, and tcUrl repeats it */
    {"live?key=K", "rtmp://host/live?key=K", "sinho", "live|sinho|key=K"},
    {"live?a=1", "rtmp://host/live?b=2", "sinho?c=3", "live|sinho|a=1&b=2&c=3"},
    {"live", "rtmp://host/live?key=K", "sinho", "live|sinho|key=K"},
    /* The key in app, without a name (Larix without a stream name) */
    {"live/K", "rtmp://host/live/K", "", "live/K||"},
    {"K", "", "", "K||"},
    /* Slashes that people type */
    {"/live/", "rtmp://host//live//", "//sinho//K/", "live|sinho/K|"},
    {"live//sinho", "", "/K", "live/sinho|K|"},
    /* No app: it stands in tcUrl */
    {"", "rtmp://host:1935/live/x?key=K", "sinho", "live/x|sinho|key=K"},
    {"", "rtmp://host", "sinho", "|sinho|"},
    {"", "/live", "sinho", "live|sinho|"},
    {"", "", "", "||"},
    /* Escapes: decoded once, left alone where they are none; the query stays as it is */
    {"li%76e", "", "s%C3%ACnho%2Fa?key=%41", "live|s\xC3\xACnho/a|key=%41"},
    {"live", "", "50%", "live|50%|"},
    {"live", "", "a%00b", "live|a%00b|"},
    {"live", "", "%2541", "live|%41|"},
    {"live", "", "a?b?c", "live|a|b?c"},
    {"live?", "", "sinho?", "live|sinho|"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_rtmp_target target;
        char got[256];
        ph_rtmp_target_init(&target, rows[i].app, rows[i].tc_url, rows[i].name);
        snprintf(got, sizeof(got), "%s|%s|%s", target.app, target.name, target.query);
        assert_string_equal(got, rows[i].wanted);
        ph_rtmp_target_fini(&target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
