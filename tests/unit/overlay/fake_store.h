/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_FAKE_STORE_H
#define PHIEN_TESTS_FAKE_STORE_H

/*
 * The store's functions in place of the store's: jobs wait until the test says how they end. What
 * is kept lives in here.
 */
#include "overlay/store.h"

#include <phien/core/mem.h>

#include <string.h>

enum { FAKE_JOBS_MAX = 64 };

struct fake_store {
    struct ph_store_job *jobs[FAKE_JOBS_MAX];
    enum { FAKE_NONE, FAKE_WRITE, FAKE_KEEP, FAKE_GET } kinds[FAKE_JOBS_MAX];
    size_t count;
    size_t gets; /* ever */
    bool is_started;
    int open_err;

    struct ph_overlay_state *state; /* of the one channel that counts; what is kept */
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    size_t answer_count;
    struct ph_buf *image;
    char image_name[40];
};

static struct fake_store fake;

static inline void fake_reset(void)
{
    assert_int_equal(fake.count, 0);
    ph_overlay_state_unref(&fake.state);
    ph_buf_unref(&fake.image);
    memset(&fake, 0, sizeof(fake));
}

int ph_store_open(struct ph_store **out, const char *path, char *hint, size_t size)
{
    (void)path;
    snprintf(hint, size, "make the folder writable");
    *out = fake.open_err == PH_OK ? (struct ph_store *)&fake : NULL;
    return fake.open_err;
}

int ph_store_load(struct ph_store *store, const char *channel, struct ph_overlay_state **state,
                  struct ph_store_answer answers[PH_STORE_ANSWERS_MAX], size_t *answer_count)
{
    (void)channel;
    assert_ptr_equal(store, &fake);
    *state = fake.state != NULL ? ph_overlay_state_ref(fake.state) : ph_overlay_state_create();
    memcpy(answers, fake.answers, sizeof(fake.answers));
    *answer_count = fake.answer_count;
    return PH_OK;
}

int ph_store_start(struct ph_store *store)
{
    assert_ptr_equal(store, &fake);
    fake.is_started = true;
    return PH_OK;
}

void ph_store_stop(struct ph_store *store)
{
    assert_ptr_equal(store, &fake);
    fake.is_started = false;
}

void ph_store_close(struct ph_store **store)
{
    *store = NULL;
}

static inline void fake_post(struct ph_store_job *job, int kind)
{
    assert_true(fake.count < FAKE_JOBS_MAX);
    fake.jobs[fake.count] = job;
    fake.kinds[fake.count++] = kind;
}

void ph_store_post_write(struct ph_store *store, struct ph_store_write *write)
{
    (void)store;
    fake_post(&write->job, FAKE_WRITE);
}

void ph_store_post_image(struct ph_store *store, struct ph_store_image *image)
{
    (void)store;
    fake_post(&image->job, FAKE_KEEP);
}

void ph_store_get_image(struct ph_store *store, struct ph_store_image *image)
{
    (void)store;
    fake.gets++;
    fake_post(&image->job, FAKE_GET);
}

/* As the store does: what was not built on what is kept fails. */
static inline int fake_write(struct ph_store_write *write)
{
    int64_t kept = fake.state != NULL ? fake.state->seq : 0;

    if (write->before->seq != kept) {
        return PH_EIO;
    }
    ph_overlay_state_unref(&fake.state);
    fake.state = ph_overlay_state_ref(write->after);
    if (write->idempotency_key != NULL && fake.answer_count < PH_STORE_ANSWERS_MAX) {
        struct ph_store_answer *answer = &fake.answers[fake.answer_count++];
        snprintf(answer->key, sizeof(answer->key), "%s", write->idempotency_key);
        answer->seq = write->after->seq;
    }
    return PH_OK;
}

static inline int fake_keep(struct ph_store_image *image)
{
    image->is_new = fake.image == NULL;
    if (image->is_new) {
        fake.image = ph_buf_ref(image->bytes);
        snprintf(fake.image_name, sizeof(fake.image_name), "%s", image->name);
    }
    return PH_OK;
}

static inline int fake_get(struct ph_store_image *image)
{
    bool is_there = fake.image != NULL && strcmp(fake.image_name, image->name) == 0;

    image->bytes = is_there ? ph_buf_ref(fake.image) : NULL;
    return PH_OK;
}

/* The oldest job ends: well, or with `err`. */
static inline void fake_end_one(int err)
{
    assert_true(fake.count > 0);
    struct ph_store_job *job = fake.jobs[0];
    int kind = fake.kinds[0];

    fake.count--;
    memmove(fake.jobs, fake.jobs + 1, fake.count * sizeof(fake.jobs[0]));
    memmove(fake.kinds, fake.kinds + 1, fake.count * sizeof(fake.kinds[0]));
    job->err = err;
    if (err == PH_OK && kind == FAKE_WRITE) {
        job->err = fake_write(ph_container_of(job, struct ph_store_write, job));
    } else if (err == PH_OK && kind == FAKE_KEEP) {
        job->err = fake_keep(ph_container_of(job, struct ph_store_image, job));
    } else if (err == PH_OK && kind == FAKE_GET) {
        job->err = fake_get(ph_container_of(job, struct ph_store_image, job));
    }
    job->on_done(job);
}

static inline void fake_end_all(void)
{
    while (fake.count > 0) {
        fake_end_one(PH_OK);
    }
}

/* All jobs are discarded, as when the server has ended. */
static inline void fake_discard_all(void)
{
    for (size_t i = 0; i < fake.count; i++) {
        fake.jobs[i]->on_discard(fake.jobs[i]);
    }
    fake.count = 0;
}

#endif
