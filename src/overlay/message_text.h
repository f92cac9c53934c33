/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_MESSAGE_TEXT_H
#define PHIEN_OVERLAY_MESSAGE_TEXT_H

#include "state.h"

/* The card as a caption of at most three lines; NULL: none is shown. The caller's to free. */
char *ph_message_caption(const struct ph_overlay_state *state);

/* What the attributes of a date range may take: every reload of every playlist repeats them. */
enum { PH_MESSAGE_ATTRIBUTES_BYTES_MAX = 1200 };

/*
 * The card as attributes of an EXT-X-DATERANGE, ",X-SKU=\"A1\",..."; NULL: none is shown. Stock is
 * left out, since counting would make another range of it each time; image and url are, where they
 * make it too long. The caller's to free.
 */
char *ph_message_attributes(const struct ph_overlay_state *state, const char *channel);

#endif
