/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules for a product's members, for all that it can be written in. A fault says what to write
 * instead, since who reads it has a seller waiting beside her.
 */
#include "draft.h"

#include "currency.h"
#include "line.h"
#include "link.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEMBER(name, field, kind, max)                                                             \
    {                                                                                              \
#name, PH_FIELD_##field, PH_MEMBER_##kind, offsetof(struct ph_product, name), max          \
    }

static const struct ph_member members[] = {
    MEMBER(title, TITLE, TEXT, PH_TITLE_CHARS_MAX),
    MEMBER(price, PRICE, PRICE, PH_PRICE_MAX),
    MEMBER(original_price, ORIGINAL_PRICE, PRICE, PH_PRICE_MAX),
    MEMBER(currency, CURRENCY, CURRENCY, 0),
    MEMBER(unit, UNIT, TEXT, PH_UNIT_CHARS_MAX),
    MEMBER(image, IMAGE, IMAGE, 0),
    MEMBER(url, URL, LINK, 0),
    MEMBER(stock, STOCK, COUNT, PH_COUNT_MAX),
    MEMBER(sold, SOLD, COUNT, PH_COUNT_MAX),
    MEMBER(position, POSITION, COUNT, PH_COUNT_MAX),
    MEMBER(badge, BADGE, TEXT, PH_BADGE_CHARS_MAX),
    MEMBER(origin, ORIGIN, TEXT, PH_ORIGIN_CHARS_MAX),
    {"hidden", PH_FIELD_HIDDEN, PH_MEMBER_FLAG, offsetof(struct ph_product, is_hidden), 0},
};

enum { REQUIRED = PH_FIELD_TITLE | PH_FIELD_PRICE };

const struct ph_member *ph_member_find(const char *name)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(members); i++) {
        if (strcmp(members[i].name, name) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

void ph_draft_init(struct ph_draft *draft, const char *base, const char *channel, const char *sku,
                   struct ph_faults *faults)
{
    *draft = (struct ph_draft){.base = base, .channel = channel, .faults = faults};
    draft->product = (struct ph_product){
        .sku = sku,
        .title = "",
        .unit = "",
        .image = "",
        .url = "",
        .badge = "",
        .origin = "",
        .currency = "VND",
        .price = PH_NO_NUMBER,
        .original_price = PH_NO_NUMBER,
        .stock = PH_NO_NUMBER,
        .sold = PH_NO_NUMBER,
        .position = PH_NO_NUMBER,
    };
}

void ph_draft_fault(struct ph_draft *draft, const char *name, const char *detail)
{
    ph_faults_add_member(draft->faults, draft->base, name, detail);
}

static const char *rule_of(const struct ph_member *member, char *out, size_t size)
{
    switch (member->kind) {
    case PH_MEMBER_TEXT:
        snprintf(out, size, "must be a text of %s%" PRId64 " characters in one line",
                 member->field & REQUIRED ? "1 to " : "at most ", member->max);
        return out;
    case PH_MEMBER_PRICE:
        snprintf(out, size,
                 "must be a whole number of đồng, or of the currency's smallest unit, from 0 to "
                 "%" PRId64,
                 member->max);
        return out;
    case PH_MEMBER_COUNT:
        snprintf(out, size, "must be a whole number from 0 to %" PRId64, member->max);
        return out;
    case PH_MEMBER_LINK:
        return "must be an http:// or https:// address of at most 512 bytes without blanks; {sku} "
               "and {channel} in it are filled in";
    case PH_MEMBER_IMAGE:
        return "must be an https:// address of at most 512 bytes, or the path that was answered "
               "to an upload to this channel";
    case PH_MEMBER_CURRENCY:
        return "must be three capital letters, such as VND";
    case PH_MEMBER_FLAG:
    case PH_MEMBER_NONE:
        break;
    }
    return "must be true or false";
}

static void say_wrong(struct ph_draft *draft, const struct ph_member *member, const char *before)
{
    char rule[160];
    char detail[192];

    snprintf(detail, sizeof(detail), "%s%s", before, rule_of(member, rule, sizeof(rule)));
    draft->fields |= member->field;
    ph_draft_fault(draft, member->name, detail);
}

void ph_draft_refuse(struct ph_draft *draft, const struct ph_member *member)
{
    say_wrong(draft, member, "");
}

void ph_draft_set_sku(struct ph_draft *draft, const char *sku)
{
    if (!ph_sku_is_valid(sku, strlen(sku))) {
        ph_draft_fault(draft, "sku", "must be 1 to 64 of the letters A-Z a-z, digits, . _ and -");
    } else if (draft->product.sku[0] != '\0' && strcmp(draft->product.sku, sku) != 0) {
        ph_draft_fault(draft, "sku", "must be the one in the path, or left out");
    } else {
        draft->product.sku = sku;
    }
}

static bool is_text(const struct ph_member *member, const char *text)
{
    size_t chars;
    bool is_blank = text[strspn(text, " ")] == '\0';

    return ph_line_is_valid(text, &chars) && chars <= (size_t)member->max &&
           (!is_blank || (text[0] == '\0' && (member->field & REQUIRED) == 0));
}

static bool is_acceptable(const struct ph_draft *draft, const struct ph_member *member,
                          const char *text)
{
    switch (member->kind) {
    case PH_MEMBER_TEXT:
        return is_text(member, text);
    case PH_MEMBER_LINK:
        return text[0] == '\0' || (strlen(text) <= PH_URL_BYTES_MAX && ph_link_is_valid(text));
    case PH_MEMBER_IMAGE:
        return text[0] == '\0' ||
               (strlen(text) <= PH_URL_BYTES_MAX && ph_link_is_image(text, draft->channel));
    case PH_MEMBER_CURRENCY:
        return ph_currency_is_valid(text);
    default:
        return false;
    }
}

static void *value_of(struct ph_draft *draft, const struct ph_member *member)
{
    return (char *)&draft->product + member->offset;
}

void ph_draft_set_text(struct ph_draft *draft, const struct ph_member *member, const char *text)
{
    if (!is_acceptable(draft, member, text)) {
        ph_draft_refuse(draft, member);
        return;
    }
    draft->fields |= member->field;
    if (member->kind == PH_MEMBER_CURRENCY) {
        memcpy(draft->product.currency, text, sizeof(draft->product.currency));
    } else {
        *(const char **)value_of(draft, member) = text;
    }
}

void ph_draft_set_number(struct ph_draft *draft, const struct ph_member *member, int64_t number)
{
    bool is_number = member->kind == PH_MEMBER_PRICE || member->kind == PH_MEMBER_COUNT;

    if (!is_number || number < 0 || number > member->max) {
        ph_draft_refuse(draft, member);
        return;
    }
    draft->fields |= member->field;
    *(int64_t *)value_of(draft, member) = number;
}

void ph_draft_set_flag(struct ph_draft *draft, const struct ph_member *member, bool flag)
{
    if (member->kind != PH_MEMBER_FLAG) {
        ph_draft_refuse(draft, member);
        return;
    }
    draft->fields |= member->field;
    *(bool *)value_of(draft, member) = flag;
}

void ph_draft_unset(struct ph_draft *draft, const struct ph_member *member)
{
    if (member->field & REQUIRED) {
        say_wrong(draft, member, "is required: ");
    }
    draft->fields |= member->field;
}

static void check_together(struct ph_draft *draft)
{
    const struct ph_product *product = &draft->product;

    if (ph_link_fill(NULL, 0, product->url, product->sku, draft->channel) > PH_URL_BYTES_MAX) {
        ph_draft_fault(draft, "url", "is longer than 512 bytes with {sku} and {channel} filled in");
    }
    if (product->original_price != PH_NO_NUMBER && product->price > product->original_price) {
        ph_draft_fault(draft, "original_price",
                       "is the price before, and must not be below the price");
    }
}

void ph_draft_check(struct ph_draft *draft)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(members); i++) {
        if ((members[i].field & REQUIRED & ~draft->fields) != 0) {
            say_wrong(draft, &members[i], "is required: ");
        }
    }
    check_together(draft);
}

void ph_draft_check_patch(struct ph_draft *draft)
{
    check_together(draft);
}

void ph_draft_add_to(struct ph_draft *draft, struct ph_change *import)
{
    ph_draft_check(draft);
    if (draft->product.sku[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < import->product_count; i++) {
        if (strcmp(import->products[i]->sku, draft->product.sku) == 0) {
            ph_draft_fault(draft, "sku", "is that of another product before it");
            return;
        }
    }
    import->products[import->product_count++] = ph_product_create(&draft->product);
}
