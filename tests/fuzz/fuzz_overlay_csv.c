/* SPDX-License-Identifier: Apache-2.0 */
/* Whole shelves from spreadsheets. What is accepted goes onto an empty shelf and is read out. */
#include "overlay/message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL "cho"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read out and in again it is the same shelf. */
static void check_round_trip(const struct ph_overlay_state *state)
{
    struct ph_faults faults = {0};
    struct ph_overlay_state *again;
    struct ph_change change;
    char *text = ph_message_shelf_all(state);
    json_t *message = json_loads(text, 0, NULL);
    char *list = json_dumps(json_object_get(message, "shelf"), JSON_COMPACT);

    PH_ASSERT(list != NULL);
    PH_ASSERT(ph_change_read_import(&change, CHANNEL, list, strlen(list), &faults) == PH_OK);
    PH_ASSERT(ph_overlay_state_apply(state, &change, 0, &again, &faults) == PH_OK);
    PH_ASSERT(again->rev == state->rev && again->seq == state->seq + 1);
    ph_overlay_state_unref(&again);
    ph_change_fini(&change);
    free(list);
    json_decref(message);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_overlay_state *empty = ph_overlay_state_create();
    struct ph_faults faults = {0};
    struct ph_overlay_state *state;
    struct ph_change change;
    int err = ph_change_read_csv(&change, CHANNEL, data, size, &faults);

    PH_ASSERT((err == PH_OK) == (faults.count == 0));
    if (err == PH_OK) {
        PH_ASSERT(ph_overlay_state_apply(empty, &change, 0, &state, &faults) == PH_OK);
        PH_ASSERT(state->count == change.product_count);
        check_round_trip(state);
        ph_overlay_state_unref(&state);
        ph_change_fini(&change);
    }
    ph_overlay_state_unref(&empty);
    return 0;
}
