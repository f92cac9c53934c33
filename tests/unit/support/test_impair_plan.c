/* SPDX-License-Identifier: Apache-2.0 */
#include "impair_plan.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { COUNT = 20000 };

#define MS PH_USEC_PER_MS

/* One fate a datagram: 0 dropped, otherwise how long it took, plus 1. */
static void run(struct impair_plan *plan, enum impair_way way, ph_usec step, int64_t *fates)
{
    for (size_t i = 0; i < COUNT; i++) {
        ph_usec now = (ph_usec)i * step;
        ph_usec due;
        fates[i] = impair_plan_decide(plan, way, now, &due) ? due - now + 1 : 0;
    }
}

static void assert_near(uint64_t seen, double share)
{
    double wanted = share * COUNT;

    if ((double)seen < wanted * 0.9 || (double)seen > wanted * 1.1) {
        fail_msg("%llu of %d, not about %.0f", (unsigned long long)seen, COUNT, wanted);
    }
}

static void a_good_network_does_nothing(void **state)
{
    struct impair_plan plan;
    ph_usec due;

    (void)state;
    impair_plan_init(&plan, &(struct impair_conf){.seed = 1});
    for (ph_usec now = 0; now < 1000; now++) {
        assert_true(impair_plan_decide(&plan, IMPAIR_UP, now, &due));
        assert_int_equal(due, now);
    }
    assert_int_equal(plan.counts[IMPAIR_UP].forwarded, 1000);
    assert_int_equal(plan.counts[IMPAIR_UP].dropped, 0);
    assert_int_equal(plan.counts[IMPAIR_DOWN].forwarded, 0);
}

static const struct impair_conf bad = {
    .seed = 7, .loss = 0.05, .reorder = 0.02, .delay = 50 * MS, .jitter = 10 * MS};

static void shares_are_as_asked_for(void **state)
{
    static int64_t fates[COUNT];
    struct impair_plan plan;

    (void)state;
    impair_plan_init(&plan, &bad);
    run(&plan, IMPAIR_UP, 2 * MS, fates);
    assert_near(plan.counts[IMPAIR_UP].dropped, bad.loss);
    assert_near(plan.counts[IMPAIR_UP].reordered, bad.reorder * (1 - bad.loss));
    assert_int_equal(plan.counts[IMPAIR_UP].forwarded + plan.counts[IMPAIR_UP].dropped, COUNT);
}

static void the_seed_decides(void **state)
{
    static int64_t first[COUNT];
    static int64_t again[COUNT];
    static int64_t other[COUNT];
    struct impair_conf conf = bad;
    struct impair_plan plan;

    (void)state;
    impair_plan_init(&plan, &conf);
    run(&plan, IMPAIR_UP, MS, first);
    impair_plan_init(&plan, &conf);
    /* What comes the other way does not matter. */
    run(&plan, IMPAIR_DOWN, MS, other);
    run(&plan, IMPAIR_UP, MS, again);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, other, sizeof(first));
    conf.seed++;
    impair_plan_init(&plan, &conf);
    run(&plan, IMPAIR_UP, MS, other);
    assert_memory_not_equal(first, other, sizeof(first));
}

static void more_loss_drops_the_same_and_others(void **state)
{
    static int64_t few[COUNT];
    static int64_t many[COUNT];
    struct impair_conf conf = bad;
    struct impair_plan plan;

    (void)state;
    impair_plan_init(&plan, &conf);
    run(&plan, IMPAIR_UP, MS, few);
    conf.loss = 0.2;
    impair_plan_init(&plan, &conf);
    run(&plan, IMPAIR_UP, MS, many);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(few[i] != 0 || many[i] == 0);
    }
}

static void jitter_alone_keeps_the_order(void **state)
{
    struct impair_conf conf = bad;
    struct impair_plan plan;
    ph_usec last = 0;
    ph_usec shortest = PH_USEC_NEVER;
    ph_usec longest = 0;

    (void)state;
    conf.reorder = 0;
    impair_plan_init(&plan, &conf);
    for (size_t i = 0; i < COUNT; i++) {
        ph_usec now = (ph_usec)i * MS;
        ph_usec due;
        if (impair_plan_decide(&plan, IMPAIR_UP, now, &due)) {
            assert_true(due >= last);
            last = due;
            shortest = due - now < shortest ? due - now : shortest;
            longest = due - now > longest ? due - now : longest;
        }
    }
    assert_in_range(shortest, 50 * MS, 53 * MS);
    assert_in_range(longest, 59 * MS, 60 * MS);
}

static void those_reordered_are_overtaken(void **state)
{
    static int64_t fates[COUNT];
    struct impair_plan plan;
    uint64_t overtaken = 0;

    (void)state;
    impair_plan_init(&plan, &(struct impair_conf){.seed = 3, .reorder = 0.1, .delay = 5 * MS});
    run(&plan, IMPAIR_UP, MS, fates);
    for (size_t i = 0; i + 1 < COUNT; i++) {
        assert_in_range(fates[i] - 1, 5 * MS, 5 * MS + IMPAIR_HOLD_MAX + 1);
        overtaken += fates[i] > fates[i + 1] + MS;
    }
    assert_near(overtaken, 0.1);
}

static void blackouts_count_from_the_first_datagram(void **state)
{
    struct impair_conf conf = {.seed = 1};
    struct impair_plan plan;
    ph_usec due;

    (void)state;
    assert_int_equal(impair_conf_parse_blackouts(&conf, "100:50,300:10"), PH_OK);
    impair_plan_init(&plan, &conf);
    for (ph_usec ms = 0; ms < 400; ms++) {
        bool is_dark = (ms >= 100 && ms < 150) || (ms >= 300 && ms < 310);
        ph_usec now = 5000 * MS + ms * MS;
        assert_int_equal(impair_plan_decide(&plan, IMPAIR_DOWN, now, &due), !is_dark);
    }
    assert_int_equal(plan.counts[IMPAIR_DOWN].dropped, 60);
}

static void a_direction_can_be_spared(void **state)
{
    struct impair_conf conf = bad;
    struct impair_plan plan;
    ph_usec due;

    (void)state;
    conf.loss = 1;
    conf.is_spared[IMPAIR_DOWN] = true;
    impair_plan_init(&plan, &conf);
    impair_plan_blackout(&plan, 0, 1000 * MS);
    assert_false(impair_plan_decide(&plan, IMPAIR_UP, 0, &due));
    assert_true(impair_plan_decide(&plan, IMPAIR_DOWN, 0, &due));
    assert_int_equal(due, 0);
}

static void commands_change_it_on_the_way(void **state)
{
    struct impair_plan plan;
    ph_usec due;

    (void)state;
    impair_plan_init(&plan, &(struct impair_conf){.seed = 1});
    assert_int_equal(impair_plan_command(&plan, 10 * MS, "blackout 20"), PH_OK);
    assert_false(impair_plan_decide(&plan, IMPAIR_UP, 29 * MS, &due));
    assert_true(impair_plan_decide(&plan, IMPAIR_UP, 30 * MS, &due));
    assert_int_equal(impair_plan_command(&plan, 30 * MS, "loss 100"), PH_OK);
    assert_false(impair_plan_decide(&plan, IMPAIR_UP, 31 * MS, &due));
    assert_int_equal(impair_plan_command(&plan, 30 * MS, "loss 0"), PH_OK);
    assert_true(impair_plan_decide(&plan, IMPAIR_UP, 32 * MS, &due));
}

static void refuses_nonsense(void **state)
{
    static const char *const commands[] = {
        "",         "blackout", "blackout ", "blackout -1", "blackout 5 s",
        "loss 101", "loss x",   "loss",      "dark 5"};
    static const char *const blackouts[] = {
        "",        ":",    "5",   "5:",    "5:6,",
        "5:6;7:8", "-5:6", "a:b", "5:6:7", "1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1"};
    static const char *const percents[] = {"", "-1", "100.1", "nan", "5%", "inf"};
    struct impair_plan plan;
    struct impair_conf conf = {0};
    double share;

    (void)state;
    impair_plan_init(&plan, &conf);
    for (size_t i = 0; i < PH_ARRAY_SIZE(commands); i++) {
        assert_int_equal(impair_plan_command(&plan, 0, commands[i]), PH_EINVAL);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(blackouts); i++) {
        assert_int_equal(impair_conf_parse_blackouts(&conf, blackouts[i]), PH_EINVAL);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(percents); i++) {
        assert_int_equal(impair_conf_parse_percent(&share, percents[i]), PH_EINVAL);
    }
    assert_int_equal(impair_conf_parse_percent(&share, "2.5"), PH_OK);
    assert_true(share == 0.025);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_network_does_nothing),
        cmocka_unit_test(shares_are_as_asked_for),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(more_loss_drops_the_same_and_others),
        cmocka_unit_test(jitter_alone_keeps_the_order),
        cmocka_unit_test(those_reordered_are_overtaken),
        cmocka_unit_test(blackouts_count_from_the_first_datagram),
        cmocka_unit_test(a_direction_can_be_spared),
        cmocka_unit_test(commands_change_it_on_the_way),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
