/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the overlay together: the store, a desk for each channel on its home, and the way of each
 * desk's pictures to all workers.
 */
#include "overlay.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <stdlib.h>

/* A worker as the home of some channels, and as one who takes pictures. */
struct seat {
    struct ph_overlay *overlay;
    unsigned worker;
    void (*on_picture)(void *arg, size_t index, struct ph_picture *picture);
    void *arg;
    bool is_closed;             /* its desks take no more changes; the worker's thread */
    struct ph_mail close;       /* tells it so, once */
    struct ph_mail is_finished; /* tells worker 0 that the last of its changes is durable */
};

struct ph_overlay {
    struct ph_overlay_params params;
    struct ph_store *store;
    struct ph_desk **desks; /* by the registry's index */
    struct seat *seats;
    atomic_bool is_draining;
    size_t homes_open; /* of those that drain; worker 0's thread */
    void (*on_drained)(void *arg);
    void *drained_arg;
};

/* A picture on its way to a worker. Every one is delivered, since its events are told once. */
struct delivery {
    struct ph_mail mail;
    struct seat *seat;
    size_t index;
    struct ph_picture *picture;
};

static void free_delivery(struct delivery *delivery)
{
    ph_picture_unref(&delivery->picture);
    free(delivery);
}

static void deliver_picture(struct ph_mail *mail)
{
    struct delivery *delivery = ph_container_of(mail, struct delivery, mail);
    const struct seat *seat = delivery->seat;

    seat->on_picture(seat->arg, delivery->index, delivery->picture);
    free_delivery(delivery);
}

static void discard_picture(struct ph_mail *mail)
{
    free_delivery(ph_container_of(mail, struct delivery, mail));
}

static void post_picture(void *arg, const struct ph_registry_entry *entry,
                         struct ph_picture *picture)
{
    const struct seat *home = arg;
    struct ph_overlay *overlay = home->overlay;

    for (size_t i = 0; i < overlay->params.workers; i++) {
        if (overlay->seats[i].on_picture == NULL) {
            continue;
        }
        struct delivery *delivery = ph_new(struct delivery);
        delivery->mail.deliver = deliver_picture;
        delivery->mail.discard = discard_picture;
        delivery->seat = &overlay->seats[i];
        delivery->index = entry->index;
        delivery->picture = ph_picture_ref(picture);
        ph_mailbox_post(ph_loop_mailbox(overlay->params.loops[i]), &delivery->mail);
    }
}

/* ---- draining ---- */

static bool is_home_idle(const struct seat *seat)
{
    const struct ph_overlay *overlay = seat->overlay;

    for (size_t i = 0; i < ph_registry_count(overlay->params.registry); i++) {
        if (ph_registry_at(overlay->params.registry, i)->home == seat->worker &&
            !ph_desk_is_idle(overlay->desks[i])) {
            return false;
        }
    }
    return true;
}

static void discard_nothing(struct ph_mail *mail)
{
    (void)mail;
}

/* Worker 0's thread. */
static void deliver_finished(struct ph_mail *mail)
{
    struct seat *seat = ph_container_of(mail, struct seat, is_finished);
    struct ph_overlay *overlay = seat->overlay;

    if (--overlay->homes_open == 0) {
        overlay->on_drained(overlay->drained_arg);
    }
}

static void finish_if_idle(struct seat *seat)
{
    if (seat->is_closed && seat->is_finished.deliver == NULL && is_home_idle(seat)) {
        seat->is_finished =
            (struct ph_mail){.deliver = deliver_finished, .discard = discard_nothing};
        ph_mailbox_post(ph_loop_mailbox(seat->overlay->params.loops[0]), &seat->is_finished);
    }
}

static void on_idle(void *arg)
{
    finish_if_idle(arg);
}

static const struct ph_desk_ops desk_ops = {.on_picture = post_picture, .on_idle = on_idle};

static void deliver_close(struct ph_mail *mail)
{
    struct seat *seat = ph_container_of(mail, struct seat, close);
    struct ph_overlay *overlay = seat->overlay;

    for (size_t i = 0; i < ph_registry_count(overlay->params.registry); i++) {
        if (ph_registry_at(overlay->params.registry, i)->home == seat->worker) {
            ph_desk_close(overlay->desks[i]);
        }
    }
    seat->is_closed = true;
    finish_if_idle(seat);
}

void ph_overlay_drain(struct ph_overlay *overlay, void (*on_done)(void *arg), void *arg)
{
    atomic_store_explicit(&overlay->is_draining, true, memory_order_relaxed);
    overlay->on_drained = on_done;
    overlay->drained_arg = arg;
    overlay->homes_open = overlay->params.workers;
    for (size_t i = 0; i < overlay->params.workers; i++) {
        overlay->seats[i].close =
            (struct ph_mail){.deliver = deliver_close, .discard = discard_nothing};
        ph_mailbox_post(ph_loop_mailbox(overlay->params.loops[i]), &overlay->seats[i].close);
    }
}

/* ---- a life ---- */

static int open_store(struct ph_overlay *overlay)
{
    const char *path = overlay->params.conf->overlay.database;
    char hint[256] = "";
    int err = ph_store_open(&overlay->store, path, hint, sizeof(hint));

    if (err != PH_OK) {
        ph_log_error("overlay.open_failed", ph_kv("database", path),
                     ph_kv("reason", ph_err_text(err)), ph_kv("hint", hint));
    }
    return err;
}

static int create_desk(struct ph_overlay *overlay, size_t index)
{
    const struct ph_registry_entry *entry = ph_registry_at(overlay->params.registry, index);
    const struct ph_desk_params params = {
        .entry = entry,
        .loop = overlay->params.loops[entry->home],
        .store = overlay->store,
        .writes_per_s = overlay->params.conf->overlay.writes_per_s,
        .patience = PH_STORE_PATIENCE,
        .ops = &desk_ops,
        .arg = &overlay->seats[entry->home],
    };
    int err = ph_desk_create(&overlay->desks[index], &params);

    if (err != PH_OK) {
        ph_log_error("overlay.open_failed", ph_kv("channel", entry->conf->name),
                     ph_kv("database", overlay->params.conf->overlay.database),
                     ph_kv("reason", ph_err_text(err)));
    }
    return err;
}

static void log_open(const struct ph_overlay *overlay)
{
    const char *path = overlay->params.conf->overlay.database;
    size_t channels = ph_registry_count(overlay->params.registry);
    size_t products = 0;

    for (size_t i = 0; i < channels; i++) {
        products += ph_desk_picture(overlay->desks[i])->state->count;
    }
    ph_log_info("overlay.open", ph_kv("database", *path != '\0' ? path : "memory"),
                ph_kv_int("channels", channels), ph_kv_int("products", products));
}

int ph_overlay_create(struct ph_overlay **out, const struct ph_overlay_params *params)
{
    struct ph_overlay *overlay = ph_new(struct ph_overlay);
    size_t channels = ph_registry_count(params->registry);

    overlay->params = *params;
    overlay->desks = ph_alloc(channels * sizeof(struct ph_desk *));
    overlay->seats = ph_alloc(params->workers * sizeof(*overlay->seats));
    for (unsigned i = 0; i < params->workers; i++) {
        overlay->seats[i] = (struct seat){.overlay = overlay, .worker = i};
    }
    int err = open_store(overlay);
    for (size_t i = 0; i < channels && err == PH_OK; i++) {
        err = create_desk(overlay, i);
    }
    if (err == PH_OK) {
        log_open(overlay);
        err = ph_store_start(overlay->store);
    }
    if (err != PH_OK) {
        ph_overlay_stop(overlay);
        ph_overlay_destroy(&overlay);
    }
    *out = overlay;
    return err;
}

void ph_overlay_stop(struct ph_overlay *overlay)
{
    if (overlay->store != NULL) {
        ph_store_stop(overlay->store);
    }
    for (size_t i = 0; i < ph_registry_count(overlay->params.registry); i++) {
        if (overlay->desks[i] != NULL) {
            ph_desk_detach(overlay->desks[i]);
        }
    }
}

void ph_overlay_destroy(struct ph_overlay **ref)
{
    struct ph_overlay *overlay = *ref;

    *ref = NULL;
    if (overlay == NULL) {
        return;
    }
    ph_store_close(&overlay->store);
    for (size_t i = 0; i < ph_registry_count(overlay->params.registry); i++) {
        ph_desk_destroy(&overlay->desks[i]);
    }
    free(overlay->seats);
    free(overlay->desks);
    free(overlay);
}

/* ---- for the workers' apis ---- */

const struct ph_overlay_params *ph_overlay_get_params(const struct ph_overlay *overlay)
{
    return &overlay->params;
}

struct ph_store *ph_overlay_store(const struct ph_overlay *overlay)
{
    return overlay->store;
}

bool ph_overlay_is_draining(const struct ph_overlay *overlay)
{
    return atomic_load_explicit(&overlay->is_draining, memory_order_relaxed);
}

void ph_overlay_post(struct ph_overlay *overlay, const struct ph_registry_entry *entry,
                     struct ph_desk_write *write)
{
    ph_desk_post(overlay->desks[entry->index], write);
}

struct ph_picture *ph_overlay_first_picture(const struct ph_overlay *overlay, size_t index)
{
    return ph_desk_picture(overlay->desks[index]);
}

void ph_overlay_attach(struct ph_overlay *overlay, unsigned worker,
                       void (*on_picture)(void *arg, size_t index, struct ph_picture *picture),
                       void *arg)
{
    overlay->seats[worker].on_picture = on_picture;
    overlay->seats[worker].arg = arg;
}

void ph_overlay_flush(struct ph_overlay *overlay, unsigned worker)
{
    for (size_t i = 0; i < ph_registry_count(overlay->params.registry); i++) {
        if (ph_registry_at(overlay->params.registry, i)->home == worker) {
            ph_desk_flush(overlay->desks[i]);
        }
    }
}
