/* SPDX-License-Identifier: Apache-2.0 */
/* The card as people write it, for players that show it as a caption. */
#include "message_text.h"

#include "currency.h"
#include "message.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Digits in thousands. */
static void group(int64_t number, char mark, char *out, size_t size)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number);
    size_t used = 0;

    for (size_t i = 0; i < len && used + 2 < size; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            out[used++] = mark;
        }
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

/* With a sign as in Vietnam, "1.250,00 €"; with a code as that is read everywhere. */
void ph_message_format_price(int64_t amount, const char *currency, char *out, size_t size)
{
    const char *sign = ph_currency_sign(currency);
    unsigned digits = ph_currency_digits(currency);
    int64_t unit = 1;
    char whole[32];
    char rest[8] = "";

    for (unsigned i = 0; i < digits; i++) {
        unit *= 10;
    }
    group(amount / unit, sign != NULL ? '.' : ',', whole, sizeof(whole));
    if (digits > 0) {
        snprintf(rest, sizeof(rest), "%c%0*d", sign != NULL ? ',' : '.', (int)digits,
                 (int)(amount % unit));
    }
    if (sign != NULL) {
        snprintf(out, size, "%s%s %s", whole, rest, sign);
    } else {
        snprintf(out, size, "%s %s%s", currency, whole, rest);
    }
}

static void write_price(FILE *out, const struct ph_card *card, const struct ph_product *product)
{
    bool has_flash = card->flash_price != PH_NO_NUMBER;
    char price[48];
    char flash[48];

    ph_message_format_price(product->price, product->currency, price, sizeof(price));
    ph_message_format_price(card->flash_price, product->currency, flash, sizeof(flash));
    fprintf(out, "%s%s", has_flash ? "Giá chớp nhoáng " : "", has_flash ? flash : price);
    if (product->unit[0] != '\0') {
        fprintf(out, "/%s", product->unit);
    }
    if (has_flash) {
        fprintf(out, " (%s)", price);
    }
}

char *ph_message_caption(const struct ph_overlay_state *state)
{
    const struct ph_product *product = ph_overlay_state_pinned(state);
    char *text = NULL;
    size_t size = 0;
    FILE *out;

    if (product == NULL) {
        return NULL;
    }
    out = open_memstream(&text, &size);
    PH_ASSERT(out != NULL);
    fprintf(out, "%s\n", product->title);
    write_price(out, state->card, product);
    if (ph_product_is_sold_out(product)) {
        fputs(" · hết hàng", out);
    } else if (product->stock != PH_NO_NUMBER) {
        fprintf(out, " · còn %" PRId64, product->stock);
    }
    if (state->card->note[0] != '\0') {
        fprintf(out, "\n%s", state->card->note);
    }
    fclose(out);
    PH_ASSERT(text != NULL);
    return text;
}
