/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_STORE_H
#define PHIEN_OVERLAY_STORE_H

#include "state.h"

#include <phien/core/buf.h>
#include <phien/net/mailbox.h>

/*
 * Where overlays are kept: one SQLite database in WAL mode with a thread of its own, since a disk
 * may take its time. The thread takes what has been posted since it last looked as one transaction,
 * which is durable (synchronous=FULL) before anybody hears of it.
 */
struct ph_store;
struct ph_store_db;

/* What was said to a request with an idempotency key, to be said again. */
struct ph_store_answer {
    char key[65];
    int64_t seq;
};

/* How long a job may take until nobody waits for it any more; busy databases are waited for 5 s. */
#define PH_STORE_PATIENCE (6 * PH_USEC_PER_S)

enum { PH_STORE_ANSWERS_MAX = 64 }; /* kept for each channel, the newest */

/*
 * Opens or creates the database; "" keeps everything in memory. PH_EACCESS, PH_EIO, and
 * PH_EUNSUPPORTED for one of a newer phien, each with what to do about it in `hint`.
 */
PH_MUST_CHECK int ph_store_open(struct ph_store **out, const char *path, char *hint, size_t size);

/*
 * Before ph_store_start: what is kept of a channel; an empty state if that is nothing. The answers
 * come oldest first.
 */
PH_MUST_CHECK int ph_store_load(struct ph_store *store, const char *channel,
                                struct ph_overlay_state **state,
                                struct ph_store_answer answers[PH_STORE_ANSWERS_MAX],
                                size_t *answer_count);

PH_MUST_CHECK int ph_store_start(struct ph_store *store);

/* Finishes what was posted, ends the thread. What is posted later is discarded. */
void ph_store_stop(struct ph_store *store);
void ph_store_close(struct ph_store **store);

/*
 * What is posted to the store, embedded in whatever its sender remembers of it. `on_done` is
 * called by `mailbox`'s owner with `err` set; `on_discard` instead where that one is gone.
 */
struct ph_store_job {
    struct ph_mail mail; /* the store's */
    struct ph_mailbox *mailbox;
    int err;
    void (*on_done)(struct ph_store_job *job);
    void (*on_discard)(struct ph_store_job *job);
    struct ph_store *store; /* the store's, and `run` */
    int (*run)(struct ph_store_db *db, struct ph_store_job *job);
};

/*
 * Any thread. What of `after` differs from `before` is written. `before` is what the store keeps
 * once all that was posted earlier is done: the write is refused with PH_EIO if it is not, as when
 * an earlier one has failed.
 */
struct ph_store_write {
    struct ph_store_job job;
    const char *channel;
    struct ph_overlay_state *before; /* borrowed until done, and `after` */
    struct ph_overlay_state *after;
    const char *idempotency_key; /* NULL: none; borrowed */
};
void ph_store_post_write(struct ph_store *store, struct ph_store_write *write);

enum ph_image_type { PH_IMAGE_NONE, PH_IMAGE_JPEG, PH_IMAGE_PNG, PH_IMAGE_WEBP };

enum {
    PH_IMAGE_BYTES_MAX = 2 * 1024 * 1024,
    PH_IMAGES_MAX = 400, /* of a channel: the oldest that no product shows go first */
};

/* An image is known by its name: "HASH.jpg", the hash in 32 hex digits. */
struct ph_store_image {
    struct ph_store_job job;
    const char *channel;
    char name[40];
    enum ph_image_type type;
    struct ph_buf *bytes; /* to be kept: borrowed; got: the caller's, NULL: there is none */
    bool is_new;          /* kept: it was not there before */
};
/* PH_ELIMIT: too many, and each is shown by a product. */
void ph_store_post_image(struct ph_store *store, struct ph_store_image *image);
void ph_store_get_image(struct ph_store *store, struct ph_store_image *image);

#endif
