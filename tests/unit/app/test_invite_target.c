/* SPDX-License-Identifier: Apache-2.0 */
#include "app/invite_links.h"
#include "invite_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

static struct ph_invite_target target_of(const struct market *market, const char *name)
{
    struct ph_invite_target target;

    assert_int_equal(ph_invite_target_init(&target, &market->conf, name, NULL), PH_OK);
    return target;
}

static void test_a_channel_s_settings_go_before_srt_s(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    struct ph_invite_target target = target_of(&market, "sinho");
    assert_ptr_equal(target.channel, &market.channels[0]);
    assert_string_equal(target.host, "phien.example");
    assert_int_equal(target.latency_ms, 2000);
    assert_string_equal(target.passphrase, "");
    assert_int_equal(target.rtmp_port, 1935);
    assert_int_equal(target.srt_port, 8890);
    assert_true(target.has_rtmp && target.has_srt && !target.is_portrait);

    market.conf.srt.passphrase = "one-for-everyone";
    assert_string_equal(target_of(&market, "sinho").passphrase, "one-for-everyone");
    target = target_of(&market, "bac-ha");
    assert_int_equal(target.latency_ms, 4000);
    assert_string_equal(target.passphrase, "p@ss&phrase=10%");
}

static void test_what_is_off_is_off(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.rtmp.listen = "";
    assert_false(target_of(&market, "sinho").has_rtmp);
    assert_true(target_of(&market, "sinho").has_srt);
    market.conf.srt.listen = "";
    assert_false(target_of(&market, "sinho").has_srt);
}

static void test_an_unknown_channel_is_not_found(void **state)
{
    static const char *const names[] = {"", "sin", "sinho2", "SINHO", "7f3a19c255d0"};
    struct ph_invite_target target;
    struct market market;

    (void)state;
    market_init(&market);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(ph_invite_target_init(&target, &market.conf, names[i], NULL),
                         PH_ENOTFOUND);
    }
}

static void test_a_key_frame_at_least_as_often_as_segments(void **state)
{
    static const unsigned rows[][2] = {{1000, 1}, {1001, 2}, {1500, 2}, {2000, 2}, {10000, 10}};
    struct market market;

    (void)state;
    market_init(&market);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        market.conf.hls.segment_ms = rows[i][0];
        assert_int_equal(target_of(&market, "sinho").key_frame_s, rows[i][1]);
    }
}

struct host_row {
    const char *said;
    const char *host; /* NULL: refused */
    bool is_local;
};

static void test_hosts_of_the_public_url(void **state)
{
    static const struct host_row rows[] = {
        {"http://localhost:8080", "localhost", true},
        {"http://127.0.0.1", "127.0.0.1", true},
        {"http://127.9.9.9:80/x", "127.9.9.9", true},
        {"http://[::1]:8080", "[::1]", true},
        {"http://0.0.0.0", "0.0.0.0", true},
        {"https://live.sinho.vn/cho", "live.sinho.vn", false},
        {"https://[2001:db8::7]:8443/cho", "[2001:db8::7]", false},
        {"http://192.168.1.20:8080", "192.168.1.20", false},
        {"http://localhost.example", "localhost.example", false},
    };
    struct market market;

    (void)state;
    market_init(&market);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        market.conf.http.public_url = rows[i].said;
        struct ph_invite_target target = target_of(&market, "sinho");
        assert_string_equal(target.host, rows[i].host);
        assert_int_equal(ph_invite_target_is_local(&target), rows[i].is_local);
    }
}

static void test_hosts_that_are_given(void **state)
{
    static const struct host_row rows[] = {
        {"live.sinho.vn", "live.sinho.vn", false},
        {"10.0.0.7", "10.0.0.7", false},
        {"2001:db8::7", "[2001:db8::7]", false},
        {"[2001:db8::7]", "[2001:db8::7]", false},
        {"::ffff:10.0.0.7", "[::ffff:10.0.0.7]", false},
        {"::1", "[::1]", true},
        {"localhost", "localhost", true},
        {"", NULL, false},
        {"phien.example:8890", NULL, false},
        {"[2001:db8::7]:8890", NULL, false},
        {"[phien.example]", NULL, false},
        {"[]", NULL, false},
        {"http://phien.example", NULL, false},
        {"a b", NULL, false},
        {"a?b", NULL, false},
        {"a\nb", NULL, false},
        {"ch\u1ee3.example", NULL, false},
    };
    struct ph_invite_target target;
    struct market market;

    (void)state;
    market_init(&market);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int err = ph_invite_target_init(&target, &market.conf, "sinho", rows[i].said);
        assert_int_equal(err, rows[i].host != NULL ? PH_OK : PH_EINVAL);
        if (rows[i].host != NULL) {
            assert_string_equal(target.host, rows[i].host);
            assert_int_equal(ph_invite_target_is_local(&target), rows[i].is_local);
        }
    }
}

static void test_a_host_may_be_as_long_as_dns_has_them(void **state)
{
    struct ph_invite_target target;
    struct market market;
    char host[300];

    (void)state;
    market_init(&market);
    memset(host, 'a', sizeof(host));
    host[253] = '\0';
    assert_int_equal(ph_invite_target_init(&target, &market.conf, "sinho", host), PH_OK);
    assert_string_equal(target.host, host);
    host[253] = 'a';
    host[254] = '\0';
    assert_int_equal(ph_invite_target_init(&target, &market.conf, "sinho", host), PH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_channel_s_settings_go_before_srt_s),
        cmocka_unit_test(test_what_is_off_is_off),
        cmocka_unit_test(test_an_unknown_channel_is_not_found),
        cmocka_unit_test(test_a_key_frame_at_least_as_often_as_segments),
        cmocka_unit_test(test_hosts_of_the_public_url),
        cmocka_unit_test(test_hosts_that_are_given),
        cmocka_unit_test(test_a_host_may_be_as_long_as_dns_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
