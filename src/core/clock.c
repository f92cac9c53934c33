/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/clock.h>

#include <stdio.h>
#include <time.h>

static ph_usec read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (ph_usec)ts.tv_sec * PH_USEC_PER_S + ts.tv_nsec / 1000;
}

ph_usec ph_clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

ph_usec ph_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

struct ph_now ph_clock_now(void)
{
    return (struct ph_now){.mono = ph_clock_mono(), .wall = ph_clock_wall()};
}

void ph_clock_format_utc(ph_usec wall, char out[static 32])
{
    /* Rounded down, so that the fraction counts up before 1970 as well. */
    ph_usec fraction = (wall % PH_USEC_PER_S + PH_USEC_PER_S) % PH_USEC_PER_S;
    time_t seconds = (time_t)(wall / PH_USEC_PER_S - (wall % PH_USEC_PER_S < 0));
    int ms = (int)(fraction / PH_USEC_PER_MS);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    size_t len = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + len, 32 - len, ".%03dZ", ms);
}
