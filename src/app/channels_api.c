/* SPDX-License-Identifier: Apache-2.0 */
#include "channels_api.h"

#include "describe.h"

#include <phien/core/mem.h>

#include <stdlib.h>

/* One question on its way round the homes, one at a time; then back to who asked. */
struct round_trip {
    struct ph_mail mail;
    const struct ph_shared *shared;
    unsigned asker;
    unsigned at;                       /* the home it visits now */
    json_t *channels;                  /* by the registry's index; whoever has the mail */
    struct ph_http_exchange *exchange; /* the asker's thread; NULL: the client is gone */
};

static void free_trip(struct round_trip *trip)
{
    json_decref(trip->channels);
    free(trip);
}

static void discard(struct ph_mail *mail)
{
    free_trip(ph_container_of(mail, struct round_trip, mail));
}

static void on_abort(void *arg)
{
    struct round_trip *trip = arg;

    trip->exchange = NULL;
}

static void answer(struct round_trip *trip)
{
    json_t *root = json_pack("{s:O}", "channels", trip->channels);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

    ph_http_exchange_on_abort(trip->exchange, NULL, NULL);
    if (text != NULL) {
        ph_http_respond_text(trip->exchange, 200, "application/json", text);
    } else {
        ph_http_respond_problem(trip->exchange, 500, "out of memory", NULL);
    }
    free(text);
    json_decref(root);
}

static void come_back(struct ph_mail *mail)
{
    struct round_trip *trip = ph_container_of(mail, struct round_trip, mail);

    if (trip->exchange != NULL) {
        answer(trip);
    }
    free_trip(trip);
}

static void visit(struct ph_mail *mail)
{
    struct round_trip *trip = ph_container_of(mail, struct round_trip, mail);
    const struct ph_shared *shared = trip->shared;

    for (size_t i = 0; i < ph_registry_count(shared->registry); i++) {
        const struct ph_registry_entry *entry = ph_registry_at(shared->registry, i);
        if (entry->home == trip->at) {
            json_array_set_new(trip->channels, i, ph_describe_channel(shared, entry));
        }
    }
    trip->at++;
    bool is_round = trip->at == shared->workers;
    trip->mail.deliver = is_round ? come_back : visit;
    ph_mailbox_post(ph_loop_mailbox(shared->loops[is_round ? trip->asker : trip->at]), &trip->mail);
}

void ph_channels_api_list(struct ph_http_exchange *exchange, const struct ph_shared *shared,
                          unsigned index)
{
    struct round_trip *trip = ph_new(struct round_trip);

    trip->mail.deliver = visit;
    trip->mail.discard = discard;
    trip->shared = shared;
    trip->asker = index;
    trip->exchange = exchange;
    trip->channels = json_array();
    for (size_t i = 0; i < ph_registry_count(shared->registry); i++) {
        json_array_append_new(trip->channels, json_null());
    }
    ph_http_exchange_on_abort(exchange, on_abort, trip);
    ph_mailbox_post(ph_loop_mailbox(shared->loops[0]), &trip->mail);
}
