/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/publisher.h"

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
    enum ph_close_reason reason;
    const char *channel;
};

static const struct row rows[] = {
    {"live/sinho", "key=key-of-sinho", PH_CLOSE_NONE, "sinho"},
    {"live/sinho", "x=1&key=key-of-sinho&y=2", PH_CLOSE_NONE, "sinho"},
    {"live/sinho", "key=key%2dof%2Dsinho", PH_CLOSE_NONE, "sinho"},
    {"sinho", "key=key-of-sinho", PH_CLOSE_NONE, "sinho"},
    {"live/key-of-sinho", "", PH_CLOSE_NONE, "sinho"},
    {"key-of-sinho", "", PH_CLOSE_NONE, "sinho"},
    {"/key-of-sinho", "", PH_CLOSE_NONE, "sinho"},
    {"live/sinho/key-of-sinho", "", PH_CLOSE_NONE, "sinho"},
    {"live//sinho/", "key=key-of-sinho", PH_CLOSE_NONE, "sinho"},
    {"key-of-sinho/", "", PH_CLOSE_NONE, "sinho"},
    {"live/chilang", "key=key-of-chilang", PH_CLOSE_NONE, "chilang"},
    /* A stream id of SRT may be the key alone, or have words before it that mean nothing here. */
    {"", "key=key-of-sinho", PH_CLOSE_NONE, "sinho"},
    {"input/key-of-sinho", "", PH_CLOSE_NONE, "sinho"},
    {"publish/sinho/key-of-sinho", "key=wrong", PH_CLOSE_NONE, "sinho"},
    /* An app may insist on a stream name: the key alone decides. */
    {"live/stream", "key=key-of-chilang", PH_CLOSE_NONE, "chilang"},

    /* The application's name may be a channel's as well. */
    {"live/live", "key=key-of-live", PH_CLOSE_NONE, "live"},
    {"live/key-of-live", "", PH_CLOSE_NONE, "live"},
    {"live/", "key=key-of-live", PH_CLOSE_NONE, "live"},
    {"live", "key=key-of-live", PH_CLOSE_NONE, "live"},
    {"live/live", "key=key-of-sinho", PH_CLOSE_BAD_KEY, "live"},

    /* Refused, with the channel that was named, for the log. */
    {"live/sinho", "", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho", "key=", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho", "key=wrong", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho", "key=key-of-sinho2", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho", "key=key-of-sinh", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho", "token=key-of-sinho", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/sinho/wrong", "", PH_CLOSE_BAD_KEY, "sinho"},
    /* A key of another channel: the wrong market would be on air. */
    {"live/sinho", "key=key-of-chilang", PH_CLOSE_BAD_KEY, "sinho"},
    {"live/chilang/key-of-sinho", "", PH_CLOSE_BAD_KEY, "chilang"},
    {"sinho/chilang", "key=key-of-chilang", PH_CLOSE_BAD_KEY, "chilang"},

    {"", "", PH_CLOSE_UNKNOWN_CHANNEL, NULL},
    {"live/", "", PH_CLOSE_UNKNOWN_CHANNEL, NULL},
    {"live/nobody", "", PH_CLOSE_UNKNOWN_CHANNEL, NULL},
    {"live/nobody", "key=wrong", PH_CLOSE_UNKNOWN_CHANNEL, NULL},
    {"live/../sinho2", "", PH_CLOSE_UNKNOWN_CHANNEL, NULL},
};

static void finds_the_channel_or_says_why_not(void **state)
{
    struct ph_conf_channel channels[] = {
        {.name = "sinho", .key = "key-of-sinho", .title = "", .overlay_token = ""},
        {.name = "chilang", .key = "key-of-chilang", .title = "", .overlay_token = ""},
        {.name = "live", .key = "key-of-live", .title = "", .overlay_token = ""},
    };
    struct ph_conf conf = {.workers = 1, .channels = channels, .channels_count = 3};
    struct ph_stats stats = {0};
    struct ph_stats *all_stats[] = {&stats};
    struct ph_registry *registry = ph_registry_create(&conf, all_stats);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ph_registry_entry *entry = NULL;
        enum ph_close_reason reason =
            ph_publish_authorise(registry, rows[i].path, rows[i].query, &entry);
        if (reason != rows[i].reason) {
            fail_msg("%s?%s: %s instead of %s", rows[i].path, rows[i].query,
                     ph_close_reason_name(reason), ph_close_reason_name(rows[i].reason));
        }
        if (rows[i].channel == NULL) {
            assert_null(entry);
        } else {
            assert_non_null(entry);
            if (strcmp(entry->conf->name, rows[i].channel) != 0) {
                fail_msg("%s?%s: %s instead of %s", rows[i].path, rows[i].query, entry->conf->name,
                         rows[i].channel);
            }
        }
    }
    ph_registry_destroy(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_channel_or_says_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
