/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people and programs write them: RFC 3339, section 5.6, without leap seconds. */
#include <phien/core/rfc3339.h>

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly `count` digits; moves `*at` behind them. */
static bool take_digits(const char **at, unsigned count, int64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at)) {
            return false;
        }
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool take(const char **at, char c)
{
    if (toupper((unsigned char)**at) != c) {
        return false;
    }
    (*at)++;
    return true;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01. */
static int64_t days_until(int64_t year, int64_t month, int64_t day)
{
    int64_t before = year - 1;
    int64_t days = 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) - 477;

    for (int64_t m = 1; m < month; m++) {
        days += days_in_month(year, m);
    }
    return days + day - 1;
}

static bool take_date(const char **at, int64_t *days)
{
    int64_t year;
    int64_t month;
    int64_t day;

    if (!take_digits(at, 4, &year) || !take(at, '-') || !take_digits(at, 2, &month) ||
        !take(at, '-') || !take_digits(at, 2, &day)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *days = days_until(year, month, day);
    return true;
}

static bool take_fraction(const char **at, int64_t *usec)
{
    int64_t unit = PH_USEC_PER_S;

    *usec = 0;
    if (!take(at, '.')) {
        return true;
    }
    if (!isdigit((unsigned char)**at)) {
        return false;
    }
    for (; isdigit((unsigned char)**at); (*at)++) {
        unit /= 10;
        *usec += (**at - '0') * unit;
    }
    return true;
}

static bool take_time(const char **at, int64_t *usec)
{
    int64_t hours;
    int64_t minutes;
    int64_t seconds;
    int64_t fraction;

    if (!take_digits(at, 2, &hours) || !take(at, ':') || !take_digits(at, 2, &minutes) ||
        !take(at, ':') || !take_digits(at, 2, &seconds) || !take_fraction(at, &fraction)) {
        return false;
    }
    *usec = ((hours * 60 + minutes) * 60 + seconds) * PH_USEC_PER_S + fraction;
    return hours < 24 && minutes < 60 && seconds < 60;
}

/* How far the clocks of the zone are ahead. */
static bool take_zone(const char **at, int64_t *usec)
{
    int64_t sign;
    int64_t hours;
    int64_t minutes;

    *usec = 0;
    if (take(at, 'Z')) {
        return true;
    }
    sign = **at == '-' ? -1 : 1;
    if (!take(at, '+') && !take(at, '-')) {
        return false;
    }
    if (!take_digits(at, 2, &hours) || !take(at, ':') || !take_digits(at, 2, &minutes)) {
        return false;
    }
    *usec = sign * (hours * 60 + minutes) * 60 * PH_USEC_PER_S;
    return hours < 24 && minutes < 60;
}

bool ph_rfc3339_parse(const char *text, ph_usec *out)
{
    int64_t days;
    int64_t time;
    int64_t zone;

    if (!take_date(&text, &days) || !take(&text, 'T') || !take_time(&text, &time) ||
        !take_zone(&text, &zone) || *text != '\0') {
        return false;
    }
    *out = days * 86400 * PH_USEC_PER_S + time - zone;
    return true;
}
