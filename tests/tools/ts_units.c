/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an SRT session makes of a file of MPEG-TS: one line for each access unit, to be held against
 * what another demultiplexer reads from it.
 *
 *   video 90000 93000 1161 K 0cc175b9c0f1b6a831c399e269772661
 *
 * which is kind, dts and pts in 90 kHz, size, K for a key frame, MD5. Video is brought into the
 * form of a byte stream first: a start code of four bytes before each NAL unit.
 */
#include <phien/core/mem.h>

#include <ingest/srt/session.h>

#include <getopt.h>
#include <inttypes.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 7 * 188, MESSAGE_BYTES_MAX = 1456 };

static const char usage[] =
    "Usage: ts_units [--message-bytes N] [--skip N] FILE\n"
    "\n"
    "  --message-bytes N  bytes of the file in each message, 1316 if not given\n"
    "  --skip N           bytes of the file that are left out at its start\n";

struct units {
    struct ph_srt_session *session;
    struct AVMD5 *md5;
    size_t nal_length_bytes;
};

static void on_track(void *arg, struct ph_track *track)
{
    struct units *units = arg;
    const AVCodecParameters *par = track->par;

    printf("track %s\n", ph_track_codec_name(track));
    if (track->kind == PH_TRACK_VIDEO) {
        /* lengthSizeMinusOne: in avcC at 4, in hvcC at 21. */
        int at = par->codec_id == AV_CODEC_ID_HEVC ? 21 : 4;
        units->nal_length_bytes =
            par->extradata_size > at ? (size_t)(par->extradata[at] & 3) + 1 : 4;
    }
}

/* Returns the size that the byte stream has; 0: the lengths don't fit the packet. */
static int hash_video(const struct units *units, const AVPacket *packet)
{
    static const uint8_t start_code[] = {0, 0, 0, 1};
    size_t left = (size_t)packet->size;
    const uint8_t *at = packet->data;
    int size = 0;

    while (left > 0) {
        size_t len = 0;
        if (left < units->nal_length_bytes) {
            return 0;
        }
        for (size_t i = 0; i < units->nal_length_bytes; i++) {
            len = len << 8 | at[i];
        }
        at += units->nal_length_bytes;
        left -= units->nal_length_bytes;
        if (len > left) {
            return 0;
        }
        av_md5_update(units->md5, start_code, sizeof(start_code));
        av_md5_update(units->md5, at, len);
        size += (int)(sizeof(start_code) + len);
        at += len;
        left -= len;
    }
    return size;
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct units *units = arg;
    bool is_video = packet->stream_index == PH_TRACK_VIDEO;
    int size = packet->size;
    uint8_t digest[16];

    av_md5_init(units->md5);
    if (is_video) {
        size = hash_video(units, packet);
    } else {
        av_md5_update(units->md5, packet->data, (size_t)packet->size);
    }
    av_md5_final(units->md5, digest);
    printf("%s %" PRId64 " %" PRId64 " %d %s ", is_video ? "video" : "audio", packet->dts,
           packet->pts, size, (packet->flags & AV_PKT_FLAG_KEY) != 0 ? "K" : "-");
    for (size_t i = 0; i < sizeof(digest); i++) {
        printf("%02x", digest[i]);
    }
    printf("\n");
}

static const struct ph_srt_session_ops ops = {.on_track = on_track, .on_packet = on_packet};

static int feed_file(struct units *units, FILE *file, size_t message_bytes)
{
    uint8_t message[MESSAGE_BYTES_MAX];
    int err = PH_OK;
    size_t len;

    while (err == PH_OK && (len = fread(message, 1, message_bytes, file)) > 0) {
        err = ph_srt_session_feed(units->session, 0, message, len, 0);
    }
    if (err == PH_OK) {
        ph_srt_session_flush(units->session, 0);
    } else {
        fprintf(stderr, "ts_units: %s\n", ph_srt_session_detail(units->session));
    }
    return ferror(file) ? PH_EIO : err;
}

static int run(const char *path, size_t message_bytes, long skip)
{
    struct units units = {.nal_length_bytes = 4, .md5 = av_md5_alloc()};
    FILE *file = fopen(path, "rb");
    int err = file != NULL && fseek(file, skip, SEEK_SET) == 0 ? PH_OK : PH_EIO;

    if (err == PH_OK) {
        err = ph_srt_session_create(&units.session, &ph_srt_limits_default, PH_CONF_ON_LOSS_DROP,
                                    &ops, &units, 0);
    }
    if (err == PH_OK) {
        err = feed_file(&units, file, message_bytes);
    }
    if (err != PH_OK) {
        fprintf(stderr, "ts_units: %s: %s\n", path, ph_err_text(err));
    }
    ph_srt_session_destroy(&units.session);
    av_free(units.md5);
    if (file != NULL) {
        fclose(file);
    }
    return err;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"message-bytes", required_argument, NULL, 'm'},
        {"skip", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    long message_bytes = MESSAGE_BYTES;
    long skip = 0;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'm') {
            message_bytes = strtol(optarg, NULL, 10);
        } else if (option == 's') {
            skip = strtol(optarg, NULL, 10);
        } else {
            message_bytes = 0;
        }
    }
    if (optind != argc - 1 || message_bytes < 1 || message_bytes > MESSAGE_BYTES_MAX || skip < 0) {
        fputs(usage, stderr);
        return 2;
    }
    return run(argv[optind], (size_t)message_bytes, skip) == PH_OK ? 0 : 1;
}
