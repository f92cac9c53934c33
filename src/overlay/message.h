/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_MESSAGE_H
#define PHIEN_OVERLAY_MESSAGE_H

#include "state.h"

#include <phien/media/cue.h>

/*
 * A state in words. "phien.overlay/1":
 *
 *   {"v":"phien.overlay/1","seq":12,"card":{...}}            of the card; null when none is shown
 *   {"v":"phien.overlay/1","seq":9,"rev":9,"shelf":[...]}    of the shelf, hidden products left out
 *   {"v":"phien.overlay/1","seq":12,"rev":9,"card":...,"shelf":[...]}  both
 *   {"v":"phien.overlay/1","seq":12,"sku":"A1","stock":4,"sold":8}     of one product's count
 *
 * A product is written with the members of the API, those that are unset left out, {sku} and
 * {channel} in its url filled in, its image a path from the server's root or https; its position is
 * its place in the list. A card is its product's members, and "flash_price", "ends_at", "note",
 * "shown_at", "hides_at" where set. Times are "2026-08-04T10:00:12.345Z". The seq is that of the
 * last change of what the message says, so that the same is written in the same bytes each time,
 * also after a restart.
 *
 * All texts returned are the caller's to free, never NULL.
 */
char *ph_message_card(const struct ph_overlay_state *state, const char *channel);
char *ph_message_shelf(const struct ph_overlay_state *state, const char *channel);
char *ph_message_overlay(const struct ph_overlay_state *state, const char *channel);
char *ph_message_stock(const struct ph_overlay_state *state, const struct ph_product *product);

/*
 * For those who may change it: with hidden products, urls as they were written, "position", and
 * "hidden":true.
 */
char *ph_message_shelf_all(const struct ph_overlay_state *state);

/*
 * The cues of the state. Where the message would be longer than its kind allows, the card's goes
 * without origin, badge, note, image, url, as far as it must; the shelf's without url, image,
 * then with as many products as fit and "more":true. Their "seq" is that of their own last change,
 * card_seq and rev. The caption is what a person reads, and a note in a third line:
 *
 *   "Mận hậu Mộc Châu\n45.000 ₫/kg · còn 12", flash price first, "hết hàng" when sold out.
 */
struct ph_cue *ph_message_card_cue(const struct ph_overlay_state *state, const char *channel);
struct ph_cue *ph_message_shelf_cue(const struct ph_overlay_state *state, const char *channel);

/* "45.000 ₫", "12,50 €", "USD 3.20" where no sign is known; `out` holds 48 bytes or more. */
void ph_message_format_price(int64_t amount, const char *currency, char *out, size_t size);

#endif
