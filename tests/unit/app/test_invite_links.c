/* SPDX-License-Identifier: Apache-2.0 */
#include "app/invite_links.h"
#include "app/qr.h"
#include "invite_fixture.h"

#include <phien/core/query.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct ph_invite_target target_of(const struct market *market, const char *name)
{
    struct ph_invite_target target;

    assert_int_equal(ph_invite_target_init(&target, &market->conf, name, NULL), PH_OK);
    return target;
}

static char *link_of(const struct market *market, const char *name, enum ph_invite_kind kind)
{
    struct ph_invite_target target = target_of(market, name);

    return ph_invite_link(&target, kind);
}

static void assert_link(const struct market *market, const char *name, enum ph_invite_kind kind,
                        const char *expected)
{
    char *link = link_of(market, name, kind);

    assert_non_null(link);
    assert_string_equal(link, expected);
    free(link);
}

/* What a parameter of the link is, percent-decoded; "(absent)" without one. */
static const char *value_of(const char *link, const char *name)
{
    static char value[2048];
    const char *query = strchr(link, '?');

    assert_non_null(query);
    return ph_query_get(query + 1, name, value, sizeof(value)) ? value : "(absent)";
}

static void test_addresses(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    assert_link(&market, "sinho", PH_INVITE_RTMP,
                "rtmp://phien.example/live/sinho?key=7f3a19c255d0");
    assert_link(&market, "sinho", PH_INVITE_SRT,
                "srt://phien.example:8890?streamid=7f3a19c255d0&latency=2000");
    market.conf.rtmp.listen = "[::]:19350";
    market.conf.http.public_url = "http://[2001:db8::7]:8080";
    assert_link(&market, "sinho", PH_INVITE_RTMP,
                "rtmp://[2001:db8::7]:19350/live/sinho?key=7f3a19c255d0");
    struct ph_invite_target target = target_of(&market, "sinho");
    char *server = ph_invite_rtmp_server(&target);
    assert_string_equal(server, "rtmp://[2001:db8::7]:19350/live");
    free(server);
}

static void test_what_is_not_plain_is_encoded_and_decodes_to_itself(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    char *rtmp = link_of(&market, "bac-ha", PH_INVITE_RTMP);
    char *srt = link_of(&market, "bac-ha", PH_INVITE_SRT);
    char *larix = link_of(&market, "bac-ha", PH_INVITE_LARIX);
    assert_string_equal(value_of(rtmp, "key"), "key:of+bac,ha");
    assert_string_equal(value_of(srt, "streamid"), "bac-ha?key=key:of+bac,ha");
    assert_string_equal(value_of(srt, "latency"), "4000");
    assert_string_equal(value_of(srt, "passphrase"), "p@ss&phrase=10%");
    assert_string_equal(value_of(larix, "conn[][srtpass]"), "p@ss&phrase=10%");
    assert_string_equal(value_of(larix, "conn[][srtpbkl]"), "16");
    assert_non_null(strstr(larix, "&conn[][srtstreamid]=bac-ha%3Fkey%3Dkey:of%2Bbac%2Cha&"));
    for (const char *c = larix; *c != '\0'; c++) {
        assert_true(*c > ' ' && *c < 0x7f && strchr("\"<>\\^`{|}#", *c) == NULL);
    }
    free(rtmp);
    free(srt);
    free(larix);
}

static const char *const larix_of_sinho[][2] = {
    {"conn[][url]", "srt://phien.example:8890"},
    {"conn[][srtlatency]", "2000"},
    {"conn[][srtpass]", "(absent)"},
    {"conn[][srtpbkl]", "(absent)"},
    {"conn[][srtstreamid]", "7f3a19c255d0"},
    {"conn[][name]", "sinho"},
    {"conn[][overwrite]", "on"},
    {"conn[][user]", "(absent)"}, /* Larix refuses a connection of SRT with it */
    {"enc[vid][res]", "1280x720"},
    {"enc[vid][orientation]", "horizontal"},
    {"enc[vid][fps]", "30"},
    {"enc[vid][bitrate]", "2500"},
    {"enc[vid][keyframe]", "2"},
    {"enc[vid][format]", "avc"},
    {"enc[vid][adaptiveBitrate]", "3"},
    {"enc[aud][bitrate]", "128"},
    {"enc[aud][samples]", "48000"},
    {"enc[aud][channels]", "2"},
};

static void test_larix(void **state)
{
    static const char begin[] = "larix://set/v1?conn[][url]=srt:%2F%2Fphien.example:8890&conn";
    struct market market;

    (void)state;
    market_init(&market);
    char *link = link_of(&market, "sinho", PH_INVITE_LARIX);
    assert_memory_equal(link, begin, strlen(begin));
    for (size_t i = 0; i < sizeof(larix_of_sinho) / sizeof(larix_of_sinho[0]); i++) {
        assert_string_equal(value_of(link, larix_of_sinho[i][0]), larix_of_sinho[i][1]);
    }
    free(link);
}

static void test_larix_for_a_phone_held_upright(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.hls.segment_ms = 3500;
    struct ph_invite_target target = target_of(&market, "sinho");
    target.is_portrait = true;
    char *link = ph_invite_link(&target, PH_INVITE_LARIX);
    assert_string_equal(value_of(link, "enc[vid][orientation]"), "vertical");
    assert_string_equal(value_of(link, "enc[vid][keyframe]"), "4");
    free(link);
}

/* With a key as `openssl rand -hex 16` makes them. */
static void test_larix_fits_a_terminal(void **state)
{
    struct market market;
    struct ph_qr *qr = NULL;

    (void)state;
    market_init(&market);
    market.channels[0].key = "0123456789abcdef0123456789abcdef";
    char *link = link_of(&market, "sinho", PH_INVITE_LARIX);
    assert_int_equal(ph_qr_create(&qr, link, false), PH_OK);
    assert_true(ph_qr_size(qr) <= 80);
    ph_qr_destroy(&qr);
    free(link);
}

/* The JSON of a Moblin link. */
static json_t *moblin_of(const struct market *market, const char *name)
{
    static const char scheme[] = "moblin://?";
    char text[4096];
    char *link = link_of(market, name, PH_INVITE_MOBLIN);

    assert_memory_equal(link, scheme, strlen(scheme));
    const char *query = link + strlen(scheme);
    assert_int_equal(strcspn(query, "&=#?+\" {}[]"), strlen(query));
    assert_true(ph_percent_decode(query, strlen(query), text, sizeof(text)));
    json_t *settings = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(settings);
    free(link);
    return settings;
}

static void test_moblin(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    json_t *expected = json_loads(
        "{\"streams\":[{\"name\":\"bac-ha\",\"url\":\"srt://phien.example:8890?streamid=bac-ha%3F"
        "key%3Dkey%3Aof%2Bbac%2Cha&latency=4000&passphrase=p%40ss%26phrase%3D10%25\","
        "\"selected\":true,\"video\":{\"resolution\":\"1280x720\",\"fps\":30,\"bitrate\":2500000,"
        "\"codec\":\"H.264/AVC\",\"bFrames\":false,\"maxKeyFrameInterval\":2},\"audio\":{"
        "\"bitrate\":128000},\"srt\":{\"latency\":4000,\"adaptiveBitrateEnabled\":true}}]}",
        0, NULL);
    json_t *settings = moblin_of(&market, "bac-ha");
    assert_non_null(expected);
    assert_true(json_equal(settings, expected));
    json_decref(settings);
    json_decref(expected);
}

static void test_without_srt_the_apps_get_rtmp(void **state)
{
    static const char address[] = "rtmp://phien.example/live/sinho?key=7f3a19c255d0";
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.srt.listen = "";
    assert_null(link_of(&market, "sinho", PH_INVITE_SRT));
    char *larix = link_of(&market, "sinho", PH_INVITE_LARIX);
    assert_string_equal(value_of(larix, "conn[][url]"), address);
    assert_null(strstr(larix, "srt"));
    free(larix);
    json_t *settings = moblin_of(&market, "sinho");
    json_t *stream = json_array_get(json_object_get(settings, "streams"), 0);
    assert_string_equal(json_string_value(json_object_get(stream, "url")), address);
    assert_null(json_object_get(stream, "srt"));
    json_decref(settings);
}

static void test_without_rtmp_there_is_no_address_of_it(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.rtmp.listen = "";
    assert_null(link_of(&market, "sinho", PH_INVITE_RTMP));
    char *larix = link_of(&market, "sinho", PH_INVITE_LARIX);
    assert_string_equal(value_of(larix, "conn[][url]"), "srt://phien.example:8890");
    free(larix);
    market.conf.srt.listen = "";
    for (int kind = PH_INVITE_RTMP; kind < PH_INVITE_COUNT; kind++) {
        assert_null(link_of(&market, "sinho", (enum ph_invite_kind)kind));
    }
}

static void test_the_studio_needs_a_token(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    assert_null(link_of(&market, "sinho", PH_INVITE_STUDIO));
    market.conf.http.public_url = "https://phien.example/";
    market.channels[0].overlay_token = "a+b/c=&";
    market.conf.rtmp.listen = "";
    market.conf.srt.listen = "";
    char *link = link_of(&market, "sinho", PH_INVITE_STUDIO);
    assert_string_equal(link, "https://phien.example/studio/sinho?token=a%2Bb%2Fc%3D%26");
    free(link);
}

static void test_the_longest_secrets_still_make_a_qr_code(void **state)
{
    struct market market;
    struct ph_qr *qr = NULL;
    char name[65];
    char key[129];
    char passphrase[80];

    (void)state;
    market_init(&market);
    memset(name, 'n', sizeof(name) - 1);
    memset(key, ':', sizeof(key) - 1);
    memset(passphrase, '%', sizeof(passphrase) - 1);
    name[64] = key[128] = passphrase[79] = '\0';
    market.channels[0] = (struct ph_conf_channel){
        .name = name, .key = key, .title = "", .overlay_token = key, .srt_passphrase = passphrase};
    for (int kind = PH_INVITE_RTMP; kind < PH_INVITE_COUNT; kind++) {
        char *link = link_of(&market, name, (enum ph_invite_kind)kind);
        assert_int_equal(ph_qr_create(&qr, link, true), PH_OK);
        ph_qr_destroy(&qr);
        free(link);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_what_is_not_plain_is_encoded_and_decodes_to_itself),
        cmocka_unit_test(test_larix),
        cmocka_unit_test(test_larix_for_a_phone_held_upright),
        cmocka_unit_test(test_larix_fits_a_terminal),
        cmocka_unit_test(test_moblin),
        cmocka_unit_test(test_without_srt_the_apps_get_rtmp),
        cmocka_unit_test(test_without_rtmp_there_is_no_address_of_it),
        cmocka_unit_test(test_the_studio_needs_a_token),
        cmocka_unit_test(test_the_longest_secrets_still_make_a_qr_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
