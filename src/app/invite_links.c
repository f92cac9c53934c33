/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of `phien invite`: addresses, Larix Grove (softvelum.com/larix/grove), which IRL Pro
 * reads as well, Moblin's settings link, and the studio of who helps the seller. What apps push is
 * the same everywhere: 720p, 30 frames a second, H.264 at 2500 kbit/s and AAC at 128, which a
 * phone's 5G carries and every viewer plays.
 */
#include "invite_links.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINK_BYTES_MAX = 16 * 1024, /* far more than a config's longest values make */
    RTMP_PORT = 1935,           /* what an RTMP address without a port means */
    FRAMES_PER_S = 30,
    VIDEO_KBPS = 2500,
    AUDIO_KBPS = 128,
};

static const char resolution[] = "1280x720";

/* Percent-encodes all but the unreserved characters (RFC 3986 section 2.3) and those in `kept`. */
static void write_encoded(struct ph_writer *out, const char *text, const char *kept)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";

    for (; *text != '\0'; text++) {
        if (strchr(unreserved, *text) != NULL || strchr(kept, *text) != NULL) {
            ph_write_u8(out, (uint8_t)*text);
        } else {
            ph_write_format(out, "%%%02X", (unsigned char)*text);
        }
    }
}

/* The text that was written, to be freed. */
static char *finish(struct ph_writer *text)
{
    ph_write_u8(text, 0);
    PH_ASSERT(!text->failed); /* the config limits everything that is in it */
    char *result = ph_strdup((const char *)text->data);
    ph_writer_fini(text);
    return result;
}

static void write_rtmp_server(struct ph_writer *out, const struct ph_invite_target *target)
{
    ph_write_format(out, "rtmp://%s", target->host);
    if (target->rtmp_port != RTMP_PORT) {
        ph_write_format(out, ":%u", target->rtmp_port);
    }
    ph_write_text(out, "/live");
}

static void write_rtmp(struct ph_writer *out, const struct ph_invite_target *target)
{
    write_rtmp_server(out, target);
    ph_write_format(out, "/%s?key=", target->channel->name);
    write_encoded(out, target->channel->key, "");
}

/*
 * The bare key is all that phien needs, and nothing in it (openssl's hex digits, say) means
 * anything in a URL, so that it survives apps that decode an address twice or not at all. "#!::..."
 * loses everything behind the # in some of them. A colon could be taken for "publish:NAME:KEY".
 */
static void format_streamid(const struct ph_invite_target *target, char *out, size_t size)
{
    const struct ph_conf_channel *channel = target->channel;

    if (strchr(channel->key, ':') == NULL) {
        snprintf(out, size, "%s", channel->key);
    } else {
        snprintf(out, size, "%s?key=%s", channel->name, channel->key);
    }
}

/*
 * Latency is in milliseconds, as phones' apps and srt-live-transmit read it. FFmpeg and OBS read
 * microseconds, which makes it next to nothing and does no harm: the larger of the two ends' wins,
 * and ours is the same.
 */
static void write_srt(struct ph_writer *out, const struct ph_invite_target *target)
{
    char streamid[256];

    format_streamid(target, streamid, sizeof(streamid));
    ph_write_format(out, "srt://%s:%u?streamid=", target->host, target->srt_port);
    write_encoded(out, streamid, "");
    ph_write_format(out, "&latency=%u", target->latency_ms);
    if (*target->passphrase != '\0') {
        ph_write_text(out, "&passphrase=");
        write_encoded(out, target->passphrase, "");
    }
}

/*
 * One setting of a Larix link, "conn[][name]=sinho". The brackets stay as they are, as Softvelum's
 * description has them, although RFC 3986 wants %5B%5D in a query: Larix reads both, and with
 * twenty such keys the QR code would need a third more modules, too many for a terminal of 80
 * columns. A colon in a value stays as well, because some versions do not decode it.
 */
static void write_larix(struct ph_writer *out, const char *key, const char *value)
{
    bool is_first = out->len > 0 && out->data[out->len - 1] == '?';

    ph_write_text(out, is_first ? "" : "&");
    ph_write_format(out, "%s=", key);
    write_encoded(out, value, ":");
}

static void write_larix_number(struct ph_writer *out, const char *key, unsigned value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    write_larix(out, key, text);
}

static void write_larix_srt(struct ph_writer *out, const struct ph_invite_target *target)
{
    char url[300];
    char streamid[256];

    snprintf(url, sizeof(url), "srt://%s:%u", target->host, target->srt_port);
    format_streamid(target, streamid, sizeof(streamid));
    write_larix(out, "conn[][url]", url);
    write_larix_number(out, "conn[][srtlatency]", target->latency_ms);
    if (*target->passphrase != '\0') {
        write_larix(out, "conn[][srtpass]", target->passphrase);
        write_larix(out, "conn[][srtpbkl]", "16");
    }
    write_larix(out, "conn[][srtstreamid]", streamid);
}

static void write_larix_rtmp(struct ph_writer *out, const struct ph_invite_target *target)
{
    struct ph_writer url;

    ph_writer_init(&url, LINK_BYTES_MAX);
    write_rtmp(&url, target);
    char *text = finish(&url);
    write_larix(out, "conn[][url]", text);
    free(text);
}

/*
 * The connection is named after the channel and not its title: a connection of the same name is
 * replaced, and titles change. Settings of a connection follow its url; what is left out has the
 * value of a new connection, which is a caller with sound and picture, switched on.
 */
static void write_larix_link(struct ph_writer *out, const struct ph_invite_target *target)
{
    ph_write_text(out, "larix://set/v1?");
    if (target->has_srt) {
        write_larix_srt(out, target);
    } else {
        write_larix_rtmp(out, target);
    }
    write_larix(out, "conn[][name]", target->channel->name);
    write_larix(out, "conn[][overwrite]", "on");
    write_larix(out, "enc[vid][res]", resolution);
    write_larix(out, "enc[vid][orientation]", target->is_portrait ? "vertical" : "horizontal");
    write_larix_number(out, "enc[vid][fps]", FRAMES_PER_S);
    write_larix_number(out, "enc[vid][bitrate]", VIDEO_KBPS);
    write_larix_number(out, "enc[vid][keyframe]", target->key_frame_s);
    write_larix(out, "enc[vid][format]", "avc");
    write_larix(out, "enc[vid][adaptiveBitrate]", "3"); /* hybrid: down at once, up in steps */
    write_larix_number(out, "enc[aud][bitrate]", AUDIO_KBPS);
    write_larix(out, "enc[aud][samples]", "48000");
    write_larix(out, "enc[aud][channels]", "2");
}

static void write_moblin_link(struct ph_writer *out, const struct ph_invite_target *target)
{
    char *url = ph_invite_link(target, target->has_srt ? PH_INVITE_SRT : PH_INVITE_RTMP);
    json_t *stream = json_pack(
        "{s:s, s:s, s:b, s:{s:s, s:i, s:i, s:s, s:b, s:i}, s:{s:i}}", "name", target->channel->name,
        "url", url, "selected", 1, "video", "resolution", resolution, "fps", FRAMES_PER_S,
        "bitrate", VIDEO_KBPS * 1000, "codec", "H.264/AVC", "bFrames", 0, "maxKeyFrameInterval",
        (int)target->key_frame_s, "audio", "bitrate", AUDIO_KBPS * 1000);

    if (target->has_srt) {
        json_t *srt = json_pack("{s:i, s:b}", "latency", (int)target->latency_ms,
                                "adaptiveBitrateEnabled", 1);
        (void)json_object_set_new(stream, "srt", srt);
    }
    json_t *settings = json_pack("{s:[o]}", "streams", stream);
    char *text = json_dumps(settings, JSON_COMPACT);
    PH_ASSERT(text != NULL); /* the config's text is valid UTF-8 */
    ph_write_text(out, "moblin://?");
    write_encoded(out, text, ":,"); /* which a query may hold, and which spare many bytes */
    free(text);
    json_decref(settings);
    free(url);
}

static void write_studio(struct ph_writer *out, const struct ph_invite_target *target)
{
    const char *url = target->public_url;
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    ph_write_format(out, "%.*s/studio/%s?token=", (int)len, url, target->channel->name);
    write_encoded(out, target->channel->overlay_token, "");
}

static bool has_link(const struct ph_invite_target *target, enum ph_invite_kind kind)
{
    switch (kind) {
    case PH_INVITE_RTMP:
        return target->has_rtmp;
    case PH_INVITE_SRT:
        return target->has_srt;
    case PH_INVITE_STUDIO:
        return *target->channel->overlay_token != '\0';
    default:
        return target->has_rtmp || target->has_srt;
    }
}

char *ph_invite_link(const struct ph_invite_target *target, enum ph_invite_kind kind)
{
    static void (*const writers[PH_INVITE_COUNT])(struct ph_writer *,
                                                  const struct ph_invite_target *) = {
        [PH_INVITE_RTMP] = write_rtmp,        [PH_INVITE_SRT] = write_srt,
        [PH_INVITE_LARIX] = write_larix_link, [PH_INVITE_MOBLIN] = write_moblin_link,
        [PH_INVITE_STUDIO] = write_studio,
    };
    struct ph_writer text;

    if (!has_link(target, kind)) {
        return NULL;
    }
    ph_writer_init(&text, LINK_BYTES_MAX);
    writers[kind](&text, target);
    return finish(&text);
}

char *ph_invite_rtmp_server(const struct ph_invite_target *target)
{
    struct ph_writer text;

    ph_writer_init(&text, LINK_BYTES_MAX);
    write_rtmp_server(&text, target);
    return finish(&text);
}
