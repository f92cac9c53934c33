/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_WITNESS_H
#define PHIEN_TESTS_WITNESS_H

#include <phien/media/channel.h>

#include <pthread.h>

enum { WITNESS_LOG_BYTES = 1 << 20, WITNESS_PATIENCE_S = 30 };

/* What servers on threads of their own do: packets and pauses of channels, and the log. */
struct witness {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned packets;
    unsigned pauses;
    unsigned lines; /* of the log */
    char log[WITNESS_LOG_BYTES];
};

/* A channel's sink; its argument is the witness. */
extern const struct ph_sink_ops witness_sink;

/* The log is diverted from then on. */
void witness_init(struct witness *witness);

/* After all threads that could be seen have ended. */
void witness_fini(struct witness *witness);

/* Any thread: one more of what is counted under the witness's mutex. */
void witness_count(struct witness *witness, unsigned *what);

/* What was counted so far. */
unsigned witness_read(struct witness *witness, const unsigned *what);

/* Until that has been counted up to `wanted`; fails the test otherwise. */
void witness_await_count(struct witness *witness, const unsigned *what, unsigned wanted);

/* Until the log has the text; fails the test otherwise. */
void witness_await_text(struct witness *witness, const char *text);

/* The same as often as that; and how often the log has it now. */
void witness_await_texts(struct witness *witness, const char *text, unsigned wanted);
unsigned witness_count_text(struct witness *witness, const char *text);

/*
 * Until one line of the log has both texts in it; fails the test otherwise. The log is then begun
 * anew, and what it was is the caller's to free.
 */
char *witness_await_line(struct witness *witness, const char *event, const char *text);

#endif
