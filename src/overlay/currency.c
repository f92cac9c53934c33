/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of currencies (ISO 4217), and amounts as people write them into tables. */
#include "currency.h"

#include <phien/core/mem.h>

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Those with another number of digits than two. */
static const struct {
    char code[4];
    unsigned digits;
} minor_units[] = {
    {"VND", 0}, {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0},
    {"KRW", 0}, {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
    {"BHD", 3}, {"IQD", 3}, {"JOD", 3}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3},
};

/*
 * What stands for a currency and for no other, the sign first, then what people type instead of it.
 * "$", "¥" and "£" are several currencies' each, and so are not here.
 */
static const struct {
    char code[4];
    const char *word;
} words[] = {
    {"VND", "₫"}, {"VND", "đồng"}, {"VND", "đ"}, {"VND", "d"},
    {"EUR", "€"}, {"THB", "฿"},    {"LAK", "₭"},
};

bool ph_currency_is_valid(const char *code)
{
    return strlen(code) == 3 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

unsigned ph_currency_digits(const char *code)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(minor_units); i++) {
        if (strcmp(minor_units[i].code, code) == 0) {
            return minor_units[i].digits;
        }
    }
    return 2;
}

const char *ph_currency_sign(const char *code)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(words); i++) {
        if (strcmp(words[i].code, code) == 0) {
            return words[i].word;
        }
    }
    return NULL;
}

struct span {
    const char *at;
    size_t len;
};

/* The bytes of the blank that `s` begins with: the space, and those that do not break lines. */
static size_t blank_length(const char *s, size_t len)
{
    if (len >= 1 && *s == ' ') {
        return 1;
    }
    if (len >= 2 && memcmp(s, "\u00a0", 2) == 0) {
        return 2;
    }
    return len >= 3 && memcmp(s, "\u202f", 3) == 0 ? 3 : 0;
}

static struct span trim(struct span span)
{
    size_t n;

    while ((n = blank_length(span.at, span.len)) > 0) {
        span.at += n;
        span.len -= n;
    }
    for (size_t size = 1; size <= 3;) {
        if (span.len >= size && blank_length(span.at + span.len - size, size) == size) {
            span.len -= size;
            size = 1;
        } else {
            size++;
        }
    }
    return span;
}

/* Takes `word` off one end; false if it is at neither. */
static bool strip(struct span *span, const char *word)
{
    size_t len = strlen(word);

    if (len > span->len) {
        return false;
    }
    if (strncasecmp(span->at + span->len - len, word, len) == 0) {
        span->len -= len;
    } else if (strncasecmp(span->at, word, len) == 0) {
        span->at += len;
        span->len -= len;
    } else {
        return false;
    }
    *span = trim(*span);
    return true;
}

static struct span strip_sign(struct span span, const char *code)
{
    bool is_done = strip(&span, code);

    for (size_t i = 0; i < PH_ARRAY_SIZE(words) && !is_done; i++) {
        is_done = strcmp(words[i].code, code) == 0 && strip(&span, words[i].word);
    }
    return span;
}

/* Runs of digits, and what stands before each but the first: '.', ',', '\'' or a blank. */
struct groups {
    struct {
        struct span digits;
        char mark;
    } items[6]; /* 1.000.000.000.000,00 */
    size_t count;
};

static bool take_mark(struct span *span, char *mark)
{
    size_t blank = blank_length(span->at, span->len);

    if (blank == 0 && (*span->at == '\0' || strchr(".,'", *span->at) == NULL)) {
        return false;
    }
    *mark = *span->at;
    if (blank > 0) {
        *mark = ' ';
    }
    span->at += blank > 0 ? blank : 1;
    span->len -= blank > 0 ? blank : 1;
    return true;
}

static bool split(struct span span, struct groups *groups)
{
    groups->count = 0;
    while (groups->count < PH_ARRAY_SIZE(groups->items)) {
        struct span *digits = &groups->items[groups->count].digits;
        digits->at = span.at;
        digits->len = 0;
        while (digits->len < span.len && isdigit((unsigned char)span.at[digits->len])) {
            digits->len++;
        }
        span.at += digits->len;
        span.len -= digits->len;
        groups->count++;
        if (digits->len == 0) {
            return false;
        }
        if (span.len == 0) {
            return true;
        }
        if (groups->count < PH_ARRAY_SIZE(groups->items) &&
            !take_mark(&span, &groups->items[groups->count].mark)) {
            return false;
        }
    }
    return false;
}

/* The first `count` of them are a whole number, alone or in thousands with the same mark. */
static bool are_thousands(const struct groups *groups, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (groups->items[i].digits.len != 3 || groups->items[i].mark != groups->items[1].mark) {
            return false;
        }
    }
    return count == 1 || (count > 1 && groups->items[0].digits.len <= 3);
}

static bool has_decimals(const struct groups *groups, unsigned digits)
{
    size_t last = groups->count - 1;
    char mark = groups->items[last].mark;

    return last > 0 && groups->items[last].digits.len == digits && (mark == '.' || mark == ',') &&
           (last == 1 || mark != groups->items[1].mark);
}

static bool add_up(const struct groups *groups, int64_t *out)
{
    int64_t sum = 0;
    size_t length = 0;

    for (size_t i = 0; i < groups->count; i++) {
        struct span digits = groups->items[i].digits;
        length += digits.len;
        if (length > 18) {
            return false;
        }
        for (size_t k = 0; k < digits.len; k++) {
            sum = sum * 10 + (digits.at[k] - '0');
        }
    }
    *out = sum;
    return true;
}

static bool parse(struct span span, unsigned digits, int64_t *out)
{
    struct groups groups;
    size_t whole;

    if (!split(span, &groups) || (digits > 0 && !has_decimals(&groups, digits))) {
        return false;
    }
    whole = digits > 0 ? groups.count - 1 : groups.count;
    return are_thousands(&groups, whole) && add_up(&groups, out);
}

bool ph_currency_parse(const char *text, const char *code, int64_t *amount)
{
    struct span span = trim((struct span){text, strlen(text)});

    return parse(strip_sign(span, code), ph_currency_digits(code), amount);
}

bool ph_currency_parse_count(const char *text, int64_t *count)
{
    return parse(trim((struct span){text, strlen(text)}), 0, count);
}
