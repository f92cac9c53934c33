/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/srt/access.h"

#include <phien/core/mem.h>
#include <phien/core/stats.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ph_stats stats;
static struct ph_registry *registry;

static int set_up(void **state)
{
    static struct ph_conf_channel channels[] = {
        {.name = "sinho", .key = "s3cret-key", .title = "", .srt_passphrase = ""},
        {.name = "bacha", .key = "an0ther-key", .title = "", .srt_passphrase = ""},
    };
    static struct ph_conf conf = {
        .workers = 1, .channels = channels, .channels_count = PH_ARRAY_SIZE(channels)};
    static struct ph_stats *const all[] = {&stats};

    (void)state;
    registry = ph_registry_create(&conf, all);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_registry_destroy(&registry);
    return 0;
}

struct expectation {
    int handshake_version;
    const char *streamid;
    enum ph_close_reason refusal;
    int code;            /* of a refusal */
    const char *channel; /* that it is about */
};

static void check(const struct expectation *expected)
{
    struct ph_srt_verdict verdict;

    memset(&verdict, 0xa5, sizeof(verdict));
    ph_srt_access_check(&verdict, registry, expected->handshake_version, expected->streamid);
    const char *channel = verdict.entry != NULL ? verdict.entry->conf->name : "";
    if (verdict.refusal != expected->refusal || strcmp(channel, expected->channel) != 0) {
        fail_msg("%s: %s for \"%s\"", expected->streamid, ph_close_reason_name(verdict.refusal),
                 channel);
    }
    if (expected->refusal != PH_CLOSE_NONE) {
        assert_int_equal(ph_srt_access_code(&verdict), expected->code);
        assert_true(strlen(verdict.hint) > 10);
        assert_null(strstr(verdict.hint, "s3cret"));
    } else {
        assert_null(verdict.hint);
    }
}

static void who_has_the_key_is_welcome(void **state)
{
    static const struct expectation cases[] = {
        {5, "#!::r=live/sinho,m=publish,s=s3cret-key", PH_CLOSE_NONE, 0, "sinho"},
        {5, "#!::r=sinho,u=s3cret-key", PH_CLOSE_NONE, 0, "sinho"},
        {5, "publish:bacha:an0ther-key", PH_CLOSE_NONE, 0, "bacha"},
        {5, "sinho?key=s3cret-key", PH_CLOSE_NONE, 0, "sinho"},
        {5, "s3cret-key", PH_CLOSE_NONE, 0, "sinho"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        check(&cases[i]);
    }
}

static void who_has_not_is_told_why(void **state)
{
    static const struct expectation cases[] = {
        {5, "publish:sinho:wr0ng-key", PH_CLOSE_BAD_KEY, 1401, "sinho"},
        {5, "publish:sinho:an0ther-key", PH_CLOSE_BAD_KEY, 1401, "sinho"},
        {5, "sinho", PH_CLOSE_BAD_KEY, 1401, "sinho"},
        {5, "publish:nobody:wr0ng-key", PH_CLOSE_UNKNOWN_CHANNEL, 1404, ""},
        {5, "", PH_CLOSE_UNKNOWN_CHANNEL, 1404, ""},
        {5, "#!::r=sinho,m=request,s=s3cret-key", PH_CLOSE_PLAY_REFUSED, 1405, ""},
        {5, "read:sinho", PH_CLOSE_PLAY_REFUSED, 1405, ""},
        {5, "#!:{nested}", PH_CLOSE_BAD_STREAMID, 1400, ""},
        {5, "sinho\x01", PH_CLOSE_BAD_STREAMID, 1400, ""},
        {4, "", PH_CLOSE_PROTOCOL, 1403, ""},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        check(&cases[i]);
    }
}

static void limits_have_a_code_of_their_own(void **state)
{
    struct ph_srt_verdict verdict;

    (void)state;
    ph_srt_access_check(&verdict, registry, 5, "s3cret-key");
    ph_srt_access_refuse(&verdict, PH_CLOSE_TOO_MANY_CONNECTIONS, "fewer");
    assert_int_equal(ph_srt_access_code(&verdict), 1402);
    ph_srt_access_refuse(&verdict, PH_CLOSE_ALREADY_PUBLISHING, "fewer");
    assert_int_equal(ph_srt_access_code(&verdict), 1409);
    assert_string_equal(verdict.hint, "fewer");
    assert_string_equal(verdict.entry->conf->name, "sinho");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_the_key_is_welcome),
        cmocka_unit_test(who_has_not_is_told_why),
        cmocka_unit_test(limits_have_a_code_of_their_own),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
