/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each datagram three numbers are drawn, whether they are needed or not: so no decision moves
 * the ones after it, and each direction has a sequence of its own.
 */
#include "impair_plan.h"

#include <phien/core/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014), as a number from 0 to below 1. */
static double draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

void impair_plan_init(struct impair_plan *plan, const struct impair_conf *conf)
{
    *plan = (struct impair_plan){.conf = *conf, .begin = PH_USEC_NEVER};
    for (int way = 0; way < IMPAIR_WAYS; way++) {
        plan->random[way] = conf->seed * IMPAIR_WAYS + (uint64_t)way;
    }
}

static bool is_dark(const struct impair_plan *plan, ph_usec now)
{
    for (size_t i = 0; i < plan->conf.blackout_count; i++) {
        const struct impair_blackout *blackout = &plan->conf.blackouts[i];
        ph_usec since = now - plan->begin - blackout->start;
        if (since >= 0 && since < blackout->length) {
            return true;
        }
    }
    return now < plan->dark_until;
}

/* When it goes on if nothing overtakes it: never before the one ahead of it. */
static ph_usec queue_up(struct impair_plan *plan, enum impair_way way, ph_usec at)
{
    if (at < plan->last_due[way]) {
        at = plan->last_due[way];
    }
    plan->last_due[way] = at;
    return at;
}

bool impair_plan_decide(struct impair_plan *plan, enum impair_way way, ph_usec now, ph_usec *due)
{
    const struct impair_conf *conf = &plan->conf;
    struct impair_counts *counts = &plan->counts[way];
    double loss = draw(&plan->random[way]);
    double jitter = draw(&plan->random[way]);
    double reorder = draw(&plan->random[way]);

    if (plan->begin == PH_USEC_NEVER) {
        plan->begin = now;
    }
    *due = now;
    if (!conf->is_spared[way]) {
        if (is_dark(plan, now) || loss < conf->loss) {
            counts->dropped++;
            return false;
        }
        *due = queue_up(plan, way, now + conf->delay + (ph_usec)(jitter * (double)conf->jitter));
        if (reorder < conf->reorder) {
            /* What is left of the number, made a number from 0 to 1 again. */
            *due += 1 + (ph_usec)(reorder / conf->reorder * (double)IMPAIR_HOLD_MAX);
            counts->reordered++;
        }
    }
    counts->forwarded++;
    return true;
}

void impair_plan_blackout(struct impair_plan *plan, ph_usec now, ph_usec length)
{
    plan->dark_until = now + length;
}

static int parse_ms(ph_usec *out, const char *text, char **end)
{
    unsigned long ms = strtoul(text, end, 10);

    if (*end == text || *text == '-' || ms > 24ul * 3600 * 1000) {
        return PH_EINVAL;
    }
    *out = (ph_usec)ms * PH_USEC_PER_MS;
    return PH_OK;
}

int impair_conf_parse_percent(double *out, const char *text)
{
    char *end = NULL;
    double percent = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(percent) || percent < 0 || percent > 100) {
        return PH_EINVAL;
    }
    *out = percent / 100;
    return PH_OK;
}

int impair_conf_parse_blackouts(struct impair_conf *conf, const char *text)
{
    conf->blackout_count = 0;
    for (;;) {
        struct impair_blackout blackout;
        char *end = NULL;

        if (conf->blackout_count == IMPAIR_BLACKOUTS_MAX ||
            parse_ms(&blackout.start, text, &end) != PH_OK || *end != ':' ||
            parse_ms(&blackout.length, end + 1, &end) != PH_OK) {
            return PH_EINVAL;
        }
        conf->blackouts[conf->blackout_count++] = blackout;
        if (*end == '\0') {
            return PH_OK;
        }
        if (*end != ',') {
            return PH_EINVAL;
        }
        text = end + 1;
    }
}

int impair_plan_command(struct impair_plan *plan, ph_usec now, const char *line)
{
    static const char blackout[] = "blackout ";
    static const char loss[] = "loss ";
    ph_usec length;
    char *end = NULL;

    if (strncmp(line, loss, strlen(loss)) == 0) {
        return impair_conf_parse_percent(&plan->conf.loss, line + strlen(loss));
    }
    if (strncmp(line, blackout, strlen(blackout)) != 0 ||
        parse_ms(&length, line + strlen(blackout), &end) != PH_OK || *end != '\0') {
        return PH_EINVAL;
    }
    impair_plan_blackout(plan, now, length);
    return PH_OK;
}
