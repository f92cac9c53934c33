/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_SLATE_H
#define PHIEN_MEDIA_SLATE_H

#include <phien/media/track.h>

/*
 * What a channel shows while its publisher is away: a picture that says that the seller is coming
 * back, and silence. Encoded once, when it was made (scripts/make-slate.sh), and linked in; here it
 * is only taken apart, and looped with the timestamps going on.
 *
 * Immutable after creation, so all channels on all threads share one.
 */
struct ph_slate;

/* H.264 and AAC, or H.264 alone: a viewer's decoders go on with the same kinds of tracks. */
enum ph_slate_form {
    PH_SLATE_NONE, /* of no program of other codecs, or without video */
    PH_SLATE_PORTRAIT,
    PH_SLATE_PORTRAIT_SILENT, /* no track of audio */
    PH_SLATE_LANDSCAPE,
    PH_SLATE_LANDSCAPE_SILENT,
    PH_SLATE_FORMS,
};

/* From what is linked in. PH_EMEDIA: it is not what it should be. */
PH_MUST_CHECK int ph_slate_create(struct ph_slate **out);
void ph_slate_destroy(struct ph_slate **slate);

/* The form that a program's viewers can be shown; _NONE for NULL. */
enum ph_slate_form ph_slate_form_of(const struct ph_program *program);

/* "portrait", "portrait-silent", …, "none"; and back, _NONE for what is none of them. */
const char *ph_slate_form_name(enum ph_slate_form form);
enum ph_slate_form ph_slate_form_named(const char *name);

/* Borrowed; it says is_slate. NULL for _NONE. */
struct ph_program *ph_slate_program(const struct ph_slate *slate, enum ph_slate_form form);

/* One showing of it, from its first picture on: the place in the loop. */
struct ph_slate_player {
    const struct ph_slate *slate;
    enum ph_slate_form form;
    int64_t next[PH_TRACK_KINDS]; /* packets given so far */
};

void ph_slate_player_init(struct ph_slate_player *player, const struct ph_slate *slate,
                          enum ph_slate_form form);

/* How long after the first picture the next packet is due. */
ph_usec ph_slate_player_due(const struct ph_slate_player *player);

/*
 * The next packet of either track, by time: stream_index, time_base, pts and dts from 0 on, data
 * referenced, as a session would give it. The first is a random access point. `out` is clean
 * before. PH_ENOMEM.
 */
PH_MUST_CHECK int ph_slate_player_next(struct ph_slate_player *player, AVPacket *out);

#endif
