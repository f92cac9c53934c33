/* SPDX-License-Identifier: Apache-2.0 */
/* The card as attributes of a date range (RFC 8216bis, section 4.4.5.1: X-<client-attribute>). */
#include "link.h"
#include "message_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A quoted string has no way to write a quote (RFC 8216bis, section 4.2). The typographic one says
 * the same to people, and in an address there is none.
 */
static void write_text(FILE *out, const char *name, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    fprintf(out, ",%s=\"", name);
    for (; *text != '\0'; text++) {
        bool is_control = (unsigned char)*text < 0x20 || *text == 0x7f;
        if (*text == '"') {
            fputs("”", out);
        } else {
            fputc(is_control ? ' ' : *text, out);
        }
    }
    fputc('"', out);
}

static void write_number(FILE *out, const char *name, int64_t number)
{
    if (number != PH_NO_NUMBER) {
        fprintf(out, ",%s=%" PRId64, name, number);
    }
}

static void write_time(FILE *out, const char *name, ph_usec at)
{
    char text[32];

    if (at != PH_USEC_NEVER) {
        ph_clock_format_utc(at, text);
        write_text(out, name, text);
    }
}

static void write_link(FILE *out, const struct ph_product *product, const char *channel)
{
    char url[PH_URL_BYTES_MAX + 1];

    if (ph_link_fill(url, sizeof(url), product->url, product->sku, channel) < sizeof(url)) {
        write_text(out, "X-URL", url);
    }
}

/* The address matters more to a player than the picture. */
enum shape { WHOLE, WITHOUT_IMAGE, WITHOUT_IMAGE_AND_URL };

static char *write_attributes(const struct ph_card *card, const struct ph_product *product,
                              const char *channel, enum shape shape, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    PH_ASSERT(out != NULL);
    write_text(out, "X-SKU", product->sku);
    write_text(out, "X-TITLE", product->title);
    write_number(out, "X-PRICE", product->price);
    write_number(out, "X-ORIGINAL-PRICE", product->original_price);
    write_number(out, "X-FLASH-PRICE", card->flash_price);
    write_text(out, "X-CURRENCY", product->currency);
    write_text(out, "X-UNIT", product->unit);
    write_time(out, "X-ENDS-AT", card->ends_at);
    if (shape < WITHOUT_IMAGE_AND_URL) {
        write_link(out, product, channel);
    }
    if (shape < WITHOUT_IMAGE) {
        write_text(out, "X-IMAGE", product->image);
    }
    fclose(out);
    PH_ASSERT(text != NULL);
    return text;
}

char *ph_message_attributes(const struct ph_overlay_state *state, const char *channel)
{
    const struct ph_product *product = ph_overlay_state_pinned(state);
    char *text = NULL;

    if (product == NULL) {
        return NULL;
    }
    for (enum shape shape = WHOLE; shape <= WITHOUT_IMAGE_AND_URL; shape++) {
        size_t size;
        free(text);
        text = write_attributes(state->card, product, channel, shape, &size);
        if (size <= PH_MESSAGE_ATTRIBUTES_BYTES_MAX) {
            break;
        }
    }
    return text;
}
