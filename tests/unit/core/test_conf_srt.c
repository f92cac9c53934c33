/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel has of its own, and what it has of the server's. */
#include <phien/core/conf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct ph_conf conf = {
    .srt = {.latency_ms = 2000, .passphrase = "the-servers-passphrase"},
};

static void a_channel_has_the_servers_settings(void **state)
{
    const struct ph_conf_channel channel = {.name = "sinho", .srt_passphrase = ""};

    (void)state;
    assert_int_equal(ph_conf_srt_latency_ms(&conf, &channel), 2000);
    assert_string_equal(ph_conf_srt_passphrase(&conf, &channel), "the-servers-passphrase");
}

static void or_its_own(void **state)
{
    const struct ph_conf_channel channel = {
        .name = "sinho", .srt_passphrase = "the-channels-own", .srt_latency_ms = 300};

    (void)state;
    assert_int_equal(ph_conf_srt_latency_ms(&conf, &channel), 300);
    assert_string_equal(ph_conf_srt_passphrase(&conf, &channel), "the-channels-own");
}

static void or_no_passphrase_at_all(void **state)
{
    const struct ph_conf open = {.srt = {.latency_ms = 20, .passphrase = ""}};
    const struct ph_conf_channel channel = {.name = "sinho", .srt_passphrase = ""};

    (void)state;
    assert_string_equal(ph_conf_srt_passphrase(&open, &channel), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_has_the_servers_settings),
        cmocka_unit_test(or_its_own),
        cmocka_unit_test(or_no_passphrase_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
