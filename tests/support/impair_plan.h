/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_IMPAIR_PLAN_H
#define PHIEN_TESTS_SUPPORT_IMPAIR_PLAN_H

#include <phien/core/clock.h>
#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bad network's decisions, without the network: what becomes of the n-th datagram of each
 * direction. Chance comes from the seed alone, so a datagram's fate depends on its number, and on
 * the time only as far as blackouts go.
 */
enum impair_way {
    IMPAIR_UP,   /* from the client to the server */
    IMPAIR_DOWN, /* back */
    IMPAIR_WAYS,
};

enum { IMPAIR_BLACKOUTS_MAX = 8 };

struct impair_blackout {
    ph_usec start; /* since the first datagram */
    ph_usec length;
};

struct impair_conf {
    uint64_t seed;
    double loss;    /* share of datagrams, 0 to 1 */
    double reorder; /* share that is overtaken by those behind it */
    ph_usec delay;
    ph_usec jitter; /* at most so much is added to the delay; alone it reorders nothing */
    bool is_spared[IMPAIR_WAYS];
    struct impair_blackout blackouts[IMPAIR_BLACKOUTS_MAX];
    size_t blackout_count;
};

struct impair_counts {
    uint64_t forwarded;
    uint64_t dropped;
    uint64_t reordered; /* of those forwarded */
};

struct impair_plan {
    struct impair_conf conf;
    uint64_t random[IMPAIR_WAYS];
    ph_usec begin; /* PH_USEC_NEVER: no datagram yet */
    ph_usec last_due[IMPAIR_WAYS];
    ph_usec dark_until;
    struct impair_counts counts[IMPAIR_WAYS];
};

/* How much longer than the others a datagram takes that is to be overtaken. */
#define IMPAIR_HOLD_MAX (20 * PH_USEC_PER_MS)

void impair_plan_init(struct impair_plan *plan, const struct impair_conf *conf);

/* The next datagram's fate. False: dropped; otherwise it goes on at *due. */
bool impair_plan_decide(struct impair_plan *plan, enum impair_way way, ph_usec now, ph_usec *due);

/* Nothing gets through for so long from now on, in the directions that are not spared. */
void impair_plan_blackout(struct impair_plan *plan, ph_usec now, ph_usec length);

/* A line of commands: "blackout MS" or "loss PERCENT". PH_EINVAL: it is neither. */
PH_MUST_CHECK int impair_plan_command(struct impair_plan *plan, ph_usec now, const char *line);

/* "START:LENGTH[,START:LENGTH]..." in ms; PH_EINVAL. */
PH_MUST_CHECK int impair_conf_parse_blackouts(struct impair_conf *conf, const char *text);

/* "5" or "0.5" percent as a share; PH_EINVAL. */
PH_MUST_CHECK int impair_conf_parse_percent(double *out, const char *text);

#endif
