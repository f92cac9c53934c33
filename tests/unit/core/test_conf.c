/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/conf.h>
#include <phien/core/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANNEL "channels:\n  - name: a\n    key: abcd\n"

static struct ph_conf *parse_good(const char *yaml)
{
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;

    if (ph_conf_parse(&conf, yaml, strlen(yaml), &error) != PH_OK) {
        fail_msg("refused: line %u: %s: %s\n%s", error.line, error.key, error.text, yaml);
    }
    return conf;
}

static void check_refused(const char *yaml, size_t len, const char *expected)
{
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;
    char message[640];

    int err = ph_conf_parse(&conf, yaml, len, &error);
    ph_conf_error_format(&error, "x.yaml", message, sizeof(message));
    if (err != PH_EINVAL || strcmp(message, expected) != 0) {
        fail_msg("\nfile:     %.400s\nresult:   %d\nexpected: %s\nseen:     %s", yaml, err,
                 expected, message);
    }
    assert_null(conf);
}

struct bad_file {
    const char *yaml;
    const char *expected;
};

static void check_all_refused(const struct bad_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_refused(files[i].yaml, strlen(files[i].yaml), files[i].expected);
    }
}

static void least_file_gives_all_defaults(void **state)
{
    (void)state;
    struct ph_conf *conf = parse_good(CHANNEL);
    cpu_set_t cores;

    assert_int_equal(sched_getaffinity(0, sizeof(cores), &cores), 0);
    assert_int_equal(conf->workers, CPU_COUNT(&cores) < 64 ? CPU_COUNT(&cores) : 64);
    assert_int_equal(conf->log.level, PH_LOG_INFO);
    assert_int_equal(conf->log.format, PH_LOG_FORMAT_TEXT);
    assert_string_equal(conf->rtmp.listen, "0.0.0.0:1935");
    assert_int_equal(conf->rtmp.max_connections_per_ip, 20);
    assert_int_equal(conf->rtmp.max_bitrate_kbps, 20000);
    assert_string_equal(conf->srt.listen, "0.0.0.0:8890");
    assert_int_equal(conf->srt.latency_ms, 2000);
    assert_string_equal(conf->srt.passphrase, "");
    assert_int_equal(conf->srt.on_loss, PH_CONF_ON_LOSS_DROP);
    assert_int_equal(conf->srt.reorder_packets, 40);
    assert_int_equal(conf->srt.max_connections_per_ip, 20);
    assert_int_equal(conf->srt.max_bitrate_kbps, 20000);
    assert_string_equal(conf->http.listen, "0.0.0.0:8080");
    assert_string_equal(conf->http.public_url, "http://localhost:8080");
    assert_int_equal(conf->hls.part_ms, 250);
    assert_int_equal(conf->hls.segment_ms, 2000);
    assert_int_equal(conf->hls.window_s, 30);
    assert_int_equal(conf->hls.max_channel_bytes, 64 * 1024 * 1024);
    assert_true(conf->hls.mpegts);
    assert_int_equal(conf->publish.grace_s, 90);
    assert_string_equal(conf->state, "var/phien.state");
    assert_int_equal(conf->publish.takeover, PH_CONF_TAKEOVER_NEWEST);
    assert_int_equal(conf->publish.linger_s, 15);
    assert_true(conf->publish.slate);
    assert_int_equal(conf->publish.idle_timeout_s, 10);
    assert_string_equal(conf->overlay.database, "var/phien.db");
    assert_int_equal(conf->overlay.writes_per_s, 10);
    assert_string_equal(conf->admin.token, "");
    assert_int_equal(conf->channels_count, 1);
    assert_string_equal(conf->channels[0].name, "a");
    assert_string_equal(conf->channels[0].key, "abcd");
    assert_string_equal(conf->channels[0].title, "a");
    assert_string_equal(conf->channels[0].overlay_token, "");
    assert_string_equal(conf->channels[0].srt_passphrase, "");
    assert_int_equal(conf->channels[0].srt_latency_ms, 0);
    ph_conf_destroy(&conf);
    assert_null(conf);
}

static void every_key_is_loaded(void **state)
{
    (void)state;
    struct ph_conf *conf = parse_good("workers: 3\n"
                                      "log: {level: debug, format: json}\n"
                                      "rtmp:\n"
                                      "  listen: '*:1936'\n"
                                      "  max_connections_per_ip: 0\n"
                                      "  max_bitrate_kbps: 5000\n"
                                      "srt:\n"
                                      "  listen: '[::]:1'\n"
                                      "  latency_ms: 20\n"
                                      "  passphrase: 0123456789\n"
                                      "  on_loss: pass\n"
                                      "  reorder_packets: 0\n"
                                      "  max_connections_per_ip: 0\n"
                                      "  max_bitrate_kbps: 100\n"
                                      "http: {listen: \"[::1]:81\", public_url: https://h/p/ }\n"
                                      "hls:\n"
                                      "  part_ms: 100\n"
                                      "  segment_ms: 10000\n"
                                      "  window_s: 3600\n"
                                      "  max_channel_mb: 2048\n"
                                      "  mpegts: false\n"
                                      "state: ''\n"
                                      "publish: {takeover: refuse, grace_s: 0, linger_s: 3600,\n"
                                      "  idle_timeout_s: 300, slate: false}\n"
                                      "overlay: {database: /d/x.db, writes_per_s: 0}\n"
                                      "admin: {token: 12345678}\n" CHANNEL);

    assert_int_equal(conf->workers, 3);
    assert_int_equal(conf->log.level, PH_LOG_DEBUG);
    assert_int_equal(conf->log.format, PH_LOG_FORMAT_JSON);
    assert_string_equal(conf->rtmp.listen, "*:1936");
    assert_int_equal(conf->rtmp.max_connections_per_ip, 0);
    assert_int_equal(conf->rtmp.max_bitrate_kbps, 5000);
    assert_string_equal(conf->srt.listen, "[::]:1");
    assert_int_equal(conf->srt.latency_ms, 20);
    assert_string_equal(conf->srt.passphrase, "0123456789");
    assert_int_equal(conf->srt.on_loss, PH_CONF_ON_LOSS_PASS);
    assert_int_equal(conf->srt.reorder_packets, 0);
    assert_int_equal(conf->srt.max_connections_per_ip, 0);
    assert_int_equal(conf->srt.max_bitrate_kbps, 100);
    assert_string_equal(conf->http.listen, "[::1]:81");
    assert_string_equal(conf->http.public_url, "https://h/p");
    assert_int_equal(conf->hls.part_ms, 100);
    assert_int_equal(conf->hls.segment_ms, 10000);
    assert_int_equal(conf->hls.window_s, 3600);
    assert_true(conf->hls.max_channel_bytes == 2048u * 1024 * 1024);
    assert_false(conf->hls.mpegts);
    assert_int_equal(conf->publish.grace_s, 0);
    assert_string_equal(conf->state, "");
    assert_int_equal(conf->publish.takeover, PH_CONF_TAKEOVER_REFUSE);
    assert_int_equal(conf->publish.linger_s, 3600);
    assert_false(conf->publish.slate);
    assert_int_equal(conf->publish.idle_timeout_s, 300);
    assert_string_equal(conf->overlay.database, "/d/x.db");
    assert_int_equal(conf->overlay.writes_per_s, 0);
    assert_string_equal(conf->admin.token, "12345678");
    ph_conf_destroy(&conf);
}

static void every_key_of_a_channel_is_loaded(void **state)
{
    (void)state;
    struct ph_conf *conf = parse_good("channels:\n"
                                      "  - {name: sinho, key: \"0123\", title: 'Chợ \"Sìn\" Hồ'}\n"
                                      "  - name: b_2-\n"
                                      "    overlay_token: o!erlay-token\n"
                                      "    srt_passphrase: p&ss/phrase?\n"
                                      "    srt_latency_ms: 10000\n"
                                      "    key: 'k\"~:+'\n");

    assert_int_equal(conf->channels_count, 2);
    assert_string_equal(conf->channels[0].name, "sinho");
    assert_string_equal(conf->channels[0].key, "0123");
    assert_string_equal(conf->channels[0].title, "Chợ \"Sìn\" Hồ");
    assert_string_equal(conf->channels[0].overlay_token, "");
    assert_string_equal(conf->channels[1].name, "b_2-");
    assert_string_equal(conf->channels[1].key, "k\"~:+");
    assert_string_equal(conf->channels[1].title, "b_2-");
    assert_string_equal(conf->channels[1].overlay_token, "o!erlay-token");
    assert_string_equal(conf->channels[0].srt_passphrase, "");
    assert_int_equal(conf->channels[0].srt_latency_ms, 0);
    assert_string_equal(conf->channels[1].srt_passphrase, "p&ss/phrase?");
    assert_int_equal(conf->channels[1].srt_latency_ms, 10000);
    ph_conf_destroy(&conf);
}

static void forms_of_text_are_accepted(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "rtmp: {listen: \"\"}\n",
        "rtmp: {listen: }\n",
        "rtmp: {listen: 127.0.0.1:0}\n",
        "rtmp: {listen: \"[2001:db8::1]:65535\"}\n",
        "http: {public_url: http://example.org}\n",
        "http: {public_url: \"https://live.example.org:8443/a/b\"}\n",
        "http: {public_url: \"http://[::1]:80\"}\n",
        "http: {public_url: \"http://[::1]\"}\n",
        "admin: {token: \"\"}\n",
        "admin: {token: }\n",
        /* RTMP and HTTP on ports that differ, on interfaces that differ, or on any free port. */
        "rtmp: {listen: 0.0.0.0:80}\nhttp: {listen: 0.0.0.0:81}\n",
        "rtmp: {listen: 127.0.0.1:80}\nhttp: {listen: 127.0.0.2:80}\n",
        "rtmp: {listen: 127.0.0.1:0}\nhttp: {listen: 127.0.0.1:0}\n",
        "rtmp: {listen: \"\"}\nhttp: {listen: 127.0.0.1:1935}\n",
        /* SRT is UDP: it has ports of its own. */
        "rtmp: {listen: 0.0.0.0:8890}\nhttp: {listen: 0.0.0.0:80}\nsrt: {listen: 0.0.0.0:80}\n",
        "srt: {listen: \"\"}\n",
        "srt: {passphrase: \"\"}\n",
        "hls: {window_s: 6}\n",
        "hls: {segment_ms: 10000}\n",
        "\"workers\": 1\n",
        "log: {level: \"info\"}\n",
        "---\n",
        "%YAML 1.1\n---\n",
        "\xef\xbb\xbf# as Windows' editor saves\n",
        "# with the line ends of Windows\r\nworkers: 1\r\n",
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(lines); i++) {
        char yaml[512];
        snprintf(yaml, sizeof(yaml), "%s%s", lines[i], CHANNEL);
        struct ph_conf *conf = parse_good(yaml);
        ph_conf_destroy(&conf);
    }
}

static void slashes_are_stripped_from_the_url(void **state)
{
    (void)state;
    struct ph_conf *conf = parse_good("http: {public_url: \"http://h:80///\"}\n" CHANNEL);

    assert_string_equal(conf->http.public_url, "http://h:80");
    ph_conf_destroy(&conf);
}

static void lengths_count_characters(void **state)
{
    (void)state;
    char title[301] = "";

    for (size_t i = 0; i < 100; i++) {
        memcpy(title + 3 * i, "ợ", 4);
    }
    char yaml[512];
    snprintf(yaml, sizeof(yaml), CHANNEL "    title: %s\n", title);
    struct ph_conf *conf = parse_good(yaml);
    assert_string_equal(conf->channels[0].title, title);
    ph_conf_destroy(&conf);
    snprintf(yaml, sizeof(yaml), CHANNEL "    title: %sx\n", title);
    check_refused(yaml, strlen(yaml),
                  "x.yaml:4: channels[0].title: has 101 characters; write 1 to 100 characters on "
                  "one line, or \"\" for the channel's name");
}

#define ALLOWED_TOP                                                                                \
    "(allowed: workers, state, log, rtmp, srt, http, hls, publish, overlay, admin, channels)"
#define ALLOWED_RTMP "(allowed: listen, max_connections_per_ip, max_bitrate_kbps)"
#define ALLOWED_SRT                                                                                \
    "(allowed: listen, latency_ms, passphrase, on_loss, reorder_packets, max_connections_per_ip, " \
    "max_bitrate_kbps)"
#define ALLOWED_HLS "(allowed: part_ms, segment_ms, window_s, max_channel_mb, mpegts)"
#define ALLOWED_CHANNEL "(allowed: name, key, title, overlay_token, srt_passphrase, srt_latency_ms)"
#define ADDRESS "\"IPV4:PORT\", \"[IPV6]:PORT\" or \"*:PORT\""
#define GROUP "must be a group of keys, each on a line of its own below it and indented "

static void unknown_keys_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"rtmp:\n  lisen: \"0.0.0.0:1935\"\n" CHANNEL,
         "x.yaml:2: rtmp.lisen: unknown key; did you mean \"listen\"? " ALLOWED_RTMP},
        {"rtmp:\n  listne: \"0.0.0.0:1935\"\n" CHANNEL,
         "x.yaml:2: rtmp.listne: unknown key; did you mean \"listen\"? " ALLOWED_RTMP},
        {"hls:\n  partms: 250\n" CHANNEL,
         "x.yaml:2: hls.partms: unknown key; did you mean \"part_ms\"? " ALLOWED_HLS},
        {"hls:\n  Part_MS: 250\n" CHANNEL, "x.yaml:2: hls.Part_MS: unknown key " ALLOWED_HLS},
        {"hls:\n  grace_s: 250\n" CHANNEL,
         "x.yaml:2: hls.grace_s: unknown key; did you mean \"publish.grace_s\"? " ALLOWED_HLS},
        {"# a comment\n\npart_ms: 250\n" CHANNEL,
         "x.yaml:3: part_ms: unknown key; did you mean \"hls.part_ms\"? " ALLOWED_TOP},
        {"srt: {latency: 500}\n" CHANNEL,
         "x.yaml:1: srt.latency: unknown key; did you mean \"latency_ms\"? " ALLOWED_SRT},
        {"srt: {pasphrase: 0123456789}\n" CHANNEL,
         "x.yaml:1: srt.pasphrase: unknown key; did you mean \"passphrase\"? " ALLOWED_SRT},
        {CHANNEL "    latency_ms: 500\n",
         "x.yaml:4: channels[0].latency_ms: unknown key " ALLOWED_CHANNEL},
        {"relays: {database: var/phien.db}\n" CHANNEL,
         "x.yaml:1: relays: unknown key " ALLOWED_TOP},
        {"channel: []\n",
         "x.yaml:1: channel: unknown key; did you mean \"channels\"? " ALLOWED_TOP},
        {CHANNEL "    nmae: b\n",
         "x.yaml:4: channels[0].nmae: unknown key; did you mean \"name\"? " ALLOWED_CHANNEL},
        {CHANNEL "    token: b\n", "x.yaml:4: channels[0].token: unknown key " ALLOWED_CHANNEL},
        {CHANNEL "    ? \"na\\0me\"\n    : b\n",
         "x.yaml:4: channels[0].na?me: unknown key; did you mean \"name\"? " ALLOWED_CHANNEL},
        {CHANNEL "123456789012345678901234567890123456789ợợ: 1\n",
         "x.yaml:4: 123456789012345678901234567890123456789...: unknown key " ALLOWED_TOP},
        {"\"\": 1\n", "x.yaml:1: unknown key " ALLOWED_TOP},
        {"[a, b]: 1\n", "x.yaml:1: a key must be a single word"},
        {"rtmp: {{a: b}: 1}\n", "x.yaml:1: rtmp: a key must be a single word"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void keys_that_are_there_twice_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"workers: 1\n" CHANNEL "workers: 1\n",
         "x.yaml:5: workers: is there twice; the first is in line 1"},
        {"hls:\n  part_ms: 250\n  window_s: 30\n  part_ms: 250\n" CHANNEL,
         "x.yaml:4: hls.part_ms: is there twice; the first is in line 2"},
        {"log: {level: info}\n" CHANNEL "log: {format: text}\n",
         "x.yaml:5: log: is there twice; the first is in line 1"},
        {CHANNEL CHANNEL, "x.yaml:4: channels: is there twice; the first is in line 1"},
        {CHANNEL "    key: abcd\n",
         "x.yaml:4: channels[0].key: is there twice; the first is in line 3"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void wrong_types_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"workers: many\n", "x.yaml:1: workers: \"many\" is not a whole number; write a number of "
                            "threads from 1 to 64, or 0 for one for each core"},
        {"workers:\n" CHANNEL, "x.yaml:1: workers: has no value; write a number of threads from 1 "
                               "to 64, or 0 for one for each core"},
        {"hls:\n  part_ms: \"250\"\n",
         "x.yaml:2: hls.part_ms: \"250\" is a text because of its quotes; write a number of "
         "milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 250ms\n", "x.yaml:2: hls.part_ms: \"250ms\" is not a whole number; "
                                     "write a number of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 250.0\n", "x.yaml:2: hls.part_ms: \"250.0\" is not a whole number; "
                                     "write a number of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 0x100\n", "x.yaml:2: hls.part_ms: \"0x100\" is not a whole number; "
                                     "write a number of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 0250\n", "x.yaml:2: hls.part_ms: \"0250\" is not a whole number; write "
                                    "a number of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: -\n", "x.yaml:2: not valid YAML: block sequence entries are not "
                                 "allowed in this context"},
        {"hls:\n  part_ms: [250]\n", "x.yaml:2: hls.part_ms: is a list; write a number of "
                                     "milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: {a: 250}\n", "x.yaml:2: hls.part_ms: is a group of keys; write a "
                                        "number of milliseconds from 100 to 1000"},
        {"hls:\n  mpegts: yes\n",
         "x.yaml:2: hls.mpegts: \"yes\" is neither true nor false; write true or false"},
        {"hls:\n  mpegts: \"true\"\n",
         "x.yaml:2: hls.mpegts: \"true\" is a text because of its quotes; write true or false"},
        {"hls:\n  mpegts:\n", "x.yaml:2: hls.mpegts: has no value; write true or false"},
        {"log:\n  level: loud\n",
         "x.yaml:2: log.level: \"loud\" is not known; write error, warn, info or debug"},
        {"log:\n  level: 3\n",
         "x.yaml:2: log.level: \"3\" is not known; write error, warn, info or debug"},
        {"log:\n  format: JSON\n",
         "x.yaml:2: log.format: \"JSON\" is not known; write text or json"},
        {"srt:\n  on_loss: freeze\n",
         "x.yaml:2: srt.on_loss: \"freeze\" is not known; write drop or pass"},
        {CHANNEL "    srt_latency_ms: 2s\n",
         "x.yaml:4: channels[0].srt_latency_ms: \"2s\" is not a whole number; write a number of "
         "milliseconds from 20 to 10000, or 0 for srt.latency_ms"},
        {"rtmp:\n" CHANNEL, "x.yaml:1: rtmp: " GROUP ALLOWED_RTMP},
        {"rtmp: 1935\n" CHANNEL, "x.yaml:1: rtmp: " GROUP ALLOWED_RTMP},
        {"rtmp:\n  - listen: \"*:1\"\n" CHANNEL, "x.yaml:2: rtmp: " GROUP ALLOWED_RTMP},
        {"channels:\n  name: a\n  key: abcd\n", "x.yaml:2: channels: must be a list; begin each "
                                                "channel with \"- name: NAME\""},
        {"channels: a\n", "x.yaml:1: channels: must be a list; begin each channel with \"- name: "
                          "NAME\""},
        {"channels:\n  - a\n  - b\n", "x.yaml:2: channels[0]: " GROUP ALLOWED_CHANNEL},
        {"channels:\n  - [a]\n", "x.yaml:2: channels[0]: " GROUP ALLOWED_CHANNEL},
        {"- a\n- b\n", "x.yaml:1: must be made of lines like \"workers: 0\""},
        {"just some words\n", "x.yaml:1: must be made of lines like \"workers: 0\""},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"hls:\n  part_ms: 5000\n", "x.yaml:2: hls.part_ms: 5000 is out of range; write a number "
                                    "of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 99\n", "x.yaml:2: hls.part_ms: 99 is out of range; write a number of "
                                  "milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 1001\n", "x.yaml:2: hls.part_ms: 1001 is out of range; write a number "
                                    "of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 0\n", "x.yaml:2: hls.part_ms: 0 is out of range; write a number of "
                                 "milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: -250\n", "x.yaml:2: hls.part_ms: -250 is out of range; write a number "
                                    "of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 4294967546\n", "x.yaml:2: hls.part_ms: 4294967546 is out of range; "
                                          "write a number of milliseconds from 100 to 1000"},
        {"hls:\n  part_ms: 18446744073709551866\n",
         "x.yaml:2: hls.part_ms: 18446744073709551866 is out of range; write a number of "
         "milliseconds from 100 to 1000"},
        {"workers: 65\n", "x.yaml:1: workers: 65 is out of range; write a number of threads from "
                          "1 to 64, or 0 for one for each core"},
        {"rtmp:\n  max_bitrate_kbps: 20\n",
         "x.yaml:2: rtmp.max_bitrate_kbps: 20 is out of range; write a number of kilobits per "
         "second from 100 to 1000000, or 0 for no limit"},
        {"publish:\n  idle_timeout_s: 1\n", "x.yaml:2: publish.idle_timeout_s: 1 is out of range; "
                                            "write a number of seconds from 2 to 300"},
        {"srt:\n  latency_ms: 0\n",
         "x.yaml:2: srt.latency_ms: 0 is out of range; write a number of "
         "milliseconds from 20 to 10000"},
        {"srt:\n  latency_ms: 2000000\n",
         "x.yaml:2: srt.latency_ms: 2000000 is out of range; write "
         "a number of milliseconds from 20 to 10000"},
        {"srt:\n  reorder_packets: 1001\n",
         "x.yaml:2: srt.reorder_packets: 1001 is out of range; write a number of packets from 0 to "
         "1000"},
        {CHANNEL "    srt_latency_ms: 19\n",
         "x.yaml:4: channels[0].srt_latency_ms: 19 is out of range; write a number of milliseconds "
         "from 20 to 10000, or 0 for srt.latency_ms"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void texts_of_another_form_are_refused(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "localhost:80", "1935",        ":1935",          "0.0.0.0",   "0.0.0.0:",   "0.0.0.0:65536",
        "0.0.0.0:-1",   "0.0.0.0:+80", "0.0.0.0:123456", "::1:80",    "[::1]",      "[]:80",
        "[1.2.3.4]:80", "1.2.3:80",    "[::1:80",        "*:80/live", "0.0.0.0: 1", "**:80",
    };
    static const char *const urls[] = {
        "localhost:8080", "http://",        "https://",     "http:///watch",  "ftp://h",
        "http://h:",      "http://h:0",     "http://h:a",   "http://h:80:80", "http://h?a=b",
        "http://h/#a",    "http://a b",     "http://u@h",   "http://h/<",     "http://[]",
        "http://[::1",    "http://[::1]a",  "http://h/\\x", "http://ợ",       "HTTP://h",
        "http://h/`",     "http://h:99999",
    };
    static const char *const names[] = {"A", "a b", "a/b", "a.b", "ợ", "a:b", "a%20"};
    char yaml[512];
    char expected[640];

    for (size_t i = 0; i < PH_ARRAY_SIZE(addresses); i++) {
        snprintf(yaml, sizeof(yaml), "http:\n  listen: '%s'\n" CHANNEL, addresses[i]);
        snprintf(expected, sizeof(expected),
                 "x.yaml:2: http.listen: \"%s\" is not right; write " ADDRESS, addresses[i]);
        check_refused(yaml, strlen(yaml), expected);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(urls); i++) {
        snprintf(yaml, sizeof(yaml), "http:\n  public_url: '%s'\n" CHANNEL, urls[i]);
        snprintf(expected, sizeof(expected),
                 "x.yaml:2: http.public_url: \"%s\" is not right; write \"http://HOST\" or "
                 "\"https://HOST\", with :PORT and /PATH where needed",
                 urls[i]);
        check_refused(yaml, strlen(yaml), expected);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(names); i++) {
        snprintf(yaml, sizeof(yaml), "channels:\n  - key: abcd\n    name: '%s'\n", names[i]);
        snprintf(expected, sizeof(expected),
                 "x.yaml:3: channels[0].name: \"%s\" is not right; write 1 to 64 characters of "
                 "a-z, 0-9, _ and -",
                 names[i]);
        check_refused(yaml, strlen(yaml), expected);
    }
}

#define KEY_RULE "write 4 to 128 printable ASCII characters without spaces and without / ? & = # %"
#define PASSPHRASE_RULE "write 10 to 79 printable ASCII characters without spaces, or \"\" for "
#define TOKEN_RULE "write 8 to 128 printable ASCII characters without spaces, or \"\" for "

static void odd_texts_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"http:\n  listen: \"\"\n", "x.yaml:2: http.listen: is empty; write " ADDRESS},
        {"rtmp:\n  listen: ~\n",
         "x.yaml:2: rtmp.listen: ~ is no text in YAML; write " ADDRESS ", or \"\" for no RTMP"},
        {"channels:\n  - name: a\n    key: null\n",
         "x.yaml:3: channels[0].key: null is no text in YAML; " KEY_RULE},
        {CHANNEL "    title: \"a\\nb\"\n",
         "x.yaml:4: channels[0].title: \"a?b\" is not right; write 1 to 100 characters on one "
         "line, or \"\" for the channel's name"},
        {CHANNEL "    title: \"a\\0b\"\n",
         "x.yaml:4: channels[0].title: \"a?b\" is not right; write 1 to 100 characters on one "
         "line, or \"\" for the channel's name"},
        {CHANNEL "    title: \"a\\u2028b\"\n",
         "x.yaml:4: channels[0].title: \"a\xe2\x80\xa8"
         "b\" is not right; write 1 to 100 "
         "characters on one line, or \"\" for the channel's name"},
        {"channels:\n  - name: \"\"\n    key: abcd\n",
         "x.yaml:2: channels[0].name: is empty; write 1 to 64 characters of a-z, 0-9, _ and -"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

/* What is refused may be a secret with a slip in it, and errors end up in logs and chats. */
static void errors_never_show_secrets(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"channels:\n  - name: a\n    key: abc\n",
         "x.yaml:3: channels[0].key: has 3 characters; " KEY_RULE},
        {"channels:\n  - name: a\n    key: \"\"\n",
         "x.yaml:3: channels[0].key: is empty; " KEY_RULE},
        {"channels:\n  - name: a\n    key: abc/def\n",
         "x.yaml:3: channels[0].key: has a character that is not allowed; " KEY_RULE},
        {"channels:\n  - name: a\n    key: abc def\n",
         "x.yaml:3: channels[0].key: has a character that is not allowed; " KEY_RULE},
        {"channels:\n  - name: a\n    key: chợphiên\n",
         "x.yaml:3: channels[0].key: has a character that is not allowed; " KEY_RULE},
        {"channels:\n  - name: a\n    key: \"abcd\\0efg\"\n",
         "x.yaml:3: channels[0].key: has a character that is not allowed; " KEY_RULE},
        {"admin: {token: secret}\n",
         "x.yaml:1: admin.token: has 6 characters; " TOKEN_RULE "no admin API"},
        {"admin: {token: secret words}\n",
         "x.yaml:1: admin.token: has a character that is not allowed; " TOKEN_RULE "no admin API"},
        {CHANNEL "    overlay_token: 1234567\n",
         "x.yaml:4: channels[0].overlay_token: has 7 characters; " TOKEN_RULE
         "the admin token alone"},
        {"srt: {passphrase: ninechars}\n",
         "x.yaml:1: srt.passphrase: has 9 characters; " PASSPHRASE_RULE "no encryption"},
        {"srt:\n  passphrase: "
         "12345678901234567890123456789012345678901234567890123456789012345678901234567890\n",
         "x.yaml:2: srt.passphrase: has 80 characters; " PASSPHRASE_RULE "no encryption"},
        {CHANNEL "    srt_passphrase: ten of them\n",
         "x.yaml:4: channels[0].srt_passphrase: has a character that is not "
         "allowed; " PASSPHRASE_RULE "srt.passphrase"},
        {CHANNEL "    srt_passphrase: short\n",
         "x.yaml:4: channels[0].srt_passphrase: has 5 characters; " PASSPHRASE_RULE
         "srt.passphrase"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

#define NO_CHANNELS                                                                                \
    "x.yaml: channels: missing; write a list of at least one channel with its name and key"

static void missing_things_are_named(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"", NO_CHANNELS},
        {"\n\n# nothing but a comment\n", NO_CHANNELS},
        {"---\n", NO_CHANNELS},
        {"\xef\xbb\xbf", NO_CHANNELS},
        {"workers: 1\n", NO_CHANNELS},
        {"{}\n", NO_CHANNELS},
        {"workers: 1\nchannels: []\n", "x.yaml:2: channels: at least one is needed"},
        {"channels:\n", "x.yaml:1: channels: must be a list; begin each channel with \"- name: "
                        "NAME\""},
        {CHANNEL "  - name: b\n    title: B\n", "x.yaml:4: channels[1].key: missing; " KEY_RULE},
        {"channels:\n  - key: abcd\n",
         "x.yaml:2: channels[0].name: missing; write 1 to 64 characters of a-z, 0-9, _ and -"},
        {"channels:\n  - {}\n",
         "x.yaml:2: channels[0].name: missing; write 1 to 64 characters of a-z, 0-9, _ and -"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void channels_differ_in_name_and_key(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"channels:\n  - {name: a, key: abcd}\n  - {name: b, key: abcd}\n",
         "x.yaml:3: channels[1].key: the same key as channels[0]; each channel needs its own"},
        {"channels:\n  - {name: a, key: abcd}\n  - {name: c, key: efgh}\n"
         "  - {name: b, key: ijkl}\n  - {key: mnop,\n     name: c}\n  - {name: a, key: qrst}\n",
         "x.yaml:6: channels[3].name: the same name as channels[1]; each channel needs its own"},
        {"channels:\n  - {name: a, key: abcd}\n  - {name: a, key: abcd}\n"
         "  - {name: a, key: abcd}\n",
         "x.yaml:3: channels[1].name: the same name as channels[0]; each channel needs its own"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
    /* A key may equal a name: they are looked up in different places. */
    struct ph_conf *conf = parse_good("channels:\n  - {name: abcd, key: abcd}\n");
    ph_conf_destroy(&conf);
}

static void keys_must_go_with_each_other(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"hls:\n  window_s: 29\n  segment_ms: 10000\n" CHANNEL,
         "x.yaml:2: hls.window_s: 29 is less than three segments of 10000 ms; write 30 or more, "
         "or a smaller hls.segment_ms"},
        {"hls:\n  window_s: 7\n  segment_ms: 2500\n" CHANNEL,
         "x.yaml:2: hls.window_s: 7 is less than three segments of 2500 ms; write 8 or more, or "
         "a smaller hls.segment_ms"},
        {"rtmp:\n  listen: \"0.0.0.0:8080\"\n" CHANNEL,
         "x.yaml:2: rtmp.listen: RTMP on 0.0.0.0:8080 and HTTP on 0.0.0.0:8080 cannot share a "
         "port; write another"},
        {"rtmp:\n  listen: \"*:80\"\nhttp:\n  listen: 127.0.0.1:080\n" CHANNEL,
         "x.yaml:4: http.listen: RTMP on *:80 and HTTP on 127.0.0.1:080 cannot share a port; "
         "write another"},
        {"http:\n  listen: \"[::1]:80\"\nrtmp:\n  listen: \"[::1]:80\"\n" CHANNEL,
         "x.yaml:4: rtmp.listen: RTMP on [::1]:80 and HTTP on [::1]:80 cannot share a port; "
         "write another"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void bad_yaml_is_explained(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"rtmp:\n\tlisten: \"*:1935\"\n",
         "x.yaml:2: not valid YAML: a tab at the start of the line; indent with spaces"},
        {"# Chợ phiên Sìn Hồ\nrtmp:\n  \tlisten: \"*:1935\"\n",
         "x.yaml:3: not valid YAML: a tab at the start of the line; indent with spaces"},
        {"rtmp:\n  listen: *:1935\n",
         "x.yaml:2: not valid YAML: a value cannot begin like this; put it in quotes"},
        {CHANNEL "    title: @home\n",
         "x.yaml:4: not valid YAML: a value cannot begin like this; put it in quotes"},
        {"channels:\n  - name: a\n   key: abcd\n",
         "x.yaml:3: not valid YAML: did not find expected '-' indicator while parsing a block "
         "collection that begins in line 2"},
        {"rtmp: {listen: \"*:1935\"\n" CHANNEL,
         "x.yaml:2: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping "
         "that begins in line 1"},
        {CHANNEL "    title: \"Chợ\n",
         "x.yaml:5: not valid YAML: found unexpected end of stream while scanning a quoted scalar "
         "that begins in line 4"},
        {"rtmp\n" CHANNEL, "x.yaml:1: must be made of lines like \"workers: 0\""},
        {"http: {}\n  public_url: a\n" CHANNEL,
         "x.yaml:2: not valid YAML: did not find expected key while parsing a block mapping that "
         "begins in line 1"},
        {CHANNEL "---\n" CHANNEL, "x.yaml:4: a second document begins here; one is all there is"},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

#define NO_ALIASES                                                                                 \
    "anchors (&) and aliases (*) are not accepted; write the value out, in quotes if it begins "   \
    "with & or *"
#define NO_TAGS "tags (!) are not accepted; write the value alone, in quotes if it begins with !"

static void aliases_and_tags_are_refused(void **state)
{
    (void)state;
    static const struct bad_file files[] = {
        {"rtmp: &r\n  listen: \"*:1935\"\n" CHANNEL, "x.yaml:1: rtmp: " NO_ALIASES},
        {"rtmp:\n  listen: *other\n" CHANNEL, "x.yaml:2: rtmp.listen: " NO_ALIASES},
        {"channels:\n  - &c\n    name: a\n    key: abcd\n", "x.yaml:2: channels: " NO_ALIASES},
        {CHANNEL "    title: &t b\n", "x.yaml:4: channels[0].title: " NO_ALIASES},
        {"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" CHANNEL,
         "x.yaml:1: a: unknown key " ALLOWED_TOP},
        {"rtmp:\n  <<: *other\n" CHANNEL, "x.yaml:2: rtmp.<<: unknown key " ALLOWED_RTMP},
        {"workers: !!int 3\n" CHANNEL, "x.yaml:1: workers: " NO_TAGS},
        {CHANNEL "    title: !secret b\n", "x.yaml:4: channels[0].title: " NO_TAGS},
        {"rtmp: !x {listen: \"*:1935\"}\n" CHANNEL, "x.yaml:1: rtmp: " NO_TAGS},
        {"channels: !x []\n", "x.yaml:1: channels: " NO_TAGS},
    };

    check_all_refused(files, PH_ARRAY_SIZE(files));
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    static const char latin1[] = "workers: 1\nchannels:\n  - name: a\n    title: Ch\xe3\n";
    static const char surrogate[] = "workers: 1 # \xed\xa0\x80\n";
    static const char cut[] = CHANNEL "    title: Ch\xe1\xbb";
    static const char utf16[] = "\xff\xfew\0o\0r\0k\0e\0r\0s\0:\0 \0001\0\n";
    static const char nul[] = "workers: 1\nlog:\0 {}\n" CHANNEL;
    static const char escape[] = "workers: 1\n\nlog: {} # \x1b[0m\n";

    check_refused(latin1, sizeof(latin1) - 1,
                  "x.yaml:4: not UTF-8; save the file in this encoding");
    check_refused(surrogate, sizeof(surrogate) - 1,
                  "x.yaml:1: not UTF-8; save the file in this encoding");
    check_refused(cut, sizeof(cut) - 1, "x.yaml:4: not UTF-8; save the file in this encoding");
    check_refused(utf16, sizeof(utf16) - 1, "x.yaml:1: not UTF-8; save the file in this encoding");
    check_refused(nul, sizeof(nul) - 1, "x.yaml:2: the control character U+0000; remove it");
    check_refused(escape, sizeof(escape) - 1, "x.yaml:3: the control character U+001B; remove it");
}

static char *repeat(const char *head, const char *text, size_t count, size_t *len)
{
    size_t step = strlen(text);
    size_t before = strlen(head);
    char *all = ph_alloc(before + step * count + 1);

    memcpy(all, head, before);
    for (size_t i = 0; i < count; i++) {
        memcpy(all + before + step * i, text, step);
    }
    *len = before + step * count;
    return all;
}

static void large_files_are_refused(void **state)
{
    (void)state;
    size_t len;
    char *file = repeat(CHANNEL, "#\n", (1024 * 1024 - strlen(CHANNEL)) / 2 + 1, &len);

    check_refused(file, 1024 * 1024 + 1, "x.yaml: larger than 1 MB, which no config should be");
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;
    assert_int_equal(ph_conf_parse(&conf, file, 1024 * 1024, &error), PH_OK);
    ph_conf_destroy(&conf);
    free(file);
}

static void deep_files_are_refused_at_once(void **state)
{
    (void)state;
    static const char *const openings[] = {"[", "{a: ", "- ", "? "};

    for (size_t i = 0; i < PH_ARRAY_SIZE(openings); i++) {
        size_t len;
        char *file = repeat("", openings[i], 200000, &len);
        struct ph_conf *conf = NULL;
        struct ph_conf_error error;
        assert_int_equal(ph_conf_parse(&conf, file, len, &error), PH_EINVAL);
        assert_null(conf);
        free(file);
    }
}

static char *make_channels(size_t count)
{
    char *file = ph_alloc(64 * count + 64);
    size_t len = (size_t)snprintf(file, 64, "channels:\n");

    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(file + len, 64, "  - {name: c%zu, key: key-%zu}\n", i, i);
    }
    return file;
}

static void ten_thousand_channels_are_the_most(void **state)
{
    (void)state;
    char *file = make_channels(10000);
    struct ph_conf *conf = parse_good(file);

    assert_int_equal(conf->channels_count, 10000);
    assert_string_equal(conf->channels[9999].key, "key-9999");
    ph_conf_destroy(&conf);
    free(file);
    file = make_channels(10001);
    check_refused(file, strlen(file), "x.yaml:10002: channels: more than 10000 channels");
    free(file);
}

/* What an editor or a full disk may leave: any beginning of a file is refused or loads. */
static void every_beginning_of_a_file_is_survived(void **state)
{
    (void)state;
    static const char yaml[] = "log: {level: info}\nrtmp:\n  listen: \"[::]:1935\"\n" CHANNEL
                               "    title: \"Chợ\"\n  - {name: b, key: 'efgh'}\n";
    size_t loaded = 0;

    for (size_t len = 0; len < sizeof(yaml); len++) {
        struct ph_conf *conf = NULL;
        struct ph_conf_error error;
        char *exact = malloc(len > 0 ? len : 1);
        assert_non_null(exact);
        memcpy(exact, yaml, len);
        int err = ph_conf_parse(&conf, exact, len, &error);
        assert_true(err == PH_OK || err == PH_EINVAL);
        assert_true((err == PH_OK) == (conf != NULL));
        assert_true((err == PH_OK) == (error.text[0] == '\0'));
        loaded += err == PH_OK;
        ph_conf_destroy(&conf);
        free(exact);
    }
    assert_in_range(loaded, 2, 20);
}

static void errors_tell_the_column(void **state)
{
    (void)state;
    static const char yaml[] = "hls: {part_ms: 250, window_s: 1}\n";
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;

    assert_int_equal(ph_conf_parse(&conf, yaml, strlen(yaml), &error), PH_EINVAL);
    assert_int_equal(error.line, 1);
    assert_int_equal(error.column, 31);
    assert_string_equal(error.key, "hls.window_s");
}

static void errors_are_formatted_with_what_is_known(void **state)
{
    (void)state;
    const struct ph_conf_error full = {.line = 7, .column = 3, .key = "a.b", .text = "is wrong"};
    const struct ph_conf_error bare = {.text = "is wrong"};
    char out[64];

    ph_conf_error_format(&full, "f.yaml", out, sizeof(out));
    assert_string_equal(out, "f.yaml:7: a.b: is wrong");
    ph_conf_error_format(&full, NULL, out, sizeof(out));
    assert_string_equal(out, "line 7: a.b: is wrong");
    ph_conf_error_format(&bare, "f.yaml", out, sizeof(out));
    assert_string_equal(out, "f.yaml: is wrong");
    ph_conf_error_format(&bare, NULL, out, sizeof(out));
    assert_string_equal(out, "is wrong");
    ph_conf_error_format(&full, "f.yaml", out, 10);
    assert_string_equal(out, "f.yaml:7:");
}

static int load_error(const char *path, struct ph_conf_error *error)
{
    struct ph_conf *conf = NULL;
    int err = ph_conf_load(&conf, path, error);

    assert_null(conf);
    assert_int_equal(error->line, 0);
    return err;
}

static void files_that_cannot_be_read_are_told(void **state)
{
    (void)state;
    struct ph_conf_error error;

    assert_int_equal(load_error("no/such/file.yaml", &error), PH_ENOTFOUND);
    assert_string_equal(error.text, "cannot be read: No such file or directory");
    assert_int_equal(load_error("/dev/null/x", &error), PH_ENOTFOUND);
    assert_int_equal(load_error("/", &error), PH_EIO);
    assert_string_equal(error.text, "cannot be read: Is a directory");
    assert_int_equal(load_error("/dev/null", &error), PH_EINVAL); /* empty */
    assert_int_equal(load_error("/dev/zero", &error), PH_EINVAL); /* endless */
    assert_string_equal(error.text, "larger than 1 MB, which no config should be");
    if (geteuid() == 0) {
        return; /* root may read everything */
    }
    char path[] = "/tmp/phien-test-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    assert_int_equal(load_error(path, &error), PH_EIO);
    assert_string_equal(error.text, "cannot be read: Permission denied");
    close(fd);
    unlink(path);
}

static void destroy_takes_nothing(void **state)
{
    (void)state;
    struct ph_conf *conf = NULL;

    ph_conf_destroy(&conf);
    assert_null(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_file_gives_all_defaults),
        cmocka_unit_test(every_key_is_loaded),
        cmocka_unit_test(every_key_of_a_channel_is_loaded),
        cmocka_unit_test(forms_of_text_are_accepted),
        cmocka_unit_test(slashes_are_stripped_from_the_url),
        cmocka_unit_test(lengths_count_characters),
        cmocka_unit_test(unknown_keys_are_refused),
        cmocka_unit_test(keys_that_are_there_twice_are_refused),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(texts_of_another_form_are_refused),
        cmocka_unit_test(odd_texts_are_refused),
        cmocka_unit_test(errors_never_show_secrets),
        cmocka_unit_test(missing_things_are_named),
        cmocka_unit_test(channels_differ_in_name_and_key),
        cmocka_unit_test(keys_must_go_with_each_other),
        cmocka_unit_test(bad_yaml_is_explained),
        cmocka_unit_test(aliases_and_tags_are_refused),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(large_files_are_refused),
        cmocka_unit_test(deep_files_are_refused_at_once),
        cmocka_unit_test(ten_thousand_channels_are_the_most),
        cmocka_unit_test(every_beginning_of_a_file_is_survived),
        cmocka_unit_test(errors_tell_the_column),
        cmocka_unit_test(errors_are_formatted_with_what_is_known),
        cmocka_unit_test(files_that_cannot_be_read_are_told),
        cmocka_unit_test(destroy_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
