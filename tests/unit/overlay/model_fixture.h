/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_MODEL_FIXTURE_H
#define PHIEN_TESTS_MODEL_FIXTURE_H

/* States of channel "cho", made of the bodies that users send. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "overlay/state.h"

#define CHANNEL "cho"

/* 2026-08-04T10:00:00.000Z, when everything is changed. */
#define NOW (INT64_C(1785837600) * PH_USEC_PER_S)

/* What all faults say, a line each: "POINTER: DETAIL\n". */
static inline const char *all_faults(const struct ph_faults *faults)
{
    static char text[sizeof(faults->items) + 512];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < faults->count && i < PH_FAULTS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: %s\n",
                                 faults->items[i].pointer, faults->items[i].detail);
    }
    return text;
}

static inline void assert_fault(const struct ph_faults *faults, const char *pointer,
                                const char *part)
{
    for (size_t i = 0; i < faults->count && i < PH_FAULTS_MAX; i++) {
        if (strcmp(faults->items[i].pointer, pointer) == 0 &&
            strstr(faults->items[i].detail, part) != NULL) {
            return;
        }
    }
    fail_msg("no fault \"%s\" with \"%s\" among:\n%s", pointer, part, all_faults(faults));
}

static inline void assert_no_faults(const struct ph_faults *faults)
{
    if (faults->count > 0) {
        fail_msg("faults:\n%s", all_faults(faults));
    }
}

/* `*state` becomes what `change` makes of it, which is used up; it stays on an error. */
static inline int apply(struct ph_overlay_state **state, struct ph_change *change,
                        struct ph_faults *faults)
{
    struct ph_overlay_state *next;
    int err = ph_overlay_state_apply(*state, change, NOW, &next, faults);

    assert_true((err == PH_OK) == (next != NULL));
    assert_true((err == PH_OK) == (faults->count == 0));
    if (err == PH_OK) {
        ph_overlay_state_unref(state);
        *state = next;
    }
    ph_change_fini(change);
    return err;
}

static inline int try_put(struct ph_overlay_state **state, const char *sku, const char *json,
                          struct ph_faults *faults)
{
    struct ph_change change;
    int err = ph_change_read_put(&change, CHANNEL, sku, json, strlen(json), faults);

    return err == PH_OK ? apply(state, &change, faults) : err;
}

static inline int try_patch(struct ph_overlay_state **state, const char *sku, const char *json,
                            struct ph_faults *faults)
{
    struct ph_change change;
    int err = ph_change_read_patch(&change, CHANNEL, sku, json, strlen(json), faults);

    return err == PH_OK ? apply(state, &change, faults) : err;
}

static inline int try_show(struct ph_overlay_state **state, const char *json,
                           struct ph_faults *faults)
{
    struct ph_change change;
    int err = ph_change_read_card(&change, json, strlen(json), NOW, faults);

    return err == PH_OK ? apply(state, &change, faults) : err;
}

static inline int try_import(struct ph_overlay_state **state, const char *json,
                             struct ph_faults *faults)
{
    struct ph_change change;
    int err = ph_change_read_import(&change, CHANNEL, json, strlen(json), faults);

    return err == PH_OK ? apply(state, &change, faults) : err;
}

static inline int try_plain(struct ph_overlay_state **state, enum ph_change_kind kind,
                            const char *sku, struct ph_faults *faults)
{
    struct ph_change change = {.kind = kind, .if_rev = -1};

    snprintf(change.sku, sizeof(change.sku), "%s", sku);
    return apply(state, &change, faults);
}

/* The same, and they succeed. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct ph_faults faults_ = {0};                                                            \
        struct ph_faults *faults = &faults_;                                                       \
        int err_ = (call);                                                                         \
        assert_no_faults(faults);                                                                  \
        assert_int_equal(err_, PH_OK);                                                             \
    } while (0)

static inline void put(struct ph_overlay_state **state, const char *sku, const char *json)
{
    MUST(try_put(state, sku, json, faults));
}

static inline void patch(struct ph_overlay_state **state, const char *sku, const char *json)
{
    MUST(try_patch(state, sku, json, faults));
}

static inline void show(struct ph_overlay_state **state, const char *json)
{
    MUST(try_show(state, json, faults));
}

static inline void import(struct ph_overlay_state **state, const char *json)
{
    MUST(try_import(state, json, faults));
}

static inline void hide(struct ph_overlay_state **state)
{
    MUST(try_plain(state, PH_CHANGE_HIDE_CARD, "", faults));
}

static inline void discard(struct ph_overlay_state **state, const char *sku)
{
    MUST(try_plain(state, PH_CHANGE_DELETE_PRODUCT, sku, faults));
}

#undef MUST

/* Plums as A1, honey as B2, both as they stand on a real shelf. */
static inline struct ph_overlay_state *make_shelf(void)
{
    struct ph_overlay_state *state = ph_overlay_state_create();

    put(&state, "A1",
        "{\"title\":\"Mận hậu Mộc Châu\",\"price\":45000,\"unit\":\"kg\",\"stock\":12}");
    put(&state, "B2", "{\"title\":\"Mật ong bạc hà\",\"price\":180000,\"unit\":\"chai\"}");
    return state;
}

#endif
