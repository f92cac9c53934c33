/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_SEQUENCE_H
#define PHIEN_INGEST_SRT_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SRT's sequence numbers (31 bits, they wrap): a hole in those of the messages received is what
 * was given up for lost.
 */
struct ph_srt_sequence {
    bool has_begun;
    uint32_t next;
};

/* How many messages are missing before the one with this number. */
size_t ph_srt_sequence_feed(struct ph_srt_sequence *sequence, int32_t number);

#endif
