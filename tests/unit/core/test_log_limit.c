/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/log.h>
#include <phien/core/log_limit.h>

#include <stdio.h>
#include <string.h>

#define START (77 * PH_USEC_PER_S)

struct seen {
    char line[512];
    unsigned count;
};

static struct seen seen;

static void on_line(void *arg, const char *line)
{
    struct seen *to = arg;

    snprintf(to->line, sizeof(to->line), "%s", line);
    to->count++;
}

static int divert(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    ph_log_divert(on_line, &seen);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    ph_log_divert(NULL, NULL);
    return 0;
}

static unsigned take(struct ph_log_limit *limit, unsigned count, ph_usec now)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < count; i++) {
        taken += ph_log_limit_take(limit, "a.b", now) ? 1 : 0;
    }
    return taken;
}

static void few_are_all_written(void **state)
{
    struct ph_log_limit limit = {.since = 0};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        ph_usec at = START + i * PH_LOG_LIMIT_TIME;
        assert_int_equal(take(&limit, PH_LOG_LIMIT_LINES, at), PH_LOG_LIMIT_LINES);
    }
    assert_int_equal(seen.count, 0);
}

static void of_many_the_first_are_written(void **state)
{
    struct ph_log_limit limit = {.since = 0};

    (void)state;
    assert_int_equal(take(&limit, 10, 0), 10); /* a clock that begins */
    assert_int_equal(take(&limit, 10000, PH_LOG_LIMIT_TIME - 1), PH_LOG_LIMIT_LINES - 10);
    assert_int_equal(seen.count, 0);
    assert_int_equal(take(&limit, 1, PH_LOG_LIMIT_TIME), 1);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.line, "level=warn event=log.withheld of=a.b count=9910 "));
}

/* What was withheld is told once, however long it takes until there is another line. */
static void it_is_told_once(void **state)
{
    struct ph_log_limit limit = {.since = 0};

    (void)state;
    (void)take(&limit, PH_LOG_LIMIT_LINES + 1, START);
    assert_int_equal(take(&limit, 1, START + 100 * PH_LOG_LIMIT_TIME), 1);
    assert_non_null(strstr(seen.line, " count=1 since_s=1000.000"));
    assert_int_equal(take(&limit, 1, START + 102 * PH_LOG_LIMIT_TIME), 1);
    assert_int_equal(seen.count, 1);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, divert, restore)
    const struct CMUnitTest tests[] = {
        test(few_are_all_written),
        test(of_many_the_first_are_written),
        test(it_is_told_once),
    };
#undef test

    return cmocka_run_group_tests(tests, NULL, NULL);
}
