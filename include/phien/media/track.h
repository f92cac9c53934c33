/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_TRACK_H
#define PHIEN_MEDIA_TRACK_H

#include <phien/core/clock.h>
#include <phien/core/err.h>

#include <libavcodec/avcodec.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * A track: what one elementary stream is, apart from its packets. Immutable once created and
 * ref-counted, so any thread may hold one. Equal configuration means that packets of both can go
 * into the same init segment.
 */
enum ph_track_kind {
    PH_TRACK_NONE,
    PH_TRACK_VIDEO,
    PH_TRACK_AUDIO,
    PH_TRACK_KINDS, /* arrays by kind have this size */
};

struct ph_track {
    atomic_uint refs;
    enum ph_track_kind kind;
    AVCodecParameters *par; /* extradata as mp4 wants it: avcC, hvcC, av1C, ASC, OpusHead */
    AVRational time_base;   /* of packets on the channel's timeline: 1/90000, 1/sample_rate */
    AVRational frame_rate;  /* as the headers say; 0/1 when they don't */
    int frame_samples;      /* audio: samples a packet if constant (AAC 1024), else 0 */
    char codecs[40];        /* RFC 6381 string for CODECS: "avc1.64001f", "mp4a.40.2", "Opus" */
};

/*
 * From the codec parameters a session found: codec_type, codec_id, extradata. What the extradata
 * tells (sample rate, channels, profile) is filled in. PH_EUNSUPPORTED: a codec that cannot be
 * packaged; PH_EPROTO: extradata that is malformed. Copies `par`.
 *
 * Supported: H.264, HEVC, AV1; AAC, Opus, MP2, MP3, AC-3, E-AC-3, FLAC.
 */
PH_MUST_CHECK int ph_track_create(struct ph_track **out, const AVCodecParameters *par);

/* The same from the codec and its header alone; `len` may be 0. Copies. PH_ENOMEM as well. */
PH_MUST_CHECK int ph_track_create_of(struct ph_track **out, enum AVCodecID codec_id,
                                     const uint8_t *extradata, size_t len);

/*
 * A copy of `track` that also knows what only a key frame tells: width, height, profile, level,
 * frame rate. `key_frame` is framed as the extradata says (length-prefixed for avcC).
 */
PH_MUST_CHECK int ph_track_refine(struct ph_track **out, const struct ph_track *track,
                                  const AVPacket *key_frame);

struct ph_track *ph_track_ref(struct ph_track *track);
void ph_track_unref(struct ph_track **track);

/*
 * Same codec and the same extradata to the byte; where each frame says what it is instead, the
 * same sample rate and channels. NULL equals NULL.
 */
bool ph_track_equal(const struct ph_track *a, const struct ph_track *b);

/* "h264", "hevc", "aac": FFmpeg's codec name, "none" for NULL. */
const char *ph_track_codec_name(const struct ph_track *track);

/*
 * Whether this packet is a frame that decoding can start at: an IDR (H.264), an IRAP picture
 * (HEVC), what the container flagged as key for the rest. H.264's recovery points do not count,
 * since a part that says INDEPENDENT=YES must be decodable by itself.
 */
bool ph_track_is_random_access(const struct ph_track *track, const AVPacket *packet);

/*
 * How many samples of audio the packet decodes to, at the track's sample rate; 0 if that cannot
 * be told.
 */
int ph_track_samples(const struct ph_track *track, const AVPacket *packet);

/*
 * The tracks that are on air together, as in MPEG's use of the word: the packets after it belong
 * to these tracks until the next program. At least one of the two is there. Immutable,
 * ref-counted.
 */
struct ph_program {
    atomic_uint refs;
    struct ph_track *video; /* NULL: audio only */
    struct ph_track *audio; /* NULL: video only */
    bool is_slate;          /* what the channel shows while its publisher is away */
    bool is_mute;           /* the publisher sends no sound; `audio` is silence put in */
};

/* Takes references of its own. */
struct ph_program *ph_program_create(struct ph_track *video, struct ph_track *audio);
struct ph_program *ph_program_ref(struct ph_program *program);
void ph_program_unref(struct ph_program **program);
bool ph_program_equal(const struct ph_program *a, const struct ph_program *b);

/* The track that a packet belongs to: packet->stream_index is its enum ph_track_kind. */
static inline struct ph_track *ph_program_track(const struct ph_program *program, int kind)
{
    return kind == PH_TRACK_VIDEO ? program->video : kind == PH_TRACK_AUDIO ? program->audio : NULL;
}

/* The sound that the publisher sends, or NULL. `program` may be NULL. */
static inline struct ph_track *ph_program_sound(const struct ph_program *program)
{
    return program != NULL && !program->is_mute ? program->audio : NULL;
}

#endif
