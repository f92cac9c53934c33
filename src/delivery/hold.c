/* SPDX-License-Identifier: Apache-2.0 */
#include "hold.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>

enum {
    /* Past it requests are answered at once; each hold also costs its client a connection. */
    HOLDS_MAX = 100000,
    /* Tried in one round of the loop: some milliseconds of work. */
    TRIES_A_ROUND = 256,
};

/* Goes through the loop's mailbox to come back in its next round. */
struct round {
    struct ph_mail mail;
    struct ph_holds *holds; /* NULL: they are gone */
};

struct ph_holds {
    struct ph_loop *loop;
    struct ph_timer *timer;
    struct ph_stats *stats;
    ph_usec hold_time;
    ph_hold_try_cb *try_answer;
    void *arg;
    struct ph_hold *first_due; /* all are held equally long, so the oldest is due first */
    struct ph_hold *last_due;
    size_t count;
    struct ph_hold_list *first_woken; /* they take turns */
    struct ph_hold_list *last_woken;
    struct round *next_round; /* NULL: nothing is left to be tried */
};

static void leave_list(struct ph_hold *hold)
{
    struct ph_hold_list *list = hold->list;

    *(hold->prev != NULL ? &hold->prev->next : &list->first) = hold->next;
    *(hold->next != NULL ? &hold->next->prev : &list->last) = hold->prev;
}

/* At the end, since it was tried with the newest news. */
static void enter_list(struct ph_hold *hold)
{
    struct ph_hold_list *list = hold->list;

    hold->tried = list->news;
    hold->prev = list->last;
    hold->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = hold;
    list->last = hold;
}

static void unlink_hold(struct ph_hold *hold)
{
    struct ph_holds *holds = hold->holds;

    leave_list(hold);
    *(hold->prev_due != NULL ? &hold->prev_due->next_due : &holds->first_due) = hold->next_due;
    *(hold->next_due != NULL ? &hold->next_due->prev_due : &holds->last_due) = hold->prev_due;
    holds->count--;
    ph_stats_add(holds->stats, PH_STAT_HOLDS, -1);
}

static void link_hold(struct ph_holds *holds, struct ph_hold_list *list, struct ph_hold *hold)
{
    hold->holds = holds;
    hold->list = list;
    enter_list(hold);
    hold->prev_due = holds->last_due;
    *(holds->last_due != NULL ? &holds->last_due->next_due : &holds->first_due) = hold;
    holds->last_due = hold;
    holds->count++;
    ph_stats_add(holds->stats, PH_STAT_HOLDS, 1);
}

/* True: the request was answered and the hold is gone. */
static bool try_hold(struct ph_hold *hold, bool is_last_try)
{
    struct ph_holds *holds = hold->holds;

    ph_http_exchange_on_abort(hold->exchange, NULL, NULL);
    if (holds->try_answer(holds->arg, hold->exchange, hold->view, &hold->target, is_last_try)) {
        unlink_hold(hold);
        free(hold);
        return true;
    }
    return false;
}

static void on_abort(void *arg)
{
    struct ph_hold *hold = arg;

    unlink_hold(hold);
    free(hold);
}

static void keep_waiting(struct ph_hold *hold)
{
    ph_http_exchange_on_abort(hold->exchange, on_abort, hold);
}

static void answer_first_due(struct ph_holds *holds)
{
    struct ph_hold *hold = holds->first_due;

    bool is_answered = try_hold(hold, true);
    PH_ASSERT(is_answered && holds->first_due != hold);
}

static void on_due(void *arg)
{
    struct ph_holds *holds = arg;
    ph_usec now = ph_loop_now(holds->loop);

    while (holds->first_due != NULL && holds->first_due->deadline <= now) {
        answer_first_due(holds);
    }
    ph_timer_set(holds->timer,
                 holds->first_due != NULL ? holds->first_due->deadline : PH_USEC_NEVER);
}

struct ph_holds *ph_holds_create(struct ph_loop *loop, ph_usec hold_time, struct ph_stats *stats,
                                 ph_hold_try_cb *try_answer, void *arg)
{
    struct ph_holds *holds = ph_new(struct ph_holds);

    holds->loop = loop;
    holds->timer = ph_timer_create(loop, on_due, holds);
    holds->stats = stats;
    holds->hold_time = hold_time;
    holds->try_answer = try_answer;
    holds->arg = arg;
    return holds;
}

void ph_holds_destroy(struct ph_holds **holds)
{
    if (*holds != NULL) {
        PH_ASSERT((*holds)->first_due == NULL);
        if ((*holds)->next_round != NULL) {
            (*holds)->next_round->holds = NULL;
        }
        ph_timer_destroy(&(*holds)->timer);
        free(*holds);
        *holds = NULL;
    }
}

bool ph_holds_add(struct ph_holds *holds, struct ph_hold_list *list,
                  struct ph_http_exchange *exchange, struct ph_view *view,
                  const struct ph_target *target)
{
    if (holds->count >= HOLDS_MAX) {
        return false;
    }
    struct ph_hold *hold = ph_new(struct ph_hold);
    hold->exchange = exchange;
    hold->view = view;
    hold->target = *target;
    hold->deadline = ph_loop_now(holds->loop) + holds->hold_time;
    link_hold(holds, list, hold);
    if (holds->first_due == hold) {
        ph_timer_set(holds->timer, hold->deadline);
    }
    keep_waiting(hold);
    return true;
}

static void put_woken(struct ph_holds *holds, struct ph_hold_list *list)
{
    list->next_woken = NULL;
    *(holds->last_woken != NULL ? &holds->last_woken->next_woken : &holds->first_woken) = list;
    holds->last_woken = list;
}

static struct ph_hold_list *take_woken(struct ph_holds *holds)
{
    struct ph_hold_list *list = holds->first_woken;

    holds->first_woken = list->next_woken;
    holds->last_woken = holds->first_woken != NULL ? holds->last_woken : NULL;
    return list;
}

static bool has_untried(const struct ph_hold_list *list)
{
    /* The analyzer does not see that try_hold takes what it frees from the list. */
    return list->first != NULL &&
           list->first->tried != list->news; /* NOLINT(clang-analyzer-unix.Malloc) */
}

/* Returns how many tries are left of `tries`. */
static unsigned try_list(struct ph_hold_list *list, unsigned tries)
{
    for (; tries > 0 && has_untried(list); tries--) {
        struct ph_hold *hold = list->first;
        if (!try_hold(hold, false)) {
            keep_waiting(hold);
            leave_list(hold);
            enter_list(hold);
        }
    }
    return tries;
}

static void post_round(struct ph_holds *holds);

static void run_round(struct ph_holds *holds)
{
    unsigned tries = TRIES_A_ROUND;

    while (tries > 0 && holds->first_woken != NULL) {
        struct ph_hold_list *list = take_woken(holds);
        tries = try_list(list, tries);
        list->is_woken = has_untried(list);
        if (list->is_woken) {
            put_woken(holds, list);
        }
    }
    if (holds->first_woken != NULL) {
        post_round(holds);
    }
}

static void discard_round(struct ph_mail *mail)
{
    free(ph_container_of(mail, struct round, mail));
}

static void deliver_round(struct ph_mail *mail)
{
    struct ph_holds *holds = ph_container_of(mail, struct round, mail)->holds;

    discard_round(mail);
    if (holds != NULL) {
        holds->next_round = NULL;
        run_round(holds);
    }
}

static void post_round(struct ph_holds *holds)
{
    struct round *round = ph_new(struct round);

    round->mail = (struct ph_mail){.deliver = deliver_round, .discard = discard_round};
    round->holds = holds;
    holds->next_round = round;
    ph_mailbox_post(ph_loop_mailbox(holds->loop), &round->mail);
}

void ph_holds_wake(struct ph_holds *holds, struct ph_hold_list *list)
{
    list->news++;
    if (!list->is_woken && has_untried(list)) {
        list->is_woken = true;
        put_woken(holds, list);
    }
    if (holds->next_round == NULL) {
        run_round(holds);
    }
}

void ph_holds_flush(struct ph_holds *holds)
{
    while (holds->first_due != NULL) {
        answer_first_due(holds);
    }
}
