/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/link_stats.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 3 };

static struct ph_link_stats links[LINKS];

static int clear(void **state)
{
    (void)state;
    memset(links, 0, sizeof(links));
    return 0;
}

static void set(size_t link, enum ph_link_stat stat, int64_t value)
{
    atomic_store_explicit(&links[link].value[stat], value, memory_order_relaxed);
}

/* The page as a string that the caller frees. */
static char *format(const char *const *names, size_t count)
{
    struct ph_writer w;

    ph_writer_init(&w, 1 << 20);
    ph_link_stats_format(&w, links, names, count);
    ph_write_u8(&w, '\0');
    assert_false(w.failed);
    return (char *)w.data;
}

static size_t count_of(const char *page, const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(page, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static const char *const names[LINKS] = {"sinho", "chilang", "nui"};

static void links_that_are_down_say_nothing(void **state)
{
    (void)state;
    set(1, PH_LINK_STAT_RTT_MS, 80);
    char *page = format(names, LINKS);
    assert_string_equal(page, "");
    free(page);
    page = format(NULL, 0);
    assert_string_equal(page, "");
    free(page);
}

static void a_metric_has_its_samples_together(void **state)
{
    (void)state;
    static const char wanted[] = "# HELP phien_srt_rtt_milliseconds Round trip time of the link.\n"
                                 "# TYPE phien_srt_rtt_milliseconds gauge\n"
                                 "phien_srt_rtt_milliseconds{channel=\"sinho\"} 80\n"
                                 "phien_srt_rtt_milliseconds{channel=\"nui\"} 0\n"
                                 "# HELP phien_srt_latency_milliseconds ";

    atomic_store(&links[0].is_up, true);
    atomic_store(&links[2].is_up, true);
    set(0, PH_LINK_STAT_RTT_MS, 80);
    set(1, PH_LINK_STAT_RTT_MS, 4711);
    char *page = format(names, LINKS);
    if (strncmp(page, wanted, strlen(wanted)) != 0) {
        fail_msg("the page begins otherwise:\n%s", page);
    }
    assert_null(strstr(page, "chilang"));
    assert_int_equal(count_of(page, "# HELP "), PH_LINK_STAT_COUNT);
    assert_int_equal(count_of(page, "# TYPE "), PH_LINK_STAT_COUNT);
    assert_int_equal(count_of(page, "{channel=\"sinho\"} "), PH_LINK_STAT_COUNT);
    assert_int_equal(count_of(page, "{channel=\"nui\"} "), PH_LINK_STAT_COUNT);
    free(page);
}

/* All figures differ, and each must be there once; none is cut or loses its sign. */
static void every_figure_is_shown_once(void **state)
{
    (void)state;
    atomic_store(&links[0].is_up, true);
    for (size_t i = 0; i < PH_LINK_STAT_COUNT; i++) {
        set(0, (enum ph_link_stat)i, INT64_C(-5000000000) - (int64_t)i);
    }
    char *page = format(names, 1);
    for (size_t i = 0; i < PH_LINK_STAT_COUNT; i++) {
        char value[32];
        snprintf(value, sizeof(value), " %" PRId64 "\n", INT64_C(-5000000000) - (int64_t)i);
        if (count_of(page, value) != 1) {
            fail_msg("%s is %zu times in:\n%s", value, count_of(page, value), page);
        }
    }
    free(page);
}

static void names_are_escaped(void **state)
{
    (void)state;
    static const char *const odd[] = {"a\"b\\c\nd", "Sìn Hồ"};

    atomic_store(&links[0].is_up, true);
    atomic_store(&links[1].is_up, true);
    char *page = format(odd, 2);
    assert_non_null(strstr(page, "phien_srt_rtt_milliseconds{channel=\"a\\\"b\\\\c\\nd\"} 0\n"));
    assert_non_null(strstr(page, "phien_srt_rtt_milliseconds{channel=\"Sìn Hồ\"} 0\n"));
    free(page);
}

/* Prometheus' conventions: only counters end in _total; no name is there twice.
 */
static void rows_are_sound(void **state)
{
    (void)state;
    static const struct {
        const char *metric;
        const char *key;
        const char *type;
        const char *help;
    } rows[] = {
#define X(id, metric, key, type, help) {metric, key, type, help},
        PH_LINK_STATS_MAP(X)
#undef X
    };

    for (size_t i = 0; i < PH_LINK_STAT_COUNT; i++) {
        size_t len = strlen(rows[i].metric);
        bool is_total = strcmp(rows[i].metric + len - 6, "_total") == 0;
        assert_string_equal(rows[i].type, is_total ? "counter" : "gauge");
        assert_int_equal(strncmp(rows[i].metric, "phien_srt_", 10), 0);
        assert_string_equal(ph_link_stat_key((enum ph_link_stat)i), rows[i].key);
        assert_int_equal(strspn(rows[i].key, "abcdefghijklmnopqrstuvwxyz_"), strlen(rows[i].key));
        assert_null(strpbrk(rows[i].help, "\\\n"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rows[i].metric, rows[j].metric);
            assert_string_not_equal(rows[i].key, rows[j].key);
        }
    }
    assert_string_equal(ph_link_stat_key(PH_LINK_STAT_RTT_MS), "rtt_ms");
    assert_string_equal(ph_link_stat_key(PH_LINK_STAT_UNDECRYPTABLE), "undecryptable");
}

static void page_past_the_limit_fails_the_writer(void **state)
{
    (void)state;
    struct ph_writer w;

    atomic_store(&links[0].is_up, true);
    ph_writer_init(&w, 100);
    ph_link_stats_format(&w, links, names, LINKS);
    assert_true(w.failed);
    ph_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(links_that_are_down_say_nothing, clear),
        cmocka_unit_test_setup(a_metric_has_its_samples_together, clear),
        cmocka_unit_test_setup(every_figure_is_shown_once, clear),
        cmocka_unit_test_setup(names_are_escaped, clear),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test_setup(page_past_the_limit_fails_the_writer, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
