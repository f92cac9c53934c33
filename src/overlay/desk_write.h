/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DESK_WRITE_H
#define PHIEN_OVERLAY_DESK_WRITE_H

#include "store.h"

#include <phien/media/cue.h>

struct ph_desk;

/* What a request is answered. */
struct ph_desk_answer {
    int status;         /* 200, 201: it was done */
    const char *detail; /* of another status: what is wrong, beside the faults; static */
    bool is_replayed;   /* it was done before, under the same key: only `seq` is known */
    bool is_placed;     /* `place` is where in the stream it holds */
    struct ph_cue_place place;
    int64_t seq;
    int64_t rev;
    struct ph_overlay_state *state; /* after the change, also of a dry run; NULL: it was refused */
    struct ph_faults faults;
};

/*
 * A change on its way: from the worker that was asked to the channel's home, to the store, and back
 * with the answer. It is embedded in what the asker remembers and has one owner at a time, whoever
 * has the mail. Once it was posted exactly one of on_answer (on the asker's thread) and on_discard
 * is called, which make it the asker's again: on_discard where somebody on the way is gone.
 */
struct ph_desk_write {
    struct ph_change change;
    char key[65]; /* Idempotency-Key; "" none */
    bool is_dry_run;
    struct ph_mailbox *mailbox; /* the asker's; NULL: the desk's own change */
    void (*on_answer)(struct ph_desk_write *write);
    void (*on_discard)(struct ph_desk_write *write);
    struct ph_desk_answer answer;

    /* The desk's. */
    struct ph_desk *desk;
    struct ph_mail mail;
    struct ph_store_write store;
    struct ph_desk_write *next;  /* in the list it is in */
    struct ph_desk_write *twins; /* that came with the same key meanwhile */
    ph_usec since;               /* when the store got it */
    bool is_doomed;              /* what it was built on has failed */
    int64_t cue_seq;             /* of the cue whose place it waits for */
    ph_usec deadline;            /* of that */
};

/* Frees what it holds, and not itself. */
void ph_desk_write_fini(struct ph_desk_write *write);

/* Sends it back to who asked; one of the desk's own is freed. */
void ph_desk_write_answer(struct ph_desk_write *write);

/* The same with an answer that is no success; `detail` is static. */
void ph_desk_write_refuse(struct ph_desk_write *write, int status, const char *detail);

/* It ends here, and its twins with it. Nobody else may have it. */
void ph_desk_write_discard(struct ph_desk_write *write);

/* Writes in order. A write is in one list at a time. */
struct ph_desk_list {
    struct ph_desk_write *first;
    struct ph_desk_write *last;
};

void ph_desk_list_add(struct ph_desk_list *list, struct ph_desk_write *write);

/* Takes the first out; NULL: there is none. */
struct ph_desk_write *ph_desk_list_take(struct ph_desk_list *list);

#endif
