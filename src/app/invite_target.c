/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is invited to what: a channel, and under which host and ports phones reach this server.
 */
#include "invite_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ph_conf_channel *find_channel(const struct ph_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->channels_count; i++) {
        if (strcmp(conf->channels[i].name, name) == 0) {
            return &conf->channels[i];
        }
    }
    return NULL;
}

/* The port of "ADDRESS:PORT", whose form the config has checked. */
static unsigned port_of(const char *listen)
{
    const char *colon = strrchr(listen, ':');

    return colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

/* A name, an IPv4 address, or an IPv6 address with or without its brackets; no port. */
static int set_host(struct ph_invite_target *target, const char *host)
{
    static const char of_a_name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789.-_";
    size_t len = strlen(host);
    bool has_brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';
    const char *bare = host + has_brackets;
    size_t bare_len = len - 2 * (size_t)has_brackets;
    bool is_name = !has_brackets && strspn(host, of_a_name) == len;
    bool is_v6 = strspn(bare, "0123456789abcdefABCDEF:.") == bare_len &&
                 memchr(bare, ':', bare_len) != memrchr(bare, ':', bare_len);

    if (len == 0 || (!is_name && !is_v6) || len + 3 > sizeof(target->host)) {
        return PH_EINVAL;
    }
    snprintf(target->host, sizeof(target->host), is_name ? "%.*s" : "[%.*s]", (int)bare_len, bare);
    return PH_OK;
}

static int set_host_of_url(struct ph_invite_target *target, const char *url)
{
    const char *authority = strstr(url, "://");
    char host[sizeof(target->host)];

    authority = authority != NULL ? authority + 3 : url;
    size_t len = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":/");
    if (len >= sizeof(host)) {
        return PH_EINVAL;
    }
    snprintf(host, sizeof(host), "%.*s", (int)len, authority);
    return set_host(target, host);
}

int ph_invite_target_init(struct ph_invite_target *out, const struct ph_conf *conf,
                          const char *channel, const char *host)
{
    const struct ph_conf_channel *found = find_channel(conf, channel);

    if (found == NULL) {
        return PH_ENOTFOUND;
    }
    *out = (struct ph_invite_target){
        .channel = found,
        .public_url = conf->http.public_url,
        .has_rtmp = *conf->rtmp.listen != '\0',
        .has_srt = *conf->srt.listen != '\0',
        .rtmp_port = port_of(conf->rtmp.listen),
        .srt_port = port_of(conf->srt.listen),
        .latency_ms = ph_conf_srt_latency_ms(conf, found),
        .passphrase = ph_conf_srt_passphrase(conf, found),
        /* Up: a segment ends at the first key frame after segment_ms, and a shorter interval would
         * only put a second key frame into it. */
        .key_frame_s = (conf->hls.segment_ms + 999) / 1000,
    };
    return host != NULL ? set_host(out, host) : set_host_of_url(out, conf->http.public_url);
}

bool ph_invite_target_is_local(const struct ph_invite_target *target)
{
    const char *host = target->host;

    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "[::]") == 0;
}
