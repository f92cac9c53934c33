/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/continuity.h"
#include "app/continuity_file.h"
#include "app/continuity_json.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define S PH_USEC_PER_S

enum { WORKERS = 2, CHANNELS = 3, CHO = 0, BAN = 1, NUI = 2, PATIENCE_MS = 30000 };

/* A folder of the test's own, three channels, and what was logged. */
struct world {
    char folder[160];
    char path[192];
    struct ph_conf conf;
    struct ph_conf_channel channels[CHANNELS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_registry *registry;
    int watch; /* inotify, on the folder */
    pthread_mutex_t mutex;
    char log[16384];
};

static void keep_line(void *arg, const char *line)
{
    struct world *world = arg;

    pthread_mutex_lock(&world->mutex);
    size_t len = strlen(world->log);
    snprintf(world->log + len, sizeof(world->log) - len, "%s\n", line);
    pthread_mutex_unlock(&world->mutex);
}

static void clear_log(struct world *world)
{
    pthread_mutex_lock(&world->mutex);
    world->log[0] = '\0';
    pthread_mutex_unlock(&world->mutex);
}

/* Only while no thread logs. */
static void assert_logged(const struct world *world, const char *text)
{
    if (strstr(world->log, text) == NULL) {
        fail_msg("no \"%s\" in the log:\n%s", text, world->log);
    }
}

static int set_up(void **state)
{
    struct world *world = ph_new(struct world);

    snprintf(world->folder, sizeof(world->folder), "%s/continuity-XXXXXX", PHIEN_BINARY_DIR);
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof(world->path), "%s/phien.state", world->folder);
    world->channels[CHO] = (struct ph_conf_channel){.name = "cho", .key = "key-of-cho"};
    world->channels[BAN] = (struct ph_conf_channel){.name = "ban", .key = "key-of-ban"};
    world->channels[NUI] = (struct ph_conf_channel){.name = "nui", .key = "key-of-nui"};
    world->conf = (struct ph_conf){
        .workers = WORKERS,
        .state = world->path,
        .publish = {.grace_s = 90},
        .channels = world->channels,
        .channels_count = CHANNELS,
    };
    for (size_t i = 0; i < WORKERS; i++) {
        world->all_stats[i] = &world->stats[i];
    }
    world->registry = ph_registry_create(&world->conf, world->all_stats);
    world->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    assert_true(world->watch >= 0);
    assert_true(inotify_add_watch(world->watch, world->folder, IN_MOVED_TO) >= 0);
    pthread_mutex_init(&world->mutex, NULL);
    ph_log_divert(keep_line, world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const endings[] = {"", ".new", ".unreadable", "-lock"};
    struct world *world = *state;
    char path[256];

    ph_log_divert(NULL, NULL);
    for (size_t i = 0; i < PH_ARRAY_SIZE(endings); i++) {
        snprintf(path, sizeof(path), "%s%s", world->path, endings[i]);
        unlink(path);
    }
    assert_true(rmdir(world->folder) == 0 || access(world->folder, F_OK) != 0);
    close(world->watch);
    ph_registry_destroy(&world->registry);
    pthread_mutex_destroy(&world->mutex);
    free(world);
    return 0;
}

/* ---- the file ---- */

/* As an editor would, in place. */
static void put(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static char *slurp(const char *path, size_t *len)
{
    char reason[PH_CONTINUITY_REASON] = "";
    char *text = NULL;

    if (ph_continuity_file_read(path, &text, len, reason) != PH_OK) {
        fail_msg("%s: %s", path, reason);
    }
    return text;
}

/* What stands there, without margins. */
static void read_back(const struct world *world, struct ph_continuity_entry *entries)
{
    char reason[PH_CONTINUITY_REASON] = "";
    size_t len;
    char *text = slurp(world->path, &len);

    memset(entries, 0, CHANNELS * sizeof(*entries));
    if (ph_continuity_json_read(text, len, world->registry, entries, reason) != PH_OK) {
        fail_msg("%s in:\n%s", reason, text);
    }
    free(text);
}

/* How often the file has been put in place since the last call. */
static unsigned count_writes(const struct world *world)
{
    _Alignas(struct inotify_event) char events[4096];
    unsigned count = 0;
    ssize_t len;

    while ((len = read(world->watch, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < len;) {
            const struct inotify_event *event = (const void *)(events + at);
            count += strcmp(event->name, "phien.state") == 0;
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    return count;
}

static void wait_for_write(const struct world *world)
{
    struct pollfd poll_fd = {.fd = world->watch, .events = POLLIN};

    do {
        if (poll(&poll_fd, 1, PATIENCE_MS) != 1) {
            fail_msg("nothing was written in %d ms; the log:\n%s", PATIENCE_MS, world->log);
        }
    } while (count_writes(world) == 0);
}

/* The state of "cho" alone, as an operator reads it. */
static void put_cho(const struct world *world, const char *noted_at, const char *fields)
{
    char text[1024];
    int len = snprintf(text, sizeof(text),
                       "{\"version\": 1, \"channels\": {\"cho\": {\"noted_at\": \"%s\", %s}}}",
                       noted_at, fields);

    put(world->path, text, (size_t)len);
}

#define LIVE "\"live\": true, \"slate\": \"portrait\", "
#define NUMBERS "\"next_msn\": 1000, \"next_discontinuity\": 40"

static void format_ago(char out[static 32], ph_usec ago)
{
    ph_clock_format_utc(ph_clock_wall() - ago, out);
}

/* ---- continuity ---- */

static struct ph_continuity *create(struct world *world)
{
    struct ph_continuity *continuity = NULL;

    clear_log(world);
    if (ph_continuity_create(&continuity, &world->conf, world->registry) != PH_OK) {
        fail_msg("it cannot be created:\n%s", world->log);
    }
    assert_non_null(continuity);
    return continuity;
}

static struct ph_continuity *start(struct world *world)
{
    struct ph_continuity *continuity = create(world);

    assert_int_equal(ph_continuity_start(continuity), PH_OK);
    return continuity;
}

/* The entry of "cho" that the file gives. */
static struct ph_continuity_entry given(struct world *world)
{
    struct ph_continuity *continuity = create(world);
    struct ph_continuity_entry entry = *ph_continuity_entry(continuity, CHO);

    ph_continuity_destroy(&continuity);
    assert_null(continuity);
    return entry;
}

static void note(struct ph_continuity *continuity, size_t index, int64_t msn, int64_t discontinuity,
                 bool is_live)
{
    const struct ph_feed_record record = {.next_msn = msn,
                                          .next_discontinuity = discontinuity,
                                          .slate = is_live ? PH_SLATE_PORTRAIT : PH_SLATE_NONE,
                                          .is_live = is_live,
                                          .is_publishing = is_live};

    ph_continuity_note(continuity, &index, &record, 1);
}

static void assert_nothing(const struct ph_continuity_entry *entry)
{
    static const struct ph_continuity_entry nothing;

    assert_int_equal(entry->record.next_msn, 0);
    assert_int_equal(entry->record.next_discontinuity, 0);
    assert_int_equal(entry->record.slate, PH_SLATE_NONE);
    assert_false(entry->record.is_live);
    assert_int_equal(entry->noted_at, nothing.noted_at);
}

/* ---- tests ---- */

static void what_is_noted_comes_back_with_margins(void **state)
{
    static const size_t indices[] = {CHO, NUI};
    static const struct ph_feed_record records[] = {
        {.next_msn = 163670412,
         .next_discontinuity = 136241,
         .slate = PH_SLATE_LANDSCAPE_SILENT,
         .is_live = true},
        {.next_msn = 7, .next_discontinuity = 0},
    };
    struct world *world = *state;
    ph_usec before = ph_clock_wall() / 1000 * 1000;
    struct ph_continuity *continuity = start(world);

    assert_logged(world, "event=state.open");
    assert_logged(world, "channels=0 resumed=0");
    ph_continuity_note(continuity, indices, records, 2);
    ph_continuity_destroy(&continuity);
    continuity = create(world);
    assert_logged(world, "channels=2 resumed=1");
    const struct ph_continuity_entry *cho = ph_continuity_entry(continuity, CHO);
    assert_int_equal(cho->record.next_msn, 163670412 + PH_CONTINUITY_MSN_MARGIN);
    assert_int_equal(cho->record.next_discontinuity, 136241 + PH_CONTINUITY_DISCONTINUITY_MARGIN);
    assert_int_equal(cho->record.slate, PH_SLATE_LANDSCAPE_SILENT);
    assert_true(cho->record.is_live);
    assert_in_range(cho->noted_at, before, ph_clock_wall());
    const struct ph_continuity_entry *nui = ph_continuity_entry(continuity, NUI);
    assert_int_equal(nui->record.next_msn, 7 + PH_CONTINUITY_MSN_MARGIN);
    assert_false(nui->record.is_live);
    assert_nothing(ph_continuity_entry(continuity, BAN));
    ph_continuity_destroy(&continuity);
}

static void every_form_of_slate_is_kept(void **state)
{
    struct world *world = *state;

    for (int form = PH_SLATE_NONE; form < PH_SLATE_FORMS; form++) {
        struct ph_continuity *continuity = start(world);
        const size_t index = CHO;
        const struct ph_feed_record record = {
            .next_msn = 1, .slate = (enum ph_slate_form)form, .is_live = true};
        ph_continuity_note(continuity, &index, &record, 1);
        ph_continuity_destroy(&continuity);
        assert_int_equal(given(world).record.slate, form);
    }
}

static void an_operator_can_read_it(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = start(world);
    struct stat there;
    size_t len;

    note(continuity, CHO, 12, 3, true);
    ph_continuity_destroy(&continuity);
    char *text = slurp(world->path, &len);
    static const char *const lines[] = {
        "{\n  \"version\": 1,\n  \"written_at\": \"20",
        "\n  \"channels\": {\n    \"cho\": {\n      \"noted_at\": \"20",
        "Z\",\n      \"live\": true,\n      \"slate\": \"portrait\",\n      \"next_msn\": 12,",
        ",\n      \"next_discontinuity\": 3\n    }\n  }\n}\n",
    };
    for (size_t i = 0; i < PH_ARRAY_SIZE(lines); i++) {
        if (strstr(text, lines[i]) == NULL) {
            fail_msg("no %s in:\n%s", lines[i], text);
        }
    }
    free(text);
    assert_int_equal(stat(world->path, &there), 0);
    assert_int_equal(there.st_mode & 0007, 0);
}

static void no_path_keeps_nothing(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = (void *)world;

    world->conf.state = "";
    assert_int_equal(ph_continuity_create(&continuity, &world->conf, world->registry), PH_OK);
    assert_null(continuity);
    ph_continuity_destroy(&continuity);
}

static void a_missing_file_says_nothing(void **state)
{
    struct world *world = *state;
    struct ph_continuity_entry entry = given(world);

    assert_nothing(&entry);
    assert_null(strstr(world->log, "state.unreadable"));
    /* And it was only looked whether there can be one. */
    assert_int_equal(access(world->path, F_OK), -1);
}

static void missing_folders_are_made(void **state)
{
    struct world *world = *state;
    char path[256];
    char folder[256];

    snprintf(folder, sizeof(folder), "%s/a", world->folder);
    snprintf(path, sizeof(path), "%s/a/b/phien.state", world->folder);
    world->conf.state = path;
    struct ph_continuity *continuity = start(world);
    note(continuity, CHO, 1, 1, false);
    ph_continuity_destroy(&continuity);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/a/b/phien.state-lock", world->folder);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void one_who_was_live_too_long_ago_is_not(void **state)
{
    struct world *world = *state;
    char noted_at[32];

    format_ago(noted_at, 50 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    assert_true(given(world).record.is_live);
    format_ago(noted_at, 90 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    assert_false(given(world).record.is_live);
    assert_int_equal(given(world).record.next_msn, 1000 + PH_CONTINUITY_MSN_MARGIN);
    assert_logged(world, "channels=1 resumed=0");
    world->conf.publish.grace_s = 0;
    format_ago(noted_at, 0);
    put_cho(world, noted_at, LIVE NUMBERS);
    assert_false(given(world).record.is_live);
}

static void a_time_to_come_counts_as_now(void **state)
{
    struct world *world = *state;
    char noted_at[32];

    format_ago(noted_at, -86400 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    ph_usec before = ph_clock_wall();
    struct ph_continuity_entry entry = given(world);
    assert_in_range(entry.noted_at, before, ph_clock_wall());
    assert_true(entry.record.is_live);
    assert_int_equal(entry.record.next_discontinuity, 40 + PH_CONTINUITY_DISCONTINUITY_MARGIN);
}

static void channels_that_are_gone_are_left_out(void **state)
{
    static const char text[] =
        "{\"version\": 1, \"by\": \"hand\", \"channels\": {"
        "\"gone\": {\"noted_at\": \"yesterday\"},"
        "\"cho\": {\"noted_at\": \"2026-08-04T10:00:00+07:00\", \"live\": false, \"note\": [],"
        " \"slate\": \"of another phien\", \"next_msn\": 5, \"next_discontinuity\": 0}}}";
    struct world *world = *state;
    size_t len;

    put(world->path, text, sizeof(text) - 1);
    struct ph_continuity *continuity = start(world);
    const struct ph_continuity_entry *cho = ph_continuity_entry(continuity, CHO);
    assert_int_equal(cho->record.next_msn, 5 + PH_CONTINUITY_MSN_MARGIN);
    assert_int_equal(cho->record.slate, PH_SLATE_NONE);
    assert_null(strstr(world->log, "state.unreadable"));
    note(continuity, BAN, 1, 1, false);
    ph_continuity_destroy(&continuity);
    char *after = slurp(world->path, &len);
    assert_null(strstr(after, "gone"));
    assert_non_null(strstr(after, "2026-08-04T03:00:00.000Z"));
    free(after);
}

static void an_entry_that_is_not_as_it_should_be_is_left_aside(void **state)
{
    static const char *const fields[] = {
        LIVE "\"next_msn\": 1000",
        LIVE "\"next_discontinuity\": 40",
        LIVE "\"next_msn\": -1, \"next_discontinuity\": 40",
        LIVE "\"next_msn\": 1000, \"next_discontinuity\": -1",
        LIVE "\"next_msn\": 1000.5, \"next_discontinuity\": 40",
        LIVE "\"next_msn\": \"1000\", \"next_discontinuity\": 40",
        LIVE "\"next_msn\": 9223372036854775807, \"next_discontinuity\": 40",
        LIVE "\"next_msn\": 1000, \"next_discontinuity\": 1099511627776",
        "\"live\": true, " NUMBERS,
        "\"live\": true, \"slate\": 1, " NUMBERS,
        "\"slate\": \"none\", " NUMBERS,
        "\"live\": \"yes\", \"slate\": \"none\", " NUMBERS,
    };
    struct world *world = *state;

    for (size_t i = 0; i < PH_ARRAY_SIZE(fields); i++) {
        put_cho(world, "2026-08-04T10:00:00Z", fields[i]);
        struct ph_continuity_entry entry = given(world);
        assert_nothing(&entry);
        assert_logged(world, "event=state.unreadable channel=cho");
        assert_logged(world, "channels=0 resumed=0");
    }
    put_cho(world, "04/08/2026", LIVE NUMBERS);
    struct ph_continuity_entry entry = given(world);
    assert_nothing(&entry);
}

static void a_file_of_another_kind_is_kept_beside(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {"", "reason=\"line "},
        {"Mận hậu Mộc Châu, 45.000 đồng một cân\n", "reason=\"line 1: "},
        {"[]", "it has no version"},
        {"{\"channels\": {}}", "it has no version"},
        {"{\"version\": \"1\", \"channels\": {}}", "it has no version"},
        {"{\"version\": 2, \"channels\": {}}", "version 2, of a newer phien"},
        {"{\"version\": 1}", "it has no channels"},
        {"{\"version\": 1, \"channels\": []}", "it has no channels"},
        {"{\"version\": 1, \"channels\": {}, \"channels\": {}}", "duplicate"},
    };
    struct world *world = *state;
    char aside[256];
    size_t len;

    snprintf(aside, sizeof(aside), "%s.unreadable", world->path);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        put(world->path, rows[i].text, strlen(rows[i].text));
        struct ph_continuity_entry entry = given(world);
        assert_nothing(&entry);
        assert_logged(world, "event=state.unreadable path=");
        assert_logged(world, rows[i].reason);
        assert_logged(world, "channels=0 resumed=0");
        assert_int_equal(access(world->path, F_OK), -1);
        char *kept = slurp(aside, &len);
        assert_string_equal(kept, rows[i].text);
        free(kept);
    }
}

/* A file of two channels, to be spoilt. */
static char *make_text(struct world *world, size_t *len)
{
    struct ph_continuity *continuity = start(world);

    note(continuity, CHO, 1000, 40, true);
    note(continuity, BAN, 2000, 50, false);
    ph_continuity_destroy(&continuity);
    return slurp(world->path, len);
}

static void a_file_that_ends_early_says_nothing(void **state)
{
    struct world *world = *state;
    size_t len;
    char *text = make_text(world, &len);

    assert_int_equal(text[len - 2], '}');
    for (size_t cut = 0; cut < len - 1; cut++) {
        put(world->path, text, cut);
        struct ph_continuity_entry entry = given(world);
        assert_nothing(&entry);
        assert_logged(world, "event=state.unreadable");
    }
    put(world->path, text, len - 1);
    assert_int_equal(given(world).record.next_msn, 1000 + PH_CONTINUITY_MSN_MARGIN);
    free(text);
}

static void a_spoilt_byte_is_no_reason_not_to_start(void **state)
{
    struct world *world = *state;
    size_t len;
    char *text = make_text(world, &len);

    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = (char)(was ^ 0x15);
        put(world->path, text, len);
        struct ph_continuity_entry entry = given(world);
        text[i] = was;
        assert_in_range(entry.record.next_msn, 0, INT32_MAX);
        assert_in_range(entry.record.next_discontinuity, 0, INT32_MAX);
    }
    free(text);
}

static void one_that_is_too_large_is_not_read(void **state)
{
    struct world *world = *state;

    put(world->path, "{", 1);
    assert_int_equal(truncate(world->path, PH_CONTINUITY_FILE_BYTES_MAX + 1), 0);
    struct ph_continuity_entry entry = given(world);
    assert_nothing(&entry);
    assert_logged(world, "larger than any state file");
}

static void where_it_cannot_be_written_nothing_starts(void **state)
{
    struct world *world = *state;
    char inside[256];
    const char *const paths[] = {world->folder, inside, "/proc/phien/phien.state"};

    snprintf(inside, sizeof(inside), "%s/x", world->path);
    put(world->path, "{}", 2);
    for (size_t i = 0; i < PH_ARRAY_SIZE(paths); i++) {
        struct ph_continuity *continuity = (void *)world;
        world->conf.state = paths[i];
        clear_log(world);
        assert_int_equal(ph_continuity_create(&continuity, &world->conf, world->registry), PH_EIO);
        assert_null(continuity);
        assert_logged(world, "level=error event=state.failed path=");
        assert_logged(world, "hint=");
    }
}

static void one_phien_alone_has_it(void **state)
{
    struct world *world = *state;
    struct ph_continuity *first = create(world);
    struct ph_continuity *second = NULL;

    assert_int_equal(ph_continuity_create(&second, &world->conf, world->registry), PH_EIO);
    assert_null(second);
    assert_logged(world, "event=state.failed");
    assert_logged(world, "reason=\"another phien uses ");
    ph_continuity_destroy(&first);
    second = create(world);
    ph_continuity_destroy(&second);
}

/* All that is live is written again and again, since that says that it still is. */
static void who_is_live_stays_so(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = start(world);
    struct ph_continuity_entry first[CHANNELS];
    struct ph_continuity_entry second[CHANNELS];

    note(continuity, CHO, 10, 1, true);
    note(continuity, BAN, 20, 2, false);
    wait_for_write(world);
    read_back(world, first);
    for (ph_usec until = ph_clock_wall() + 2000; ph_clock_wall() < until;) {
    }
    note(continuity, BAN, 20, 2, false);
    note(continuity, CHO, 10, 1, true);
    wait_for_write(world);
    ph_continuity_destroy(&continuity);
    read_back(world, second);
    assert_true(second[CHO].noted_at > first[CHO].noted_at);
    assert_int_equal(second[CHO].record.next_msn, 10);
    assert_int_equal(second[BAN].record.next_msn, 20);
}

/* Over restarts as well: what was noted of the slate in between does not count. */
static void who_is_away_is_so_since_the_publisher_was_there(void **state)
{
    struct ph_feed_record record = {.next_msn = 5000, .next_discontinuity = 200, .is_live = true};
    const size_t index = CHO;
    struct world *world = *state;
    char noted_at[32];

    format_ago(noted_at, 30 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    for (int run = 0; run < 3; run++) {
        struct ph_continuity *continuity = start(world);
        const struct ph_continuity_entry *entry = ph_continuity_entry(continuity, CHO);
        assert_true(entry->record.is_live);
        assert_true(ph_clock_wall() - entry->noted_at >= 30 * S);
        record.next_msn = entry->record.next_msn + 10;
        ph_continuity_note(continuity, &index, &record, 1);
        ph_continuity_destroy(&continuity);
        assert_true(count_writes(world) > 0);
    }
    struct ph_continuity *continuity = start(world);
    record.is_publishing = true;
    ph_continuity_note(continuity, &index, &record, 1);
    ph_continuity_destroy(&continuity);
    assert_true(ph_clock_wall() - given(world).noted_at < 30 * S);
}

static void nothing_is_written_where_nothing_happens(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = start(world);

    note(continuity, CHO, 10, 1, false);
    wait_for_write(world);
    for (int i = 0; i < 100; i++) {
        note(continuity, CHO, 10, 1, false);
    }
    ph_continuity_destroy(&continuity);
    assert_int_equal(count_writes(world), 0);
    continuity = start(world);
    ph_continuity_destroy(&continuity);
    assert_int_equal(count_writes(world), 0);
}

/* A server that is restarted over and over while nobody publishes does not use its numbers up. */
static void numbers_that_were_not_used_grow_little(void **state)
{
    struct world *world = *state;
    struct ph_continuity_entry entries[CHANNELS];
    int64_t msn = 0;
    int64_t discontinuity = 0;

    put_cho(world, "2026-08-04T10:00:00Z", LIVE NUMBERS);
    for (int run = 0; run < 100; run++) {
        struct ph_continuity *continuity = start(world);
        const struct ph_feed_record *record = &ph_continuity_entry(continuity, CHO)->record;
        assert_true(record->next_msn > msn);
        assert_true(record->next_discontinuity > discontinuity);
        msn = record->next_msn;
        discontinuity = record->next_discontinuity;
        note(continuity, CHO, msn, discontinuity, false);
        ph_continuity_destroy(&continuity);
    }
    assert_true(msn < 1000 + 10 * PH_CONTINUITY_MSN_MARGIN);
    assert_true(discontinuity < 40 + 10 * PH_CONTINUITY_DISCONTINUITY_MARGIN);
    /* One that is used counts as it is. */
    struct ph_continuity *continuity = start(world);
    note(continuity, CHO, msn + 5000, discontinuity + 500, false);
    ph_continuity_destroy(&continuity);
    read_back(world, entries);
    assert_int_equal(entries[CHO].record.next_msn, msn + 5000);
    assert_int_equal(entries[CHO].record.next_discontinuity, discontinuity + 500);
}

/* The first numbers of a run are out before it is heard of: a server that crashes at once. */
static void a_run_that_ends_at_once_is_not_repeated(void **state)
{
    struct world *world = *state;
    char noted_at[32];
    int64_t msn = 0;
    int64_t discontinuity = 0;

    format_ago(noted_at, 10 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    for (int run = 0; run < 5; run++) {
        struct ph_continuity_entry entry = given(world);
        assert_true(entry.record.is_live);
        assert_true(entry.record.next_msn > msn + 20);
        assert_true(entry.record.next_discontinuity > discontinuity + 1);
        msn = entry.record.next_msn;
        discontinuity = entry.record.next_discontinuity;
    }
}

static void a_home_that_was_not_heard_yet_keeps_its_own(void **state)
{
    struct world *world = *state;
    struct ph_continuity_entry entries[CHANNELS];
    char noted_at[32];

    format_ago(noted_at, 10 * S);
    put_cho(world, noted_at, LIVE NUMBERS);
    struct ph_continuity *continuity = start(world);
    note(continuity, BAN, 7, 7, true);
    ph_continuity_destroy(&continuity);
    read_back(world, entries);
    assert_in_range(entries[CHO].record.next_msn, 1000, 1100);
    assert_true(entries[CHO].record.is_live);
    assert_in_range(entries[CHO].noted_at, ph_clock_wall() - 3600 * S, ph_clock_wall() - 10 * S);
    assert_int_equal(entries[BAN].record.next_msn, 7);
}

static void a_disk_that_fails_is_told_once(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = start(world);
    char locked[256];

    snprintf(locked, sizeof(locked), "%s-lock", world->path);
    assert_int_equal(unlink(locked), 0);
    assert_int_equal(rmdir(world->folder), 0);
    for (int i = 0; i < 10; i++) {
        note(continuity, CHO, i, 0, true);
    }
    ph_continuity_destroy(&continuity);
    assert_logged(world, "level=error event=state.failed path=");
    assert_logged(world, "reason=\"cannot create ");
    assert_null(strstr(strstr(world->log, "state.failed") + 1, "state.failed"));
}

/* A pipe in place of the next file, which nobody reads: a disk that takes for ever. */
static void a_disk_that_stalls_holds_nobody_up(void **state)
{
    struct world *world = *state;
    struct ph_continuity *continuity = start(world);
    struct ph_continuity_entry entries[CHANNELS];
    char next[256];
    char bytes[4096];

    snprintf(next, sizeof(next), "%s.new", world->path);
    assert_int_equal(mkfifo(next, 0600), 0);
    for (int i = 1; i <= 100000; i++) {
        note(continuity, CHO, i, 0, true);
    }
    int fd = open(next, O_RDONLY | O_CLOEXEC); /* until the thread opens it as well */
    assert_true(fd >= 0);
    while (read(fd, bytes, sizeof(bytes)) > 0) {
    }
    close(fd);
    assert_int_equal(unlink(next), 0);
    ph_continuity_destroy(&continuity);
    read_back(world, entries);
    assert_int_equal(entries[CHO].record.next_msn, 100000);
}

/* ---- a crash ---- */

enum { SHORT = 100, LONG = 300000, KILLS = 20 };

/* Never returns. */
static void write_on(const char *path)
{
    static char text[LONG];
    char reason[PH_CONTINUITY_REASON];

    for (unsigned i = 0;; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof(text));
        if (ph_continuity_file_write(path, text, i % 2 == 0 ? SHORT : LONG, reason) != PH_OK) {
            _exit(1);
        }
    }
}

static void a_kill_leaves_the_old_file_or_the_new(void **state)
{
    struct world *world = *state;

    srand(5);
    for (int round = 0; round < KILLS; round++) {
        int status;
        size_t len;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            write_on(world->path);
        }
        wait_for_write(world);
        for (ph_usec until = ph_clock_mono() + rand() % 20000; ph_clock_mono() < until;) {
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        char *text = slurp(world->path, &len);
        assert_true(len == SHORT || len == LONG);
        for (size_t i = 1; i < len; i++) {
            assert_int_equal(text[i], text[0]);
        }
        free(text);
        count_writes(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_noted_comes_back_with_margins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_form_of_slate_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_operator_can_read_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_path_keeps_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_says_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_folders_are_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_who_was_live_too_long_ago_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_to_come_counts_as_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(channels_that_are_gone_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_entry_that_is_not_as_it_should_be_is_left_aside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_kind_is_kept_beside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_ends_early_says_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_spoilt_byte_is_no_reason_not_to_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_too_large_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_it_cannot_be_written_nothing_starts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_phien_alone_has_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_live_stays_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_away_is_so_since_the_publisher_was_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_written_where_nothing_happens, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_were_not_used_grow_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_ends_at_once_is_not_repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_home_that_was_not_heard_yet_keeps_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_stalls_holds_nobody_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kill_leaves_the_old_file_or_the_new, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
