/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_RFC3339_H
#define PHIEN_CORE_RFC3339_H

#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * A date with its time and zone, "2026-08-04T20:00:00+07:00", as wall clock time (RFC 3339, years
 * 1970 to 9999). What is finer than microseconds is left out. False for all else.
 */
bool ph_rfc3339_parse(const char *text, ph_usec *out);

#endif
