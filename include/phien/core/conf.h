/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_H
#define PHIEN_CORE_CONF_H

#include <phien/core/err.h>
#include <phien/core/log.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * The config file, read once at start into a typed struct that constructors are handed. Nobody
 * looks a setting up by its name. conf/phien.yaml explains every key; a test keeps the two equal.
 *
 * Immutable after loading; any thread may read it until ph_conf_destroy.
 */
struct ph_conf_channel {
    const char *name;           /* [a-z0-9_-], 1..64 characters; unique */
    const char *key;            /* the publisher's secret, 4..128 characters, URL-safe; unique */
    const char *title;          /* what viewers read; the name where the file gives none */
    const char *overlay_token;  /* empty: only the admin token may write the overlay */
    const char *srt_passphrase; /* 10..79 characters; empty: srt.passphrase */
    unsigned srt_latency_ms;    /* 20..10000; 0: srt.latency_ms */
};

/* What becomes of access units that lost bytes on the way. */
enum ph_conf_on_loss {
    PH_CONF_ON_LOSS_NONE,
    PH_CONF_ON_LOSS_DROP, /* dropped, and video with them up to the next key frame */
    PH_CONF_ON_LOSS_PASS, /* passed on as they are */
};

/* What becomes of a publisher that comes while another one is on the channel. */
enum ph_conf_takeover {
    PH_CONF_TAKEOVER_NONE,
    PH_CONF_TAKEOVER_NEWEST, /* it takes the channel over */
    PH_CONF_TAKEOVER_REFUSE, /* it is refused */
};

struct ph_conf {
    unsigned workers;  /* 1..64; the file's 0 (one for each core) is already resolved */
    const char *state; /* the path of what is kept for the next start; empty: nothing is */

    struct {
        enum ph_log_level level;
        enum ph_log_format format;
    } log;

    struct {
        const char *listen; /* "ADDRESS:PORT" or "[V6]:PORT"; empty: RTMP is off */
        unsigned max_connections_per_ip;
        unsigned max_bitrate_kbps; /* of one session, averaged over 10 s; 0: no limit */
    } rtmp;

    struct {
        const char *listen;     /* as rtmp.listen; empty: SRT is off */
        unsigned latency_ms;    /* 20..10000 */
        const char *passphrase; /* 10..79 characters; empty: channels without one of their own
                                   are not encrypted */
        enum ph_conf_on_loss on_loss;
        unsigned reorder_packets; /* 0..1000: SRTO_LOSSMAXTTL */
        unsigned max_connections_per_ip;
        unsigned max_bitrate_kbps; /* of one session, averaged over 10 s; 0: no limit */
    } srt;

    struct {
        const char *listen;     /* never empty */
        const char *public_url; /* what pages and messages show; no slash at the end */
    } http;

    struct {
        unsigned part_ms;           /* 100..1000 */
        unsigned segment_ms;        /* 1000..10000 */
        unsigned window_s;          /* 6..3600, three segments or more: what playlists list */
        unsigned max_channel_bytes; /* of media kept for one channel; max_channel_mb in the file */
        bool mpegts;                /* whether /ts/ is offered */
    } hls;

    struct {
        enum ph_conf_takeover takeover;
        unsigned grace_s; /* 0..3600: a channel stays listed this long after a publisher was lost */
        unsigned linger_s;       /* 0..3600: the same after one that ended the stream */
        unsigned idle_timeout_s; /* 2..300: a session without media ends */
        bool slate; /* whether a channel without its publisher shows that it is coming back */
    } publish;

    struct {
        const char *database;  /* a file's path; empty: nothing outlives the process */
        unsigned writes_per_s; /* to one channel, twice that in a burst; 0: no limit */
    } overlay;

    struct {
        const char *token; /* empty: the admin API is off */
    } admin;

    struct ph_conf_channel *channels;
    size_t channels_count;
};

/* One thing that is wrong with a config file. */
struct ph_conf_error {
    unsigned line;   /* 1-based; 0 when the file as a whole is meant */
    unsigned column; /* 1-based; 0 when unknown */
    char key[128];   /* "hls.part_ms", "channels[2].name"; empty when unknown */
    char text[384];  /* what is wrong, and what to write instead */
};

/*
 * Reads and checks `path`. On failure returns PH_EINVAL (the file is wrong), PH_ENOTFOUND or
 * PH_EIO (it cannot be read) and describes the first fault in `error`.
 */
PH_MUST_CHECK int ph_conf_load(struct ph_conf **out, const char *path, struct ph_conf_error *error);

/* The same from memory; `len` bytes of YAML. */
PH_MUST_CHECK int ph_conf_parse(struct ph_conf **out, const char *yaml, size_t len,
                                struct ph_conf_error *error);

void ph_conf_destroy(struct ph_conf **conf);

/*
 * EXT-X-TARGETDURATION of every playlist, in seconds: the configured segment duration, rounded.
 * It never changes while the server runs (RFC 8216bis section 4.4.3.1).
 */
static inline unsigned ph_conf_target_duration_s(const struct ph_conf *conf)
{
    unsigned rounded = (conf->hls.segment_ms + 500) / 1000;

    return rounded > 0 ? rounded : 1;
}

/* What of SRT a channel has of its own, or else of the server; "" for no passphrase. */
const char *ph_conf_srt_passphrase(const struct ph_conf *conf,
                                   const struct ph_conf_channel *channel);
unsigned ph_conf_srt_latency_ms(const struct ph_conf *conf, const struct ph_conf_channel *channel);

/*
 * "PATH:LINE: KEY: TEXT", without what is unknown; `path` may be NULL. Never holds a key or a
 * token of the file. Cut to `size`.
 */
void ph_conf_error_format(const struct ph_conf_error *error, const char *path, char *out,
                          size_t size);

#endif
