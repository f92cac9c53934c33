/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_write.h"

#include <phien/core/mem.h>

#include <stdlib.h>

void ph_desk_write_fini(struct ph_desk_write *write)
{
    ph_change_fini(&write->change);
    ph_overlay_state_unref(&write->answer.state);
    ph_overlay_state_unref(&write->store.before);
    ph_overlay_state_unref(&write->store.after);
}

static void free_own(struct ph_desk_write *write)
{
    ph_desk_write_fini(write);
    free(write);
}

static void deliver_answer(struct ph_mail *mail)
{
    struct ph_desk_write *write = ph_container_of(mail, struct ph_desk_write, mail);

    write->on_answer(write);
}

static void discard_answer(struct ph_mail *mail)
{
    struct ph_desk_write *write = ph_container_of(mail, struct ph_desk_write, mail);

    write->on_discard(write);
}

void ph_desk_write_answer(struct ph_desk_write *write)
{
    if (write->mailbox == NULL) {
        free_own(write);
        return;
    }
    write->mail.deliver = deliver_answer;
    write->mail.discard = discard_answer;
    ph_mailbox_post(write->mailbox, &write->mail);
}

void ph_desk_write_refuse(struct ph_desk_write *write, int status, const char *detail)
{
    write->answer.status = status;
    write->answer.detail = detail;
    ph_desk_write_answer(write);
}

void ph_desk_write_discard(struct ph_desk_write *write)
{
    while (write != NULL) {
        /* A twin has no twins of its own, so that this is the whole chain. */
        struct ph_desk_write *twin = write->twins;
        if (write->mailbox == NULL) {
            free_own(write);
        } else {
            write->on_discard(write);
        }
        write = twin;
    }
}

void ph_desk_list_add(struct ph_desk_list *list, struct ph_desk_write *write)
{
    write->next = NULL;
    if (list->last != NULL) {
        list->last->next = write;
    } else {
        list->first = write;
    }
    list->last = write;
}

struct ph_desk_write *ph_desk_list_take(struct ph_desk_list *list)
{
    struct ph_desk_write *write = list->first;

    if (write != NULL) {
        list->first = write->next;
        list->last = list->first != NULL ? list->last : NULL;
        write->next = NULL;
    }
    return write;
}
