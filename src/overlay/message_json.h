/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_MESSAGE_JSON_H
#define PHIEN_OVERLAY_MESSAGE_JSON_H

#include "state.h"

#include <jansson.h>

/* What messages are made of. All is the caller's to release. */

/* {"v":"phien.overlay/1","seq":12} */
json_t *ph_message_json_begin(int64_t seq);

/* As a viewer sees it. */
json_t *ph_message_json_product(const struct ph_product *product, const char *channel);

/* As its seller wrote it, with its place on the shelf. */
json_t *ph_message_json_own_product(const struct ph_product *product);

/* null when none is shown. */
json_t *ph_message_json_card(const struct ph_overlay_state *state, const char *channel);

/* The products that viewers see. */
json_t *ph_message_json_shelf(const struct ph_overlay_state *state, const char *channel);

/* Compact, with members in the order they were added. Never NULL; the caller's to free. */
char *ph_message_json_write(const json_t *message);

/* The bytes that it would take. */
size_t ph_message_json_size(const json_t *message);

#endif
