/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_MUXER_H
#define PHIEN_PACKAGE_MUXER_H

#include <phien/core/buf.h>
#include <phien/media/track.h>

#include <libavformat/avformat.h>

/*
 * What our two uses of libavformat's muxers share: a context that writes into memory and hands
 * over, at each cut, the very buffer that it wrote into, with room to spare behind the bytes.
 */
struct ph_muxer {
    AVFormatContext *context;
    AVPacket *packet;                        /* reused; borrows what the muxer is handed */
    int stream_of[PH_TRACK_KINDS];           /* -1: the track is not carried */
    AVRational time_base_of[PH_TRACK_KINDS]; /* of the packets that come in */
};

PH_MUST_CHECK int ph_muxer_init(struct ph_muxer *muxer, const char *format);
void ph_muxer_fini(struct ph_muxer *muxer);

/* Before ph_muxer_begin. `tag`: 0 leaves the choice to the muxer. */
PH_MUST_CHECK int ph_muxer_add_track(struct ph_muxer *muxer, const struct ph_track *track,
                                     uint32_t tag);

/* Timed metadata, also before ph_muxer_begin: `stream` is for ph_muxer_write_id3. */
PH_MUST_CHECK int ph_muxer_add_id3(struct ph_muxer *muxer, int *stream);

/*
 * Writes the header. Each option is a name and its value, NULL ends the list; every one of them
 * must be known to the muxer.
 */
PH_MUST_CHECK int ph_muxer_begin(struct ph_muxer *muxer, const char *const options[]);

/* Sets an option of the running muxer, for those that act once. */
void ph_muxer_set(struct ph_muxer *muxer, const char *name, const char *value);

/*
 * Borrows `packet`; `duration` in its track's time base replaces the packet's. PH_EINVAL: it has
 * no bytes or impossible times; PH_EMEDIA: the muxer refuses it.
 */
PH_MUST_CHECK int ph_muxer_write(struct ph_muxer *muxer, const AVPacket *packet, int64_t duration);

/*
 * A packet without bytes at `dts`, for muxers that throw it away but act on what is set. The
 * track's next packet must be later.
 */
PH_MUST_CHECK int ph_muxer_write_nothing(struct ph_muxer *muxer, enum ph_track_kind kind,
                                         int64_t dts);

/* An ID3 tag at `pts`, 90 kHz, not before the last one's. PH_EMEDIA: the muxer refuses it. */
PH_MUST_CHECK int ph_muxer_write_id3(struct ph_muxer *muxer, int stream, const void *tag,
                                     size_t len, int64_t pts);

/* Puts bytes that are not the muxer's between what it has written and what it writes next. */
void ph_muxer_insert(struct ph_muxer *muxer, const void *data, size_t len);

/* What was written since the last call; PH_EAGAIN if that is nothing. The caller owns `out`. */
PH_MUST_CHECK int ph_muxer_take(struct ph_muxer *muxer, struct ph_buf **out);

/* Makes the muxer write what it holds back, then takes it. */
PH_MUST_CHECK int ph_muxer_flush(struct ph_muxer *muxer, struct ph_buf **out);

#endif
