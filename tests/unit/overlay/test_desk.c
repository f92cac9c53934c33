/* SPDX-License-Identifier: Apache-2.0 */
/* A desk with a store whose answers the test gives, and a channel that takes note of its cues. */
#include "model_fixture.h"

#include "fake_store.h"
#include "overlay/desk.h"

#include <phien/core/log.h>
#include <phien/net/timer.h>

#include <stdlib.h>

enum { HEARD_MAX = 64 };

#define PATIENCE (50 * PH_USEC_PER_MS)

/* A write and what it was answered. */
struct asked {
    struct ph_desk_write write;
    struct fixture *f;
    unsigned answers;
    bool is_discarded;
    unsigned order; /* in which it was answered, from 1 */
};

struct fixture {
    struct ph_conf_channel channel_conf;
    struct ph_conf conf;
    struct ph_loop *loop;
    struct ph_stats stats;
    struct ph_stats *all_stats[1];
    struct ph_registry *registry;
    const struct ph_registry_entry *entry;
    struct ph_desk *desk;
    unsigned writes_per_s;
    struct asked *asked[HEARD_MAX];
    size_t asked_count;
    unsigned answer_count;
    unsigned pictures;
    int64_t picture_seq;
    unsigned idles;
    struct ph_cue *cues[HEARD_MAX]; /* as the channel's sink got them */
    size_t cue_count;
};

static void ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void on_picture(void *arg, const struct ph_registry_entry *entry, struct ph_picture *picture)
{
    struct fixture *f = arg;

    assert_ptr_equal(entry, f->entry);
    assert_true(picture->state->seq > f->picture_seq);
    f->picture_seq = picture->state->seq;
    f->pictures++;
}

static void on_idle(void *arg)
{
    struct fixture *f = arg;

    assert_true(ph_desk_is_idle(f->desk));
    f->idles++;
}

static const struct ph_desk_ops desk_ops = {.on_picture = on_picture, .on_idle = on_idle};

/* ---- a sink that keeps the cues ---- */

static void on_cue(void *arg, struct ph_cue *cue)
{
    struct fixture *f = arg;

    assert_true(f->cue_count < HEARD_MAX);
    f->cues[f->cue_count++] = ph_cue_ref(cue);
}

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    (void)arg;
    (void)program;
    (void)wall;
    (void)discontinuity;
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    (void)arg;
    (void)packet;
    (void)now;
}

static void on_pause(void *arg, ph_usec now)
{
    (void)arg;
    (void)now;
}

static const struct ph_sink_ops sink_ops = {.on_program = on_program,
                                            .on_packet = on_packet,
                                            .on_pause = on_pause,
                                            .on_end = on_pause,
                                            .on_cue = on_cue};

/* ---- a desk's life ---- */

static void open_desk(struct fixture *f)
{
    const struct ph_desk_params params = {
        .entry = f->entry,
        .loop = f->loop,
        .store = (struct ph_store *)&fake,
        .writes_per_s = f->writes_per_s,
        .patience = PATIENCE,
        .ops = &desk_ops,
        .arg = f,
    };

    assert_int_equal(ph_desk_create(&f->desk, &params), PH_OK);
    f->picture_seq = ph_desk_picture(f->desk)->state->seq;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    ph_log_divert(ignore_line, NULL);
    f->channel_conf =
        (struct ph_conf_channel){.name = CHANNEL, .key = "key", .title = "", .overlay_token = ""};
    f->conf = (struct ph_conf){.workers = 1, .channels = &f->channel_conf, .channels_count = 1};
    f->all_stats[0] = &f->stats;
    assert_int_equal(ph_loop_create(&f->loop, "test"), PH_OK);
    f->registry = ph_registry_create(&f->conf, f->all_stats);
    f->entry = ph_registry_at(f->registry, 0);
    ph_channel_add_sink(f->entry->channel, &sink_ops, f);
    open_desk(f);
    *state = f;
    return 0;
}

/* As a server ends: the loop first, then what belongs to it. */
static void end(struct fixture *f)
{
    ph_desk_detach(f->desk);
    ph_loop_destroy(&f->loop);
    fake_discard_all();
    ph_desk_destroy(&f->desk);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->desk != NULL) {
        end(f);
    }
    for (size_t i = 0; i < f->asked_count; i++) {
        assert_int_equal(f->asked[i]->answers + f->asked[i]->is_discarded, 1);
        ph_desk_write_fini(&f->asked[i]->write);
        free(f->asked[i]);
    }
    for (size_t i = 0; i < f->cue_count; i++) {
        ph_cue_unref(&f->cues[i]);
    }
    ph_channel_remove_sink(f->entry->channel, f);
    ph_registry_destroy(&f->registry);
    fake_reset();
    ph_log_divert(NULL, NULL);
    free(f);
    return 0;
}

/* The server starts again with what was kept. */
static void restart(struct fixture *f)
{
    end(f);
    assert_int_equal(ph_loop_create(&f->loop, "test"), PH_OK);
    open_desk(f);
}

static void settle(struct fixture *f)
{
    for (int round = 0; round < 4; round++) {
        ph_mailbox_deliver(ph_loop_mailbox(f->loop));
    }
}

/* ---- asking ---- */

static void on_answer(struct ph_desk_write *write)
{
    struct asked *asked = ph_container_of(write, struct asked, write);

    asked->answers++;
    asked->order = ++asked->f->answer_count;
}

static void on_discard(struct ph_desk_write *write)
{
    ph_container_of(write, struct asked, write)->is_discarded = true;
}

static struct asked *begin(struct fixture *f)
{
    struct asked *asked = ph_new(struct asked);

    assert_true(f->asked_count < HEARD_MAX);
    f->asked[f->asked_count++] = asked;
    asked->f = f;
    asked->write.mailbox = ph_loop_mailbox(f->loop);
    asked->write.on_answer = on_answer;
    asked->write.on_discard = on_discard;
    return asked;
}

/* Sends it; it is the store's then, or was answered. */
static struct asked *go(struct fixture *f, struct asked *asked, int err)
{
    assert_int_equal(err, PH_OK);
    ph_desk_post(f->desk, &asked->write);
    settle(f);
    return asked;
}

static struct asked *ask_put(struct fixture *f, const char *sku, const char *json)
{
    struct asked *asked = begin(f);

    return go(f, asked,
              ph_change_read_put(&asked->write.change, CHANNEL, sku, json, strlen(json),
                                 &asked->write.answer.faults));
}

static struct asked *ask_patch_with(struct fixture *f, const char *sku, const char *json,
                                    const char *key, int64_t if_rev)
{
    struct asked *asked = begin(f);
    int err = ph_change_read_patch(&asked->write.change, CHANNEL, sku, json, strlen(json),
                                   &asked->write.answer.faults);

    asked->write.change.if_rev = if_rev;
    snprintf(asked->write.key, sizeof(asked->write.key), "%s", key);
    return go(f, asked, err);
}

static struct asked *ask_patch(struct fixture *f, const char *sku, const char *json)
{
    return ask_patch_with(f, sku, json, "", -1);
}

static struct asked *ask_show(struct fixture *f, const char *json)
{
    struct asked *asked = begin(f);

    return go(f, asked,
              ph_change_read_card(&asked->write.change, json, strlen(json), ph_clock_wall(),
                                  &asked->write.answer.faults));
}

static struct asked *ask_plain(struct fixture *f, enum ph_change_kind kind, const char *sku)
{
    struct asked *asked = begin(f);

    asked->write.change = (struct ph_change){.kind = kind, .if_rev = -1};
    snprintf(asked->write.change.sku, sizeof(asked->write.change.sku), "%s", sku);
    return go(f, asked, PH_OK);
}

static void finish_all(struct fixture *f)
{
    fake_end_all();
    settle(f);
}

static void expect(const struct asked *asked, int status, int64_t seq)
{
    if (asked->answers != 1 || asked->write.answer.status != status ||
        asked->write.answer.seq != seq) {
        fail_msg("%u answers, status %d, seq %d; %d and %d were expected", asked->answers,
                 asked->write.answer.status, (int)asked->write.answer.seq, status, (int)seq);
    }
}

/* Plums, 12 of them. */
static void put_plums(struct fixture *f)
{
    (void)ask_put(f, "A1", "{\"title\":\"Mận\",\"price\":45000,\"stock\":12}");
    finish_all(f);
}

/* ---- tests ---- */

static void it_is_answered_when_it_is_durable(void **state)
{
    struct fixture *f = *state;
    const struct asked *asked = ask_put(f, "A1", "{\"title\":\"Mận\",\"price\":45000}");

    assert_int_equal(asked->answers, 0);
    assert_int_equal(f->pictures, 0);
    assert_int_equal(f->cue_count, 0);
    assert_false(ph_desk_is_idle(f->desk));
    finish_all(f);
    expect(asked, 201, 1);
    assert_int_equal(asked->write.answer.rev, 1);
    assert_non_null(ph_overlay_state_find(asked->write.answer.state, "A1"));
    assert_int_equal(f->pictures, 1);
    assert_int_equal(f->idles, 1);
    assert_int_equal(ph_desk_picture(f->desk)->state->seq, 1);
    const struct asked *again = ask_put(f, "A1", "{\"title\":\"Đào\",\"price\":45000}");
    finish_all(f);
    expect(again, 200, 2);
}

static void cues_tell_what_has_changed(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    assert_int_equal(f->cue_count, 1);
    assert_int_equal(f->cues[0]->kind, PH_CUE_SHELF);
    (void)ask_show(f, "{\"sku\":\"A1\"}");
    finish_all(f);
    assert_int_equal(f->cue_count, 2);
    assert_int_equal(f->cues[1]->kind, PH_CUE_CARD);
    assert_non_null(f->cues[1]->caption);
    (void)ask_patch(f, "A1", "{\"stock_delta\":-1}");
    finish_all(f);
    assert_int_equal(f->cue_count, 4); /* the stock of what is pinned is in both */
    (void)ask_plain(f, PH_CHANGE_HIDE_CARD, "");
    finish_all(f);
    assert_int_equal(f->cue_count, 5);
    assert_null(f->cues[4]->caption);
    (void)ask_plain(f, PH_CHANGE_HIDE_CARD, "");
    finish_all(f);
    assert_int_equal(f->cue_count, 5); /* nothing was shown */
}

static void changes_under_way_build_on_each_other(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    struct asked *asked[13];
    for (size_t i = 0; i < 13; i++) {
        asked[i] = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    }
    expect(asked[12], 409, 0); /* at once: twelve are as good as sold */
    assert_int_equal(asked[12]->write.answer.faults.count, 1);
    finish_all(f);
    for (int i = 0; i < 12; i++) {
        expect(asked[i], 200, i + 2);
    }
    const struct ph_product *product = ph_overlay_state_find(ph_desk_picture(f->desk)->state, "A1");
    assert_int_equal(product->stock, 0);
    assert_int_equal(product->sold, 12);
}

static void what_was_built_on_a_failure_fails(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    const struct asked *first = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    const struct asked *second = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    fake_end_one(PH_EIO);
    settle(f);
    expect(first, 503, 2);
    assert_int_equal(second->answers, 0);
    /* What comes now is built on what is durable, while the second is still under way. */
    const struct asked *third = ask_patch(f, "A1", "{\"stock_delta\":-3}");
    finish_all(f);
    expect(second, 503, 3);
    expect(third, 200, 2);
    const struct ph_overlay_state *now = ph_desk_picture(f->desk)->state;
    assert_int_equal(ph_overlay_state_find(now, "A1")->stock, 9);
    assert_int_equal(now->seq, 2);
    assert_int_equal(f->pictures, 2);
    const struct asked *fourth = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    finish_all(f);
    expect(fourth, 200, 3);
}

static void a_card_that_could_not_be_hidden_is_still_there(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    (void)ask_show(f, "{\"sku\":\"A1\"}");
    finish_all(f);
    const struct asked *hidden = ask_plain(f, PH_CHANGE_HIDE_CARD, "");
    fake_end_one(PH_EIO);
    settle(f);
    assert_int_equal(hidden->write.answer.status, 503);
    assert_non_null(ph_desk_picture(f->desk)->state->card);
}

static void refusals_say_why(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    expect(ask_patch(f, "B2", "{\"stock\":1}"), 404, 0);
    expect(ask_patch(f, "A1", "{\"stock_delta\":-13}"), 409, 0);
    expect(ask_patch_with(f, "A1", "{\"stock\":1}", "", 7), 412, 0);
    expect(ask_show(f, "{\"sku\":\"A1\",\"flash_price\":45000}"), 422, 0);
    expect(ask_show(f, "{\"sku\":\"B2\"}"), 404, 0);
    assert_int_equal(fake.count, 0);
    for (size_t i = 1; i < f->asked_count; i++) {
        assert_non_null(f->asked[i]->write.answer.detail);
        assert_true(f->asked[i]->write.answer.faults.count > 0);
        assert_null(f->asked[i]->write.answer.state);
    }
    const struct asked *right = ask_patch_with(f, "A1", "{\"stock\":1}", "", 1);
    finish_all(f);
    expect(right, 200, 2);
}

static void a_dry_run_changes_nothing(void **state)
{
    static const char csv[] = "sku,title,price\nB1,Đào,30000\nB2,Lê,20000\n";
    struct fixture *f = *state;

    put_plums(f);
    struct asked *asked = begin(f);
    asked->write.is_dry_run = true;
    snprintf(asked->write.key, sizeof(asked->write.key), "k");
    (void)go(f, asked,
             ph_change_read_csv(&asked->write.change, CHANNEL, csv, strlen(csv),
                                &asked->write.answer.faults));
    expect(asked, 200, 1);
    assert_int_equal(asked->write.answer.rev, 1);
    assert_int_equal(asked->write.answer.state->count, 2);
    assert_int_equal(fake.count, 0);
    assert_int_equal(ph_desk_picture(f->desk)->state->count, 1);
    /* And its key is free. */
    const struct asked *after = ask_patch_with(f, "A1", "{\"stock\":1}", "k", -1);
    finish_all(f);
    expect(after, 200, 2);
    assert_false(after->write.answer.is_replayed);
}

static void the_same_key_is_done_once(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    const struct asked *first = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    /* While it is under way, twice. */
    const struct asked *twins[2];
    for (int i = 0; i < 2; i++) {
        twins[i] = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
        assert_int_equal(twins[i]->answers, 0);
    }
    assert_int_equal(fake.count, 1);
    finish_all(f);
    expect(first, 200, 2);
    assert_false(first->write.answer.is_replayed);
    for (int i = 0; i < 2; i++) {
        expect(twins[i], 200, 2);
        assert_true(twins[i]->write.answer.is_replayed);
    }
    /* And afterwards, with whatever in it. */
    const struct asked *late = ask_patch_with(f, "A1", "{\"stock\":99}", "k1", 5);
    expect(late, 200, 2);
    assert_true(late->write.answer.is_replayed);
    restart(f);
    late = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    expect(late, 200, 2);
    assert_true(late->write.answer.is_replayed);
    assert_int_equal(ph_overlay_state_find(ph_desk_picture(f->desk)->state, "A1")->stock, 11);
}

static void twins_of_a_failure_fail_and_may_try_again(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    const struct asked *first = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    const struct asked *twin = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    fake_end_one(PH_EIO);
    settle(f);
    assert_int_equal(first->write.answer.status, 503);
    assert_int_equal(twin->write.answer.status, 503);
    const struct asked *again = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    finish_all(f);
    expect(again, 200, 2);
    assert_false(again->write.answer.is_replayed);
}

/* A key whose write was refused is not used up. */
static void a_refusal_is_not_remembered(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    expect(ask_patch_with(f, "A1", "{\"stock_delta\":-99}", "k1", -1), 409, 0);
    const struct asked *again = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    finish_all(f);
    expect(again, 200, 2);
    assert_false(again->write.answer.is_replayed);
}

static void too_many_are_refused(void **state)
{
    struct fixture *f = *state;

    end(f);
    assert_int_equal(ph_loop_create(&f->loop, "test"), PH_OK);
    f->writes_per_s = 2;
    open_desk(f);
    put_plums(f);
    for (int i = 0; i < 3; i++) {
        (void)ask_patch_with(f, "A1", "{\"stock_delta\":-1}", i == 0 ? "k1" : "", -1);
    }
    finish_all(f);
    expect(f->asked[3], 200, 4);
    expect(ask_patch(f, "A1", "{\"stock_delta\":-1}"), 429, 0);
    /* Whoever only asks whether it was done may ask. */
    expect(ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1), 200, 2);
}

static void what_is_kept_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    (void)ask_show(f, "{\"sku\":\"A1\"}");
    finish_all(f);
    size_t cues = f->cue_count;
    restart(f);
    assert_int_equal(f->cue_count, cues + 2);
    assert_int_equal(f->cues[cues]->kind, PH_CUE_CARD);
    assert_string_equal(f->cues[cues]->message, f->cues[cues - 1]->message);
    assert_int_equal(f->cues[cues + 1]->kind, PH_CUE_SHELF);
    assert_int_equal(ph_desk_picture(f->desk)->state->seq, 2);
    const struct asked *next = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    finish_all(f);
    expect(next, 200, 3);
}

static void a_closed_desk_finishes_and_takes_no_more(void **state)
{
    struct fixture *f = *state;
    const struct asked *before = ask_put(f, "A1", "{\"title\":\"Mận\",\"price\":45000}");

    ph_desk_close(f->desk);
    expect(ask_patch(f, "A1", "{\"stock\":1}"), 503, 0);
    assert_int_equal(f->idles, 0);
    finish_all(f);
    expect(before, 201, 1);
    assert_int_equal(f->idles, 1);
}

/* Some are the store's, one of them with a twin, and one has not come to the desk yet. */
static void what_is_under_way_at_the_end_is_given_back(void **state)
{
    struct fixture *f = *state;
    const struct asked *kept[4];

    kept[0] = ask_put(f, "A1", "{\"title\":\"Mận\",\"price\":45000}");
    kept[1] = ask_patch_with(f, "A1", "{\"price\":1}", "k", -1);
    kept[2] = ask_patch_with(f, "A1", "{\"price\":1}", "k", -1);
    struct asked *on_its_way = begin(f);
    on_its_way->write.change = (struct ph_change){.kind = PH_CHANGE_HIDE_CARD, .if_rev = -1};
    ph_desk_post(f->desk, &on_its_way->write);
    kept[3] = on_its_way;
    end(f);
    for (int i = 0; i < 4; i++) {
        assert_true(kept[i]->is_discarded);
    }
}

static void stop_loop(void *arg)
{
    ph_loop_stop(arg);
}

/* Runs the loop for so long; once. */
static void let_pass(struct fixture *f, ph_usec duration)
{
    struct ph_timer *timer = ph_timer_create(f->loop, stop_loop, f->loop);

    ph_timer_set(timer, ph_loop_now(f->loop) + duration);
    ph_loop_run(f->loop);
    ph_timer_destroy(&timer);
}

/* Nothing piles up in front of a disk that stands still, not even those who ask again. */
static void a_disk_that_stands_still_gets_no_more(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    const struct asked *first = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1);
    const struct asked *second = ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k2", -1);
    let_pass(f, PATIENCE);
    expect(ask_patch(f, "A1", "{\"stock_delta\":-1}"), 503, 0);
    expect(ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1), 503, 0);
    assert_int_equal(fake.count, 2);
    assert_int_equal(first->answers + second->answers, 0);

    finish_all(f);
    expect(first, 200, 2);
    expect(second, 200, 3);
    expect(ask_patch_with(f, "A1", "{\"stock_delta\":-1}", "k1", -1), 200, 2);
    const struct asked *later = ask_patch(f, "A1", "{\"stock_delta\":-1}");
    finish_all(f);
    expect(later, 200, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_answered_when_it_is_durable),
        TEST(cues_tell_what_has_changed),
        TEST(changes_under_way_build_on_each_other),
        TEST(what_was_built_on_a_failure_fails),
        TEST(a_card_that_could_not_be_hidden_is_still_there),
        TEST(refusals_say_why),
        TEST(a_dry_run_changes_nothing),
        TEST(the_same_key_is_done_once),
        TEST(twins_of_a_failure_fail_and_may_try_again),
        TEST(a_refusal_is_not_remembered),
        TEST(too_many_are_refused),
        TEST(a_disk_that_stands_still_gets_no_more),
        TEST(what_is_kept_is_there_after_a_restart),
        TEST(a_closed_desk_finishes_and_takes_no_more),
        TEST(what_is_under_way_at_the_end_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
