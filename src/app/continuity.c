/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the channels have to go on with after a restart: read before the first worker starts, then
 * noted by their homes and written by a thread of its own. A note that the thread has not taken
 * when the next one comes is replaced by it, so a disk that takes its time holds nobody up and
 * makes no queue.
 */
#include "continuity.h"

#include "continuity_json.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/thread.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_EVERY (PH_USEC_PER_S / 2)
#define RETRY_AFTER (5 * PH_USEC_PER_S)
#define LOG_EVERY (60 * PH_USEC_PER_S)

/*
 * A channel that has not used a number in this run has to begin the next one behind what it could
 * have used since the last note alone. With the whole margin each time, a server that is restarted
 * over and over would come to numbers that players are slow with.
 */
enum { UNUSED_MSN = 32, UNUSED_DISCONTINUITY = 2 };

/* What one home says of one of its channels. */
struct line {
    size_t index;
    struct ph_feed_record record;
};

struct note {
    ph_usec wall;
    size_t count;
    struct line lines[];
};

/* One home's way to the thread, which has room for one note. */
struct slot {
    struct ph_mail mail; /* under way while there is a note */
    struct ph_continuity *continuity;
    struct note *_Atomic note;
};

struct ph_continuity {
    const struct ph_registry *registry;
    const char *path;
    int lock_fd;
    struct ph_continuity_entry *given; /* by the registry's index; never changes */
    struct slot *slots;                /* by the registry's index of a home's first channel */
    struct ph_thread thread;

    /* The thread's. */
    struct ph_continuity_entry *entries; /* what is to be in the file */
    bool is_changed;
    ph_usec write_at;
    ph_usec log_at;
    int64_t failures; /* since it was last written */
};

/* ---- reading ---- */

/* A channel is expected back for the grace period, counted from when somebody was there. */
static bool is_still_expected(const struct ph_continuity_entry *entry, const struct ph_conf *conf,
                              ph_usec wall)
{
    return entry->record.is_live &&
           wall - entry->noted_at < (ph_usec)conf->publish.grace_s * PH_USEC_PER_S;
}

static void give(struct ph_continuity_entry *out, const struct ph_continuity_entry *entry,
                 const struct ph_conf *conf, ph_usec wall)
{
    *out = *entry;
    out->noted_at = out->noted_at < wall ? out->noted_at : wall;
    out->record.is_live = is_still_expected(out, conf, wall);
    out->record.next_msn += PH_CONTINUITY_MSN_MARGIN;
    out->record.next_discontinuity += PH_CONTINUITY_DISCONTINUITY_MARGIN;
}

/* What cannot be used is kept for whoever wants to know why; this run writes another. */
static void put_aside(const struct ph_continuity *continuity, const char *why)
{
    char reason[PH_CONTINUITY_REASON];
    int err = ph_continuity_file_put_aside(continuity->path, reason);

    ph_log_warn("state.unreadable", ph_kv("path", continuity->path), ph_kv("reason", why),
                ph_kv("hint", err == PH_OK ? "it is kept as .unreadable beside" : reason));
}

static void read_file(struct ph_continuity *continuity)
{
    char why[PH_CONTINUITY_REASON];
    char *text = NULL;
    size_t len = 0;
    int err = ph_continuity_file_read(continuity->path, &text, &len, why);

    if (err == PH_OK) {
        err = ph_continuity_json_read(text, len, continuity->registry, continuity->entries, why);
    }
    free(text);
    if (err != PH_OK && err != PH_ENOTFOUND) {
        put_aside(continuity, why);
    }
}

/* Its slate begins at once: should this run end before its first note, the next knows of that. */
static void reserve(struct ph_continuity *continuity, struct ph_feed_record *record)
{
    record->next_msn += UNUSED_MSN;
    record->next_discontinuity += UNUSED_DISCONTINUITY;
    continuity->is_changed = true;
}

static void give_all(struct ph_continuity *continuity, const struct ph_conf *conf)
{
    ph_usec wall = ph_clock_wall();
    int64_t known = 0;
    int64_t resumed = 0;

    for (size_t i = 0; i < ph_registry_count(continuity->registry); i++) {
        if (continuity->entries[i].noted_at != 0) {
            give(&continuity->given[i], &continuity->entries[i], conf, wall);
            continuity->entries[i].noted_at = continuity->given[i].noted_at;
            continuity->entries[i].record.is_live = continuity->given[i].record.is_live;
            known++;
            if (continuity->given[i].record.is_live) {
                resumed++;
                reserve(continuity, &continuity->entries[i].record);
            }
        }
    }
    ph_log_info("state.open", ph_kv("path", continuity->path), ph_kv_int("channels", known),
                ph_kv_int("resumed", resumed));
}

/* ---- noting ---- */

static struct note *exchange_note(struct slot *slot, struct note *note)
{
    return atomic_exchange_explicit(&slot->note, note, memory_order_acq_rel);
}

static int64_t number_of(int64_t noted, int64_t given, int64_t margin, int64_t unused)
{
    return given != 0 && noted == given ? given - margin + unused : noted;
}

/* In what the file says. */
static bool is_equal(const struct ph_feed_record *a, const struct ph_feed_record *b)
{
    return a->next_msn == b->next_msn && a->next_discontinuity == b->next_discontinuity &&
           a->slate == b->slate && a->is_live == b->is_live;
}

static void take_line(struct ph_continuity *continuity, const struct line *line, ph_usec wall)
{
    const struct ph_feed_record *given = &continuity->given[line->index].record;
    struct ph_continuity_entry *entry = &continuity->entries[line->index];
    struct ph_feed_record record = line->record;

    record.next_msn =
        number_of(record.next_msn, given->next_msn, PH_CONTINUITY_MSN_MARGIN, UNUSED_MSN);
    record.next_discontinuity = number_of(record.next_discontinuity, given->next_discontinuity,
                                          PH_CONTINUITY_DISCONTINUITY_MARGIN, UNUSED_DISCONTINUITY);
    /* The grace period of who is away does not begin anew with a restart. */
    bool stays_away = record.is_live && !record.is_publishing && entry->record.is_live;
    if (record.is_publishing || !is_equal(&record, &entry->record)) {
        ph_usec at = stays_away ? entry->noted_at : wall;
        *entry = (struct ph_continuity_entry){.record = record, .noted_at = at};
        continuity->is_changed = true;
    }
}

static void deliver_note(struct ph_mail *mail)
{
    struct slot *slot = ph_container_of(mail, struct slot, mail);
    struct note *note = exchange_note(slot, NULL);

    for (size_t i = 0; i < note->count; i++) {
        take_line(slot->continuity, &note->lines[i], note->wall);
    }
    free(note);
}

static void discard_note(struct ph_mail *mail)
{
    free(exchange_note(ph_container_of(mail, struct slot, mail), NULL));
}

void ph_continuity_note(struct ph_continuity *continuity, const size_t *indices,
                        const struct ph_feed_record *records, size_t count)
{
    struct note *note = ph_alloc(sizeof(*note) + count * sizeof(note->lines[0]));

    PH_ASSERT(count > 0);
    note->wall = ph_clock_wall();
    note->count = count;
    for (size_t i = 0; i < count; i++) {
        note->lines[i] = (struct line){indices[i], records[i]};
    }
    struct slot *slot = &continuity->slots[indices[0]];
    struct note *late = exchange_note(slot, note);
    if (late != NULL) {
        free(late); /* and the mail is still under way */
    } else {
        ph_mailbox_post(&continuity->thread.mailbox, &slot->mail);
    }
}

/* ---- the thread ---- */

static void report_failure(struct ph_continuity *continuity, const char *reason)
{
    ph_usec now = ph_clock_mono();

    continuity->failures++;
    if (now >= continuity->log_at) {
        continuity->log_at = now + LOG_EVERY;
        ph_log_error("state.failed", ph_kv("path", continuity->path), ph_kv("reason", reason),
                     ph_kv_int("failures", continuity->failures));
    }
}

static int write_text(struct ph_continuity *continuity, char *reason)
{
    char *text =
        ph_continuity_json_write(continuity->registry, continuity->entries, ph_clock_wall());

    if (text == NULL) {
        memcpy(reason, "out of memory", sizeof("out of memory"));
        return PH_ENOMEM;
    }
    int err = ph_continuity_file_write(continuity->path, text, strlen(text), reason);
    free(text);
    return err;
}

static void write_file(struct ph_continuity *continuity)
{
    char reason[PH_CONTINUITY_REASON];
    int err = write_text(continuity, reason);

    if (err == PH_OK) {
        continuity->failures = 0;
        continuity->log_at = 0;
    } else {
        report_failure(continuity, reason);
    }
    continuity->is_changed = err != PH_OK;
    continuity->write_at = ph_clock_mono() + (err == PH_OK ? WRITE_EVERY : RETRY_AFTER);
}

static void run(void *arg)
{
    struct ph_continuity *continuity = arg;
    bool goes_on;

    do {
        goes_on = ph_thread_wait(&continuity->thread,
                                 continuity->is_changed ? continuity->write_at : PH_USEC_NEVER);
        if (continuity->is_changed && (!goes_on || ph_clock_mono() >= continuity->write_at)) {
            write_file(continuity);
        }
    } while (goes_on);
}

/* ---- the whole ---- */

static struct ph_continuity *create(const char *path, const struct ph_registry *registry)
{
    struct ph_continuity *continuity = ph_new(struct ph_continuity);
    size_t count = ph_registry_count(registry);

    continuity->registry = registry;
    continuity->path = path;
    continuity->given = ph_alloc(count * sizeof(*continuity->given));
    continuity->entries = ph_alloc(count * sizeof(*continuity->entries));
    continuity->slots = ph_alloc(count * sizeof(*continuity->slots));
    for (size_t i = 0; i < count; i++) {
        continuity->slots[i].mail =
            (struct ph_mail){.deliver = deliver_note, .discard = discard_note};
        continuity->slots[i].continuity = continuity;
    }
    ph_thread_init(&continuity->thread);
    return continuity;
}

int ph_continuity_create(struct ph_continuity **out, const struct ph_conf *conf,
                         const struct ph_registry *registry)
{
    char reason[PH_CONTINUITY_REASON];
    int lock_fd = -1;

    *out = NULL;
    if (*conf->state == '\0') {
        return PH_OK;
    }
    if (ph_continuity_file_claim(conf->state, &lock_fd, reason) != PH_OK) {
        ph_log_error(
            "state.failed", ph_kv("path", conf->state), ph_kv("reason", reason),
            ph_kv("hint", "set state to a file of this phien's own, where its user may write"));
        return PH_EIO;
    }
    *out = create(conf->state, registry);
    (*out)->lock_fd = lock_fd;
    read_file(*out);
    give_all(*out, conf);
    if ((*out)->is_changed) {
        write_file(*out);
    }
    return PH_OK;
}

const struct ph_continuity_entry *ph_continuity_entry(const struct ph_continuity *continuity,
                                                      size_t index)
{
    return &continuity->given[index];
}

int ph_continuity_start(struct ph_continuity *continuity)
{
    return ph_thread_start(&continuity->thread, "state", run, continuity);
}

void ph_continuity_destroy(struct ph_continuity **ref)
{
    struct ph_continuity *continuity = *ref;

    *ref = NULL;
    if (continuity == NULL) {
        return;
    }
    ph_thread_fini(&continuity->thread);
    close(continuity->lock_fd);
    free(continuity->slots);
    free(continuity->entries);
    free(continuity->given);
    free(continuity);
}
