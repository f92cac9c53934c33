/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/delivery/audience.h>

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * A figure is the mean over so many sweeps. With sweeps of five seconds that is longer than any
 * segment, so that who takes one every ten seconds is neither nobody nor two.
 */
enum { SWEEPS = 3 };

/* Of one channel on one worker. */
struct seat {
    ph_usec served[SWEEPS]; /* the newest is being counted */
    _Atomic int64_t milli_viewers;
};

struct clerk {
    ph_usec began[SWEEPS]; /* when each of the last sweeps' times began */
    size_t now;            /* the index of the newest */
    struct seat *seats;    /* by channel */
};

struct ph_audience {
    size_t workers;
    size_t channels;
    struct clerk *clerks; /* by worker */
};

struct ph_audience *ph_audience_create(size_t workers, size_t channels, ph_usec now)
{
    struct ph_audience *audience = ph_new(struct ph_audience);

    audience->workers = workers;
    audience->channels = channels;
    audience->clerks = ph_alloc(workers * sizeof(*audience->clerks));
    for (size_t i = 0; i < workers; i++) {
        audience->clerks[i].seats = ph_alloc(channels * sizeof(struct seat));
        for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
            audience->clerks[i].began[sweep] = now;
        }
    }
    return audience;
}

void ph_audience_destroy(struct ph_audience **ref)
{
    struct ph_audience *audience = *ref;

    *ref = NULL;
    if (audience == NULL) {
        return;
    }
    for (size_t i = 0; i < audience->workers; i++) {
        free(audience->clerks[i].seats);
    }
    free(audience->clerks);
    free(audience);
}

void ph_audience_serve(struct ph_audience *audience, unsigned worker, size_t channel,
                       ph_usec duration)
{
    struct clerk *clerk = &audience->clerks[worker];

    clerk->seats[channel].served[clerk->now] += duration;
}

static int64_t count(const struct seat *seat, ph_usec elapsed)
{
    ph_usec served = 0;

    for (size_t i = 0; i < SWEEPS; i++) {
        served += seat->served[i];
    }
    return elapsed >= PH_USEC_PER_MS ? served / (elapsed / PH_USEC_PER_MS) : 0;
}

void ph_audience_sweep(struct ph_audience *audience, unsigned worker, ph_usec now)
{
    struct clerk *clerk = &audience->clerks[worker];
    size_t oldest = (clerk->now + 1) % SWEEPS;
    ph_usec elapsed = now - clerk->began[oldest];

    for (size_t i = 0; i < audience->channels; i++) {
        struct seat *seat = &clerk->seats[i];
        atomic_store_explicit(&seat->milli_viewers, count(seat, elapsed), memory_order_relaxed);
        seat->served[oldest] = 0;
    }
    clerk->now = oldest;
    clerk->began[oldest] = now;
}

int64_t ph_audience_viewers(const struct ph_audience *audience, size_t channel)
{
    int64_t milli = 0;

    for (size_t i = 0; i < audience->workers; i++) {
        milli += atomic_load_explicit(&audience->clerks[i].seats[channel].milli_viewers,
                                      memory_order_relaxed);
    }
    return milli > 0 && milli < 500 ? 1 : (milli + 500) / 1000;
}

void ph_audience_format(struct ph_writer *out, const struct ph_audience *audience,
                        const char *const *names)
{
    ph_write_format(out, "# HELP phien_viewers Viewers, by the media served to them.\n"
                         "# TYPE phien_viewers gauge\n");
    for (size_t i = 0; i < audience->channels; i++) {
        ph_write_format(out, "phien_viewers{channel=\"%s\"} %" PRId64 "\n", names[i],
                        ph_audience_viewers(audience, i));
    }
}
