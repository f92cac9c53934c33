/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config's keys. A key that is added here is loaded, defaulted and checked; conf/phien.yaml
 * must explain it, or its test fails.
 */
#include "conf_table.h"
#include "conf_form.h"

#include <phien/core/mem.h>

static const cyaml_strval_t levels[] = {
    {"error", PH_LOG_ERROR},
    {"warn", PH_LOG_WARN},
    {"info", PH_LOG_INFO},
    {"debug", PH_LOG_DEBUG},
};

static const cyaml_strval_t formats[] = {
    {"text", PH_LOG_FORMAT_TEXT},
    {"json", PH_LOG_FORMAT_JSON},
};

static const cyaml_strval_t on_loss[] = {
    {"drop", PH_CONF_ON_LOSS_DROP},
    {"pass", PH_CONF_ON_LOSS_PASS},
};

static const cyaml_strval_t takeovers[] = {
    {"newest", PH_CONF_TAKEOVER_NEWEST},
    {"refuse", PH_CONF_TAKEOVER_REFUSE},
};

#define NUMBER(in, key, member, fallback, low, high, noun, zero)                                   \
    {                                                                                              \
        .section = (in), .name = (key), .type = PH_CONF_TYPE_NUMBER,                               \
        .offset = offsetof(struct ph_conf, member), .number = (fallback), .min = (low),            \
        .max = (high), .what = (noun), .empty = (zero)                                             \
    }
#define CHOICE(in, key, member, fallback, list)                                                    \
    {                                                                                              \
        .section = (in), .name = (key), .type = PH_CONF_TYPE_CHOICE,                               \
        .offset = offsetof(struct ph_conf, member), .number = (fallback), .choices = (list),       \
        .choices_count = PH_ARRAY_SIZE(list)                                                       \
    }

#define WHAT_ADDRESS "\"IPV4:PORT\", \"[IPV6]:PORT\" or \"*:PORT\""
#define WHAT_TOKEN "printable ASCII characters without spaces"
#define WHAT_KEY WHAT_TOKEN " and without / ? & = # %"

const struct ph_conf_key ph_conf_keys[] = {
    NUMBER("", "workers", workers, 0, 1, 64, "a number of threads", "one for each core"),
    {
        .section = "",
        .name = "state",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, state),
        .text = "var/phien.state",
        .min = 1,
        .max = 1000,
        .what = "characters on one line",
        .empty = "nothing to be kept",
        .is_valid = ph_conf_form_is_title,
    },
    CHOICE("log", "level", log.level, PH_LOG_INFO, levels),
    CHOICE("log", "format", log.format, PH_LOG_FORMAT_TEXT, formats),
    {
        .section = "rtmp",
        .name = "listen",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, rtmp.listen),
        .text = "0.0.0.0:1935",
        .what = WHAT_ADDRESS,
        .empty = "no RTMP",
        .is_valid = ph_conf_form_is_address,
    },
    NUMBER("rtmp", "max_connections_per_ip", rtmp.max_connections_per_ip, 20, 1, 100000,
           "a number of connections", "no limit"),
    NUMBER("rtmp", "max_bitrate_kbps", rtmp.max_bitrate_kbps, 20000, 100, 1000000,
           "a number of kilobits per second", "no limit"),
    {
        .section = "srt",
        .name = "listen",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, srt.listen),
        .text = "0.0.0.0:8890",
        .what = WHAT_ADDRESS,
        .empty = "no SRT",
        .is_valid = ph_conf_form_is_address,
    },
    NUMBER("srt", "latency_ms", srt.latency_ms, 2000, 20, 10000, "a number of milliseconds", NULL),
    {
        .section = "srt",
        .name = "passphrase",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, srt.passphrase),
        .is_secret = true,
        .text = "",
        .min = 10,
        .max = 79,
        .what = WHAT_TOKEN,
        .empty = "no encryption",
        .is_valid = ph_conf_form_is_token,
    },
    CHOICE("srt", "on_loss", srt.on_loss, PH_CONF_ON_LOSS_DROP, on_loss),
    NUMBER("srt", "reorder_packets", srt.reorder_packets, 40, 0, 1000, "a number of packets", NULL),
    NUMBER("srt", "max_connections_per_ip", srt.max_connections_per_ip, 20, 1, 100000,
           "a number of connections", "no limit"),
    NUMBER("srt", "max_bitrate_kbps", srt.max_bitrate_kbps, 20000, 100, 1000000,
           "a number of kilobits per second", "no limit"),
    {
        .section = "http",
        .name = "listen",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, http.listen),
        .text = "0.0.0.0:8080",
        .what = WHAT_ADDRESS,
        .is_valid = ph_conf_form_is_address,
    },
    {
        .section = "http",
        .name = "public_url",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, http.public_url),
        .text = "http://localhost:8080",
        .what = "\"http://HOST\" or \"https://HOST\", with :PORT and /PATH where needed",
        .is_valid = ph_conf_form_is_url,
    },
    NUMBER("hls", "part_ms", hls.part_ms, 250, 100, 1000, "a number of milliseconds", NULL),
    NUMBER("hls", "segment_ms", hls.segment_ms, 2000, 1000, 10000, "a number of milliseconds",
           NULL),
    NUMBER("hls", "window_s", hls.window_s, 30, 6, 3600, "a number of seconds", NULL),
    /* In the file in megabytes, in the struct in bytes: conf.c multiplies after loading. */
    NUMBER("hls", "max_channel_mb", hls.max_channel_bytes, 64, 8, 2048, "a number of megabytes",
           NULL),
    {
        .section = "hls",
        .name = "mpegts",
        .type = PH_CONF_TYPE_BOOL,
        .offset = offsetof(struct ph_conf, hls.mpegts),
        .number = true,
    },
    CHOICE("publish", "takeover", publish.takeover, PH_CONF_TAKEOVER_NEWEST, takeovers),
    NUMBER("publish", "grace_s", publish.grace_s, 90, 0, 3600, "a number of seconds", NULL),
    NUMBER("publish", "linger_s", publish.linger_s, 15, 0, 3600, "a number of seconds", NULL),
    NUMBER("publish", "idle_timeout_s", publish.idle_timeout_s, 10, 2, 300, "a number of seconds",
           NULL),
    {
        .section = "publish",
        .name = "slate",
        .type = PH_CONF_TYPE_BOOL,
        .offset = offsetof(struct ph_conf, publish.slate),
        .number = true,
    },
    {
        .section = "overlay",
        .name = "database",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, overlay.database),
        .text = "var/phien.db",
        .min = 1,
        .max = 1000,
        .what = "characters on one line",
        .empty = "nothing to be kept over a restart",
        .is_valid = ph_conf_form_is_title,
    },
    NUMBER("overlay", "writes_per_s", overlay.writes_per_s, 10, 1, 100000,
           "a number of changes a second", "no limit"),
    {
        .section = "admin",
        .name = "token",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf, admin.token),
        .is_secret = true,
        .text = "",
        .min = 8,
        .max = 128,
        .what = WHAT_TOKEN,
        .empty = "no admin API",
        .is_valid = ph_conf_form_is_token,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "name",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf_channel, name),
        .is_required = true,
        .min = 1,
        .max = 64,
        .what = "characters of a-z, 0-9, _ and -",
        .is_valid = ph_conf_form_is_name,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "key",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf_channel, key),
        .is_required = true,
        .is_secret = true,
        .min = 4,
        .max = 128,
        .what = WHAT_KEY,
        .is_valid = ph_conf_form_is_key,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "title",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf_channel, title),
        .text = "",
        .min = 1,
        .max = 100,
        .what = "characters on one line",
        .empty = "the channel's name",
        .is_valid = ph_conf_form_is_title,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "overlay_token",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf_channel, overlay_token),
        .is_secret = true,
        .text = "",
        .min = 8,
        .max = 128,
        .what = WHAT_TOKEN,
        .empty = "the admin token alone",
        .is_valid = ph_conf_form_is_token,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "srt_passphrase",
        .type = PH_CONF_TYPE_TEXT,
        .offset = offsetof(struct ph_conf_channel, srt_passphrase),
        .is_secret = true,
        .text = "",
        .min = 10,
        .max = 79,
        .what = WHAT_TOKEN,
        .empty = "srt.passphrase",
        .is_valid = ph_conf_form_is_token,
    },
    {
        .section = PH_CONF_CHANNELS,
        .name = "srt_latency_ms",
        .type = PH_CONF_TYPE_NUMBER,
        .offset = offsetof(struct ph_conf_channel, srt_latency_ms),
        .min = 20,
        .max = 10000,
        .what = "a number of milliseconds",
        .empty = "srt.latency_ms",
    },
};

const size_t ph_conf_keys_count = PH_ARRAY_SIZE(ph_conf_keys);

_Static_assert(PH_ARRAY_SIZE(ph_conf_keys) <= PH_CONF_KEYS_MAX, "raise PH_CONF_KEYS_MAX");
