/* SPDX-License-Identifier: Apache-2.0 */
/* Products as the API's users send them in JSON: one, a part of one, or a whole shelf. */
#include "body.h"
#include "draft.h"
#include "state.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void read_value(struct ph_draft *draft, const struct ph_member *member, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        ph_draft_unset(draft, member);
        break;
    case JSON_STRING:
        ph_draft_set_text(draft, member, json_string_value(value));
        break;
    case JSON_INTEGER:
        ph_draft_set_number(draft, member, json_integer_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        ph_draft_set_flag(draft, member, json_is_true(value));
        break;
    default:
        ph_draft_refuse(draft, member);
        break;
    }
}

static void read_sku(struct ph_draft *draft, json_t *value)
{
    ph_draft_set_sku(draft, json_is_string(value) ? json_string_value(value) : "");
}

static void read_delta(struct ph_draft *draft, json_t *value, struct ph_change *patch)
{
    json_int_t delta = json_integer_value(value);

    if (!json_is_integer(value) || delta < -PH_COUNT_MAX || delta > PH_COUNT_MAX) {
        ph_draft_fault(draft, "stock_delta",
                       "must be a whole number: how many come to the stock, or below 0, go");
        return;
    }
    patch->stock_delta = delta;
}

/* `patch`: NULL where a whole product is read. */
static void read_members(struct ph_draft *draft, json_t *object, struct ph_change *patch)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        const struct ph_member *member = ph_member_find(name);
        if (member != NULL) {
            read_value(draft, member, value);
        } else if (strcmp(name, "sku") == 0) {
            read_sku(draft, value);
        } else if (patch != NULL && strcmp(name, "stock_delta") == 0) {
            read_delta(draft, value, patch);
        } else {
            ph_draft_fault(draft, name,
                           "is no member: sku title price original_price currency unit image url "
                           "stock sold position badge origin hidden are");
        }
    }
}

int ph_change_read_put(struct ph_change *out, const char *channel, const char *sku,
                       const void *body, size_t len, struct ph_faults *faults)
{
    struct ph_draft draft;
    json_t *root;
    int err;

    ph_change_init(out, PH_CHANGE_NONE);
    err = ph_body_parse_object(&root, body, len, faults);
    if (err != PH_OK) {
        return err;
    }
    ph_change_init(out, PH_CHANGE_PUT_PRODUCT);
    ph_draft_init(&draft, "", channel, sku, faults);
    ph_draft_set_sku(&draft, sku);
    read_members(&draft, root, NULL);
    ph_draft_check(&draft);
    snprintf(out->sku, sizeof(out->sku), "%s", sku);
    out->product = ph_product_create(&draft.product);
    json_decref(root);
    return ph_change_end(out, faults);
}

int ph_change_read_patch(struct ph_change *out, const char *channel, const char *sku,
                         const void *body, size_t len, struct ph_faults *faults)
{
    struct ph_draft draft;
    json_t *root;
    int err;

    ph_change_init(out, PH_CHANGE_NONE);
    err = ph_body_parse_object(&root, body, len, faults);
    if (err != PH_OK) {
        return err;
    }
    ph_change_init(out, PH_CHANGE_PATCH_PRODUCT);
    ph_draft_init(&draft, "", channel, sku, faults);
    ph_draft_set_sku(&draft, sku);
    read_members(&draft, root, out);
    ph_draft_check_patch(&draft);
    if (json_object_get(root, "stock_delta") != NULL && (draft.fields & PH_FIELD_STOCK) != 0) {
        ph_draft_fault(&draft, "stock_delta", "does not go together with stock: give one of them");
    }
    snprintf(out->sku, sizeof(out->sku), "%s", sku);
    out->fields = draft.fields;
    out->product = ph_product_create(&draft.product);
    json_decref(root);
    return ph_change_end(out, faults);
}

static void read_imported(struct ph_change *out, const char *channel, const char *base,
                          json_t *product, struct ph_faults *faults)
{
    struct ph_draft draft;

    if (!json_is_object(product)) {
        ph_faults_add(faults, base, "must be a product, {...}");
        return;
    }
    ph_draft_init(&draft, base, channel, "", faults);
    if (json_object_get(product, "sku") == NULL) {
        ph_draft_fault(&draft, "sku", "is required: what the product is known by");
    }
    read_members(&draft, product, NULL);
    ph_draft_add_to(&draft, out);
}

static void read_list(struct ph_change *out, const char *channel, const char *base, json_t *list,
                      struct ph_faults *faults)
{
    size_t count = json_array_size(list);

    if (count > PH_SHELF_PRODUCTS_MAX) {
        ph_faults_add(faults, base, "has %zu products, and a shelf at most %d", count,
                      PH_SHELF_PRODUCTS_MAX);
        return;
    }
    out->products = ph_new_array(struct ph_product *, PH_SHELF_PRODUCTS_MAX);
    for (size_t i = 0; i < count; i++) {
        char pointer[48];
        snprintf(pointer, sizeof(pointer), "%s/%zu", base, i);
        read_imported(out, channel, pointer, json_array_get(list, i), faults);
    }
}

/* {"products": [...]}, and nothing else in it. */
static void read_envelope(struct ph_change *out, const char *channel, json_t *root,
                          struct ph_faults *faults)
{
    json_t *list = json_object_get(root, "products");
    struct ph_draft draft;
    const char *name;
    json_t *value;

    ph_draft_init(&draft, "", channel, "", faults);
    json_object_foreach(root, name, value)
    {
        if (value != list) {
            ph_draft_fault(&draft, name, "is no member: products is the only one");
        }
    }
    if (!json_is_array(list)) {
        ph_faults_add(faults, "/products", "must be the list of all products, [...]");
        return;
    }
    read_list(out, channel, "/products", list, faults);
}

int ph_change_read_import(struct ph_change *out, const char *channel, const void *body, size_t len,
                          struct ph_faults *faults)
{
    json_t *root;
    int err;

    ph_change_init(out, PH_CHANGE_NONE);
    err = ph_body_parse(&root, body, len, PH_IMPORT_BYTES_MAX, faults);
    if (err != PH_OK) {
        return err;
    }
    ph_change_init(out, PH_CHANGE_IMPORT);
    if (json_is_array(root)) {
        read_list(out, channel, "", root, faults);
    } else {
        read_envelope(out, channel, root, faults);
    }
    json_decref(root);
    return ph_change_end(out, faults);
}
