/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many writes the overlay's store answers in a second, each durable by then, with so many under
 * way at once.
 *
 *     at once  writes/s  p50 ms  p99 ms
 *           1       812    1.21    1.90
 */
#include <overlay/store.h>

#include <phien/core/clock.h>
#include <phien/core/mem.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { WRITES_MAX = 200000, PRODUCTS = 100 };

static const char usage[] =
    "Usage: store_writes DATABASE [SECONDS]\n"
    "\n"
    "DATABASE is created where it is missing; it must lie on the disk that is measured.\n";

struct bench {
    struct ph_store *store;
    struct ph_mailbox box;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_woken;
    struct ph_overlay_state *state;
    ph_usec until;
    ph_usec *latencies;
    size_t done;
    size_t under_way;
    size_t failed;
};

struct sender {
    struct ph_store_write write;
    struct bench *bench;
    ph_usec posted_at;
};

static void wake(void *arg)
{
    struct bench *bench = arg;

    pthread_mutex_lock(&bench->mutex);
    bench->is_woken = true;
    pthread_cond_signal(&bench->changed);
    pthread_mutex_unlock(&bench->mutex);
}

/* The stock of one product, counted down, as a sale does. */
static struct ph_overlay_state *sell_one(const struct ph_overlay_state *before)
{
    struct ph_overlay_state *after = ph_overlay_state_create();

    after->seq = before->seq + 1;
    after->rev = after->seq;
    after->count = before->count;
    after->products = ph_new_array(struct ph_product *, before->count);
    for (size_t i = 0; i < before->count; i++) {
        after->products[i] = ph_product_ref(before->products[i]);
    }
    struct ph_product **sold = &after->products[(size_t)after->seq % after->count];
    struct ph_product like = **sold;
    like.stock--;
    ph_product_unref(sold);
    *sold = ph_product_create(&like);
    return after;
}

static void post(struct sender *sender)
{
    struct bench *bench = sender->bench;

    ph_overlay_state_unref(&sender->write.before);
    sender->write.before = bench->state;
    sender->write.after = sell_one(bench->state);
    bench->state = ph_overlay_state_ref(sender->write.after);
    sender->posted_at = ph_clock_mono();
    bench->under_way++;
    ph_store_post_write(bench->store, &sender->write);
}

static void on_done(struct ph_store_job *job)
{
    struct sender *sender = ph_container_of(job, struct sender, write.job);
    struct bench *bench = sender->bench;
    ph_usec now = ph_clock_mono();

    bench->under_way--;
    bench->failed += job->err != PH_OK;
    bench->latencies[bench->done++] = now - sender->posted_at;
    ph_overlay_state_unref(&sender->write.after);
    if (now < bench->until && bench->done + bench->under_way < WRITES_MAX) {
        post(sender);
    }
}

static int compare(const void *a, const void *b)
{
    ph_usec left = *(const ph_usec *)a;
    ph_usec right = *(const ph_usec *)b;

    return (left > right) - (left < right);
}

static void run(struct bench *bench, size_t at_once, ph_usec duration)
{
    struct sender *senders = ph_alloc(at_once * sizeof(*senders));
    ph_usec began = ph_clock_mono();

    bench->until = began + duration;
    bench->done = 0;
    for (size_t i = 0; i < at_once; i++) {
        senders[i].bench = bench;
        senders[i].write.channel = "bench";
        senders[i].write.job = (struct ph_store_job){.mailbox = &bench->box, .on_done = on_done};
        post(&senders[i]);
    }
    while (bench->under_way > 0) {
        pthread_mutex_lock(&bench->mutex);
        while (!bench->is_woken) {
            pthread_cond_wait(&bench->changed, &bench->mutex);
        }
        bench->is_woken = false;
        pthread_mutex_unlock(&bench->mutex);
        ph_mailbox_deliver(&bench->box);
    }
    double seconds = (double)(ph_clock_mono() - began) / (double)PH_USEC_PER_S;
    qsort(bench->latencies, bench->done, sizeof(ph_usec), compare);
    printf("%9zu %9.0f %7.2f %7.2f\n", at_once, (double)bench->done / seconds,
           (double)bench->latencies[bench->done / 2] / 1000.0,
           (double)bench->latencies[bench->done * 99 / 100] / 1000.0);
    for (size_t i = 0; i < at_once; i++) {
        ph_overlay_state_unref(&senders[i].write.before);
    }
    free(senders);
}

/* What is sold of; the store gets a product when one of it is sold. */
static void fill(struct ph_overlay_state *shelf)
{
    shelf->products = ph_new_array(struct ph_product *, PRODUCTS);
    for (int i = 0; i < PRODUCTS; i++) {
        char sku[16];
        snprintf(sku, sizeof(sku), "S%03d", i);
        const struct ph_product like = {.sku = sku,
                                        .title = "Mận hậu Mộc Châu loại một, hái sáng nay",
                                        .unit = "kg",
                                        .image = "https://example.com/man.jpg",
                                        .url = "https://example.com/{sku}",
                                        .badge = "",
                                        .origin = "Mộc Châu",
                                        .currency = "VND",
                                        .price = 45000,
                                        .original_price = PH_NO_NUMBER,
                                        .stock = PH_COUNT_MAX,
                                        .position = i};
        shelf->products[shelf->count++] = ph_product_create(&like);
    }
}

int main(int argc, char **argv)
{
    static const size_t at_once[] = {1, 10, 100};
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    size_t answer_count;
    struct bench bench = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    char hint[512];

    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    if (ph_store_open(&bench.store, argv[1], hint, sizeof(hint)) != PH_OK ||
        ph_store_load(bench.store, "bench", &bench.state, answers, &answer_count) != PH_OK ||
        ph_store_start(bench.store) != PH_OK) {
        fprintf(stderr, "store_writes: %s\n", hint);
        return 1;
    }
    bench.latencies = ph_new_array(ph_usec, WRITES_MAX);
    ph_mailbox_init(&bench.box, wake, &bench);
    if (bench.state->count == 0) {
        fill(bench.state);
    }
    puts("  at once  writes/s  p50 ms  p99 ms");
    for (size_t i = 0; i < PH_ARRAY_SIZE(at_once); i++) {
        run(&bench, at_once[i], seconds * PH_USEC_PER_S);
    }
    ph_store_close(&bench.store);
    ph_mailbox_fini(&bench.box);
    ph_overlay_state_unref(&bench.state);
    free(bench.latencies);
    if (bench.failed > 0) {
        fprintf(stderr, "store_writes: %zu writes failed\n", bench.failed);
    }
    return bench.failed > 0 ? 1 : 0;
}
