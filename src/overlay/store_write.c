/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States, to the tables and back. Of a state only what is not the one before is written: of a
 * shelf of 200 products whose stock is counted down, one row.
 */
#include "store_db.h"

#include <phien/core/mem.h>

#include <stdio.h>

/* ---- writing ---- */

/* NULL where there is none, as people who ask with a shell expect. */
static void bind_optional(struct ph_sqlite_run *run, const char *text)
{
    ph_sqlite_bind_text(run, *text != '\0' ? text : NULL);
}

static int put_product(struct ph_store_db *db, const char *channel,
                       const struct ph_product *product)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_PUT_PRODUCT);

    ph_sqlite_bind_text(&run, channel);
    ph_sqlite_bind_text(&run, product->sku);
    ph_sqlite_bind_int(&run, product->position);
    ph_sqlite_bind_text(&run, product->title);
    ph_sqlite_bind_int(&run, product->price);
    ph_sqlite_bind_number(&run, product->original_price);
    ph_sqlite_bind_text(&run, product->currency);
    bind_optional(&run, product->unit);
    ph_sqlite_bind_number(&run, product->stock);
    ph_sqlite_bind_number(&run, product->sold);
    bind_optional(&run, product->badge);
    bind_optional(&run, product->origin);
    bind_optional(&run, product->image);
    bind_optional(&run, product->url);
    ph_sqlite_bind_int(&run, product->is_hidden);
    return ph_sqlite_finish(&run);
}

static int delete_product(struct ph_store_db *db, const char *channel, const char *sku)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_DELETE_PRODUCT);

    ph_sqlite_bind_text(&run, channel);
    ph_sqlite_bind_text(&run, sku);
    return ph_sqlite_finish(&run);
}

/* Products that are the same in both, at the ends of the shelves, are none of the difference. */
struct difference {
    struct ph_product *const *before;
    struct ph_product *const *after;
    size_t before_count;
    size_t after_count;
};

static struct difference find_difference(const struct ph_overlay_state *before,
                                         const struct ph_overlay_state *after)
{
    struct difference d = {before->products, after->products, before->count, after->count};

    while (d.before_count > 0 && d.after_count > 0 && *d.before == *d.after) {
        d.before++;
        d.after++;
        d.before_count--;
        d.after_count--;
    }
    while (d.before_count > 0 && d.after_count > 0 &&
           d.before[d.before_count - 1] == d.after[d.after_count - 1]) {
        d.before_count--;
        d.after_count--;
    }
    return d;
}

static bool holds(struct ph_product *const *products, size_t count, const struct ph_product *one)
{
    for (size_t i = 0; i < count; i++) {
        if (products[i] == one) {
            return true;
        }
    }
    return false;
}

static int put_products(struct ph_store_db *db, const struct ph_store_write *write)
{
    struct difference d = find_difference(write->before, write->after);
    int code = SQLITE_OK;

    for (size_t i = 0; i < d.before_count && code == SQLITE_OK; i++) {
        const char *sku = d.before[i]->sku;
        if (ph_overlay_state_find(write->after, sku) == NULL) {
            code = delete_product(db, write->channel, sku);
        }
    }
    for (size_t i = 0; i < d.after_count && code == SQLITE_OK; i++) {
        if (!holds(d.before, d.before_count, d.after[i])) {
            code = put_product(db, write->channel, d.after[i]);
        }
    }
    return code;
}

static int put_card(struct ph_store_db *db, const struct ph_store_write *write)
{
    const struct ph_card *card = write->after->card;
    struct ph_sqlite_run run =
        ph_store_db_begin(db, card != NULL ? PH_STORE_SQL_PUT_CARD : PH_STORE_SQL_DELETE_CARD);

    ph_sqlite_bind_text(&run, write->channel);
    if (card != NULL) {
        ph_sqlite_bind_text(&run, card->sku);
        bind_optional(&run, card->note);
        ph_sqlite_bind_number(&run, card->flash_price);
        ph_sqlite_bind_time(&run, card->ends_at);
        ph_sqlite_bind_int(&run, card->shown_at);
        ph_sqlite_bind_time(&run, card->hides_at);
    }
    return ph_sqlite_finish(&run);
}

static int put_channel(struct ph_store_db *db, const struct ph_store_write *write)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_PUT_CHANNEL);

    ph_sqlite_bind_text(&run, write->channel);
    ph_sqlite_bind_int(&run, write->after->seq);
    ph_sqlite_bind_int(&run, write->after->rev);
    ph_sqlite_bind_int(&run, write->after->card_seq);
    return ph_sqlite_finish(&run);
}

/* The newest; those that are too old for the ring go. */
static int put_answer(struct ph_store_db *db, const struct ph_store_write *write)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_PUT_ANSWER);

    ph_sqlite_bind_text(&run, write->channel);
    ph_sqlite_bind_int(&run, write->after->seq);
    ph_sqlite_bind_text(&run, write->idempotency_key);
    int code = ph_sqlite_finish(&run);
    if (code != SQLITE_OK) {
        return code;
    }
    run = ph_store_db_begin(db, PH_STORE_SQL_DELETE_ANSWERS);
    ph_sqlite_bind_text(&run, write->channel);
    ph_sqlite_bind_int(&run, PH_STORE_ANSWERS_MAX);
    return ph_sqlite_finish(&run);
}

/* 0: there is no such channel yet. */
static int read_seq(struct ph_store_db *db, const char *channel, int64_t *seq)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_SEQ);

    ph_sqlite_bind_text(&run, channel);
    *seq = ph_sqlite_step(&run) ? ph_sqlite_int(&run) : 0;
    return ph_sqlite_end(&run);
}

int ph_store_write_run(struct ph_store_db *db, struct ph_store_job *job)
{
    const struct ph_store_write *write = ph_container_of(job, struct ph_store_write, job);
    int64_t seq;
    int code = read_seq(db, write->channel, &seq);

    /* The difference to another state than the one that is kept would leave a mixture of both. */
    if (code == SQLITE_OK && seq != write->before->seq) {
        job->err = PH_EIO;
        return SQLITE_OK;
    }
    if (code == SQLITE_OK) {
        code = put_products(db, write);
    }
    if (code == SQLITE_OK && write->after->card != write->before->card) {
        code = put_card(db, write);
    }
    if (code == SQLITE_OK) {
        code = put_channel(db, write);
    }
    if (code == SQLITE_OK && write->idempotency_key != NULL) {
        code = put_answer(db, write);
    }
    return code;
}

/* ---- reading ---- */

static struct ph_product *read_product(struct ph_sqlite_run *run)
{
    struct ph_product product = {.sku = ph_sqlite_text(run)};

    product.position = ph_sqlite_int(run);
    product.title = ph_sqlite_text(run);
    product.price = ph_sqlite_int(run);
    product.original_price = ph_sqlite_number(run);
    snprintf(product.currency, sizeof(product.currency), "%s", ph_sqlite_text(run));
    product.unit = ph_sqlite_text(run);
    product.stock = ph_sqlite_number(run);
    product.sold = ph_sqlite_number(run);
    product.badge = ph_sqlite_text(run);
    product.origin = ph_sqlite_text(run);
    product.image = ph_sqlite_text(run);
    product.url = ph_sqlite_text(run);
    product.is_hidden = ph_sqlite_int(run) != 0;
    return ph_product_create(&product);
}

static int read_products(struct ph_store_db *db, const char *channel,
                         struct ph_overlay_state *state)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_PRODUCTS);

    ph_sqlite_bind_text(&run, channel);
    while (ph_sqlite_step(&run)) {
        state->products =
            ph_realloc_array(state->products, state->count + 1, sizeof(struct ph_product *));
        state->products[state->count++] = read_product(&run);
    }
    return ph_sqlite_end(&run);
}

static int read_card(struct ph_store_db *db, const char *channel, struct ph_overlay_state *state)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_CARD);

    ph_sqlite_bind_text(&run, channel);
    if (ph_sqlite_step(&run)) {
        struct ph_card card = {.sku = ph_sqlite_text(&run)};
        card.note = ph_sqlite_text(&run);
        card.flash_price = ph_sqlite_number(&run);
        card.ends_at = ph_sqlite_time(&run);
        card.shown_at = ph_sqlite_int(&run);
        card.hides_at = ph_sqlite_time(&run);
        state->card = ph_card_create(&card);
    }
    return ph_sqlite_end(&run);
}

static int read_channel(struct ph_store_db *db, const char *channel, struct ph_overlay_state *state)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_CHANNEL);

    ph_sqlite_bind_text(&run, channel);
    if (ph_sqlite_step(&run)) {
        state->seq = ph_sqlite_int(&run);
        state->rev = ph_sqlite_int(&run);
        state->card_seq = ph_sqlite_int(&run);
    }
    return ph_sqlite_end(&run);
}

int ph_store_read_state(struct ph_store_db *db, const char *channel, struct ph_overlay_state **out)
{
    struct ph_overlay_state *state = ph_overlay_state_create();
    int code = read_channel(db, channel, state);

    if (code == SQLITE_OK) {
        code = read_products(db, channel, state);
    }
    if (code == SQLITE_OK) {
        code = read_card(db, channel, state);
    }
    if (code == SQLITE_OK) {
        *out = state;
    } else {
        ph_overlay_state_unref(&state);
    }
    return code;
}

int ph_store_read_answers(struct ph_store_db *db, const char *channel,
                          struct ph_store_answer answers[PH_STORE_ANSWERS_MAX], size_t *count)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_ANSWERS);

    *count = 0;
    ph_sqlite_bind_text(&run, channel);
    ph_sqlite_bind_int(&run, PH_STORE_ANSWERS_MAX);
    while (ph_sqlite_step(&run) && *count < PH_STORE_ANSWERS_MAX) {
        struct ph_store_answer *answer = &answers[(*count)++];
        snprintf(answer->key, sizeof(answer->key), "%s", ph_sqlite_text(&run));
        answer->seq = ph_sqlite_int(&run);
    }
    return ph_sqlite_end(&run);
}
