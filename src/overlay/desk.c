/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "desk_keys.h"
#include "desk_stage.h"
#include "rate.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>
#include <string.h>

/* How soon what was due and could not be saved is tried again. */
#define DUE_AGAIN PH_USEC_PER_S

struct ph_desk {
    struct ph_desk_params params;
    const char *channel;
    struct ph_overlay_state *accepted;
    struct ph_overlay_state *durable;
    struct ph_picture *picture;  /* of the durable one */
    struct ph_desk_list pending; /* the store has them, in this order */
    struct ph_desk_stage stage;
    struct ph_desk_keys keys;
    struct ph_rate rate;
    struct ph_timer *card_timer;
    ph_usec due_not_before;
    bool is_closed;
};

static void accept(struct ph_desk *desk, struct ph_desk_write *write);

static const char *name_change(enum ph_change_kind kind)
{
    static const char *const names[] = {
        [PH_CHANGE_NONE] = "none",           [PH_CHANGE_PUT_PRODUCT] = "put",
        [PH_CHANGE_PATCH_PRODUCT] = "patch", [PH_CHANGE_DELETE_PRODUCT] = "delete",
        [PH_CHANGE_IMPORT] = "import",       [PH_CHANGE_SHOW_CARD] = "show",
        [PH_CHANGE_HIDE_CARD] = "hide",      [PH_CHANGE_END_OFFER] = "end_offer",
    };

    return names[kind];
}

static void replace_state(struct ph_overlay_state **at, struct ph_overlay_state *state)
{
    struct ph_overlay_state *old = *at;

    *at = ph_overlay_state_ref(state);
    ph_overlay_state_unref(&old);
}

/* ---- a card whose time is over ---- */

/* When something of the card is over, on the wall clock. */
static ph_usec card_due(const struct ph_desk *desk)
{
    const struct ph_card *card = desk->accepted->card;

    if (card == NULL || desk->is_closed) {
        return PH_USEC_NEVER;
    }
    return card->ends_at < card->hides_at ? card->ends_at : card->hides_at;
}

static void arm_card_timer(struct ph_desk *desk)
{
    ph_usec due = card_due(desk);
    ph_usec at = PH_USEC_NEVER;

    if (desk->card_timer == NULL) {
        return;
    }
    if (due != PH_USEC_NEVER) {
        ph_usec left = due - ph_clock_wall();
        at = ph_loop_now(desk->params.loop) + (left > 0 ? left : 0);
        at = at > desk->due_not_before ? at : desk->due_not_before;
    }
    ph_timer_set(desk->card_timer, at);
}

static void on_card_timer(void *arg)
{
    struct ph_desk *desk = arg;
    ph_usec now = ph_clock_wall();

    if (card_due(desk) > now) {
        arm_card_timer(desk); /* the clock was set back, or another card came */
        return;
    }
    bool is_over = desk->accepted->card->hides_at <= now;
    struct ph_desk_write *write = ph_new(struct ph_desk_write);
    write->desk = desk;
    write->change = (struct ph_change){
        .kind = is_over ? PH_CHANGE_HIDE_CARD : PH_CHANGE_END_OFFER,
        .if_rev = -1,
    };
    accept(desk, write);
}

static void replace_picture(struct ph_desk *desk)
{
    struct ph_picture *picture = ph_picture_create(desk->channel, desk->durable, desk->picture);

    ph_picture_unref(&desk->picture);
    desk->picture = picture;
}

/* ---- what the store says ---- */

static void answer_twins(struct ph_desk_write *write, bool is_done)
{
    struct ph_desk_write *twin = write->twins;

    write->twins = NULL;
    while (twin != NULL) {
        struct ph_desk_write *next = twin->twins;
        twin->twins = NULL;
        if (is_done) {
            twin->answer.status = 200;
            twin->answer.is_replayed = true;
            twin->answer.seq = write->store.after->seq;
            ph_desk_write_answer(twin);
        } else {
            ph_desk_write_refuse(twin, 503, "it could not be saved; try again");
        }
        twin = next;
    }
}

/* Why, the store has logged. */
static void fail(struct ph_desk *desk, struct ph_desk_write *write)
{
    if (!write->is_doomed) {
        for (struct ph_desk_write *w = desk->pending.first; w != NULL; w = w->next) {
            w->is_doomed = true;
        }
        replace_state(&desk->accepted, desk->durable);
        desk->due_not_before = ph_loop_now(desk->params.loop) + DUE_AGAIN;
        arm_card_timer(desk);
    }
    answer_twins(write, false);
    ph_desk_write_refuse(write, 503, "it could not be saved; try again");
}

static void finish(struct ph_desk *desk, struct ph_desk_write *write)
{
    struct ph_overlay_state *after = write->store.after;
    const struct ph_overlay_state *before = write->store.before;
    const char *sku = write->change.sku;
    int64_t cue_seq = -1;

    replace_state(&desk->durable, after);
    if (*write->key != '\0') {
        ph_desk_keys_add(&desk->keys, write->key, after->seq);
    }
    ph_log_info("overlay.change", ph_kv("channel", desk->channel), ph_kv_int("seq", after->seq),
                ph_kv("what", name_change(write->change.kind)),
                ph_kv("sku", *sku != '\0' ? sku : NULL));
    if (after->card_seq != before->card_seq) {
        cue_seq = ph_desk_stage_show_card(&desk->stage, desk->durable);
    }
    if (after->rev != before->rev) {
        ph_desk_stage_show_shelf(&desk->stage, desk->durable);
    }
    replace_picture(desk);
    desk->params.ops->on_picture(desk->params.arg, desk->params.entry, desk->picture);
    answer_twins(write, true);
    ph_desk_stage_answer(&desk->stage, write, cue_seq);
}

static void on_stored(struct ph_store_job *job)
{
    struct ph_desk_write *write = ph_container_of(job, struct ph_desk_write, store.job);
    struct ph_desk *desk = write->desk;

    const struct ph_desk_write *first = ph_desk_list_take(&desk->pending);
    PH_ASSERT(first == write); /* the store keeps the order */
    if (job->err != PH_OK || write->is_doomed) {
        fail(desk, write);
    } else {
        finish(desk, write);
    }
    if (desk->pending.first == NULL) {
        desk->params.ops->on_idle(desk->params.arg);
    }
}

/* It stays in the list of those that are pending, which is discarded when the desk is destroyed. */
static void on_store_gone(struct ph_store_job *job)
{
    (void)job;
}

/* ---- what is asked ---- */

static void refuse(const struct ph_desk *desk, struct ph_desk_write *write, int status,
                   const char *detail)
{
    ph_log_debug("overlay.refused", ph_kv("channel", desk->channel),
                 ph_kv("what", name_change(write->change.kind)), ph_kv_int("status", status),
                 ph_kv("reason", detail));
    ph_desk_write_refuse(write, status, detail);
}

static void refuse_for(const struct ph_desk *desk, struct ph_desk_write *write, int err)
{
    switch (err) {
    case PH_ENOTFOUND:
        refuse(desk, write, 404, "there is no such product");
        break;
    case PH_EEXISTS:
        refuse(desk, write, 409, "it does not fit what is there");
        break;
    case PH_ESTALE:
        refuse(desk, write, 412, "the shelf has changed meanwhile: read it again");
        break;
    default:
        refuse(desk, write, 422, "not all of it is valid");
        break;
    }
}

static void fill_answer(struct ph_desk_write *write, const struct ph_overlay_state *before,
                        struct ph_overlay_state *after)
{
    const struct ph_overlay_state *now = write->is_dry_run ? before : after;
    bool is_new = write->change.kind == PH_CHANGE_PUT_PRODUCT &&
                  ph_overlay_state_find(before, write->change.sku) == NULL;

    write->answer.status = is_new ? 201 : 200;
    write->answer.seq = now->seq;
    write->answer.rev = now->rev;
    write->answer.state = ph_overlay_state_ref(after);
}

/* Tries the change on the newest state, and gives it to the store. */
static void accept(struct ph_desk *desk, struct ph_desk_write *write)
{
    struct ph_overlay_state *after = NULL;
    int err = ph_overlay_state_apply(desk->accepted, &write->change, ph_clock_wall(), &after,
                                     &write->answer.faults);

    if (err != PH_OK) {
        refuse_for(desk, write, err);
        return;
    }
    fill_answer(write, desk->accepted, after);
    if (write->is_dry_run) {
        ph_overlay_state_unref(&after);
        ph_desk_write_answer(write);
        return;
    }
    write->store = (struct ph_store_write){
        .job = {.mailbox = ph_loop_mailbox(desk->params.loop),
                .on_done = on_stored,
                .on_discard = on_store_gone},
        .channel = desk->channel,
        .before = ph_overlay_state_ref(desk->accepted),
        .after = after, /* the reference is the write's from here on */
        .idempotency_key = *write->key != '\0' ? write->key : NULL,
    };
    replace_state(&desk->accepted, after);
    write->since = ph_loop_now(desk->params.loop);
    ph_desk_list_add(&desk->pending, write);
    arm_card_timer(desk);
    ph_store_post_write(desk->params.store, &write->store);
}

/* The write with the same key that the store has; NULL: there is none. */
static struct ph_desk_write *find_elder(const struct ph_desk *desk, const char *key)
{
    for (struct ph_desk_write *w = desk->pending.first; w != NULL; w = w->next) {
        if (strcmp(w->key, key) == 0 && !w->is_doomed) {
            return w;
        }
    }
    return NULL;
}

static bool has_key(const struct ph_desk_write *write)
{
    return *write->key != '\0' && !write->is_dry_run;
}

/* True: a request with this key is done, and the answer is its. */
static bool try_replay(const struct ph_desk *desk, struct ph_desk_write *write)
{
    int64_t seq = has_key(write) ? ph_desk_keys_find(&desk->keys, write->key) : -1;

    if (seq >= 0) {
        write->answer.status = 200;
        write->answer.is_replayed = true;
        write->answer.seq = seq;
        ph_desk_write_answer(write);
    }
    return seq >= 0;
}

/* True: a request with this key is under way, and the answer will be its. */
static bool try_join(struct ph_desk *desk, struct ph_desk_write *write)
{
    struct ph_desk_write *elder = has_key(write) ? find_elder(desk, write->key) : NULL;

    if (elder != NULL) {
        write->twins = elder->twins;
        elder->twins = write;
    }
    return elder != NULL;
}

/* A disk that stands still: what is taken now would only pile up in front of it. */
static bool is_stalled(const struct ph_desk *desk)
{
    const struct ph_desk_write *oldest = desk->pending.first;

    return oldest != NULL &&
           ph_loop_now(desk->params.loop) - oldest->since >= desk->params.patience;
}

/* What has not been done yet, and can be. */
static void take(struct ph_desk *desk, struct ph_desk_write *write)
{
    if (try_join(desk, write)) {
        return;
    }
    if (!ph_rate_take(&desk->rate, ph_loop_now(desk->params.loop))) {
        refuse(desk, write, 429, "too many changes of this channel; wait a second");
        return;
    }
    accept(desk, write);
}

static void deliver_write(struct ph_mail *mail)
{
    struct ph_desk_write *write = ph_container_of(mail, struct ph_desk_write, mail);
    struct ph_desk *desk = write->desk;

    if (desk->is_closed) {
        refuse(desk, write, 503, "the server ends; try again");
    } else if (try_replay(desk, write)) {
        return;
    } else if (is_stalled(desk)) {
        refuse(desk, write, 503, "the disk is slow, and others wait for it; try again");
    } else {
        take(desk, write);
    }
}

static void discard_write(struct ph_mail *mail)
{
    ph_desk_write_discard(ph_container_of(mail, struct ph_desk_write, mail));
}

void ph_desk_post(struct ph_desk *desk, struct ph_desk_write *write)
{
    write->desk = desk;
    write->mail.deliver = deliver_write;
    write->mail.discard = discard_write;
    ph_mailbox_post(ph_loop_mailbox(desk->params.loop), &write->mail);
}

/* ---- a desk's life ---- */

/* What was kept holds from the first picture on. */
static void show_kept(struct ph_desk *desk)
{
    if (desk->durable->card_seq > 0) {
        (void)ph_desk_stage_show_card(&desk->stage, desk->durable);
    }
    if (desk->durable->rev > 0) {
        ph_desk_stage_show_shelf(&desk->stage, desk->durable);
    }
    replace_picture(desk);
}

int ph_desk_create(struct ph_desk **out, const struct ph_desk_params *params)
{
    const char *channel = params->entry->conf->name;
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_overlay_state *state = NULL;
    size_t count = 0;
    int err = ph_store_load(params->store, channel, &state, answers, &count);

    *out = NULL;
    if (err != PH_OK) {
        return err;
    }
    struct ph_desk *desk = ph_new(struct ph_desk);
    desk->params = *params;
    desk->channel = channel;
    desk->durable = state;
    desk->accepted = ph_overlay_state_ref(state);
    for (size_t i = 0; i < count; i++) {
        ph_desk_keys_add(&desk->keys, answers[i].key, answers[i].seq);
    }
    ph_rate_init(&desk->rate, params->writes_per_s, ph_loop_now(params->loop));
    ph_desk_stage_init(&desk->stage, params->entry, params->loop);
    desk->card_timer = ph_timer_create(params->loop, on_card_timer, desk);
    show_kept(desk);
    arm_card_timer(desk);
    *out = desk;
    return PH_OK;
}

struct ph_picture *ph_desk_picture(const struct ph_desk *desk)
{
    return desk->picture;
}

void ph_desk_close(struct ph_desk *desk)
{
    desk->is_closed = true;
    arm_card_timer(desk);
}

bool ph_desk_is_idle(const struct ph_desk *desk)
{
    return desk->pending.first == NULL;
}

void ph_desk_flush(struct ph_desk *desk)
{
    ph_desk_places_flush(&desk->stage.places);
}

void ph_desk_detach(struct ph_desk *desk)
{
    ph_desk_places_detach(&desk->stage.places);
    ph_timer_destroy(&desk->card_timer);
}

void ph_desk_destroy(struct ph_desk **ref)
{
    struct ph_desk *desk = *ref;

    *ref = NULL;
    if (desk == NULL) {
        return;
    }
    while (desk->pending.first != NULL) {
        ph_desk_write_discard(ph_desk_list_take(&desk->pending));
    }
    ph_desk_places_fini(&desk->stage.places);
    ph_picture_unref(&desk->picture);
    ph_overlay_state_unref(&desk->accepted);
    ph_overlay_state_unref(&desk->durable);
    free(desk);
}
