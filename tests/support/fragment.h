/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_FRAGMENT_H
#define PHIEN_TESTS_SUPPORT_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * The sizes of a track's samples in movie fragments (ISO/IEC 14496-12 section 8.8), in their
 * order: how many there are; the first `max` are written to `sizes`.
 */
size_t fragment_read_sizes(const void *data, size_t len, uint32_t track, uint32_t *sizes,
                           size_t max);

#endif
