/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_CURRENCY_H
#define PHIEN_OVERLAY_CURRENCY_H

#include <stdbool.h>
#include <stdint.h>

/* Three capital letters: what may be one of ISO 4217's. */
bool ph_currency_is_valid(const char *code);

/* Digits behind the point: of VND none, of most two. */
unsigned ph_currency_digits(const char *code);

/* A sign that stands for this currency and no other, "₫"; NULL: none does. */
const char *ph_currency_sign(const char *code);

/*
 * An amount as people write it: "45.000", "45,000", "45000 ₫", and "12,50", "1.250,00 €" where the
 * currency has digits behind the point, which then must be there: without them nobody knows whether
 * "12" is twelve or twelve hundredths. False for all else, and for what could be read in two ways.
 */
bool ph_currency_parse(const char *text, const char *code, int64_t *amount);

/* The same for a number of things: "1200", "1.200". */
bool ph_currency_parse_count(const char *text, int64_t *count);

#endif
