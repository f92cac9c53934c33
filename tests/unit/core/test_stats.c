/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/stats.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ph_stats a;
static struct ph_stats b;

static int clear(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    return 0;
}

/* The page as a string that the caller frees. */
static char *format(size_t count)
{
    const struct ph_stats *const both[] = {&a, &b};
    struct ph_writer w;

    ph_writer_init(&w, 1 << 20);
    ph_stats_format(&w, both, count);
    ph_write_u8(&w, '\0');
    assert_false(w.failed);
    return (char *)w.data;
}

static bool has_line(const char *page, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = strstr(page, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == page || at[-1] == '\n') && at[len] == '\n') {
            return true;
        }
    }
    return false;
}

static void check_line(const char *page, const char *line)
{
    if (!has_line(page, line)) {
        fail_msg("\"%s\" is not in:\n%s", line, page);
    }
}

static void sums_go_over_all_workers(void **state)
{
    (void)state;
    ph_stats_add(&a, PH_STAT_SESSIONS_RTMP, 3);
    ph_stats_add(&a, PH_STAT_SESSIONS_RTMP, -1);
    ph_stats_add(&b, PH_STAT_SESSIONS_RTMP, 5);
    ph_stats_add(&a, PH_STAT_INGEST_BYTES, INT64_C(5000000000));
    ph_stats_add(&b, PH_STAT_INGEST_BYTES, 1);
    ph_stats_closed(&a, PH_CLOSE_TAKEOVER);
    ph_stats_closed(&b, PH_CLOSE_TAKEOVER);
    ph_stats_closed(&b, PH_CLOSE_NETWORK);
    char *page = format(2);
    check_line(page, "phien_sessions{protocol=\"rtmp\"} 7");
    check_line(page, "phien_ingest_bytes_total 5000000001");
    check_line(page, "phien_sessions_closed_total{reason=\"takeover\"} 2");
    check_line(page, "phien_sessions_closed_total{reason=\"network\"} 1");
    check_line(page, "phien_sessions_closed_total{reason=\"bad_key\"} 0");
    free(page);
    page = format(1);
    check_line(page, "phien_sessions{protocol=\"rtmp\"} 2");
    free(page);
    page = format(0);
    check_line(page, "phien_sessions{protocol=\"rtmp\"} 0");
    free(page);
}

static void statuses_have_their_rows(void **state)
{
    (void)state;
    static const int statuses[] = {200, 201, 204, 206, 304, 400, 401, 403, 404,
                                   405, 409, 412, 413, 415, 416, 422, 429, 503};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char line[64];
        clear(NULL);
        ph_stats_add(&a, ph_stats_http_status(statuses[i]), 1);
        char *page = format(1);
        snprintf(line, sizeof(line), "phien_http_requests_total{status=\"%d\"} 1", statuses[i]);
        check_line(page, line);
        free(page);
    }
    static const int others[] = {-1, 0, 100, 202, 500, 599, 65536 + 200};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(ph_stats_http_status(others[i]), PH_STAT_HTTP_OTHER);
    }
}

/*
 * Each row lands in a sample of its own: all get different values, and each value must be there
 * once.
 */
static void every_row_is_shown_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_STAT_COUNT; i++) {
        ph_stats_add(&a, (enum ph_stat)i, 1000 + (int64_t)i);
    }
    for (int reason = PH_CLOSE_NONE + 1; reason < PH_CLOSE_COUNT; reason++) {
        for (int i = 0; i < reason; i++) {
            ph_stats_closed(&a, (enum ph_close_reason)reason);
        }
    }
    char *page = format(1);
    for (size_t i = 0; i < PH_STAT_COUNT; i++) {
        char value[32];
        snprintf(value, sizeof(value), " %zu\n", 1000 + i);
        const char *at = strstr(page, value);
        assert_non_null(at);
        assert_null(strstr(at + 1, value));
    }
    for (int reason = PH_CLOSE_NONE + 1; reason < PH_CLOSE_COUNT; reason++) {
        char line[128];
        snprintf(line, sizeof(line), "phien_sessions_closed_total{reason=\"%s\"} %d",
                 ph_close_reason_name((enum ph_close_reason)reason), reason);
        check_line(page, line);
    }
    free(page);
}

static bool is_metric_name(const char *name, size_t len)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    return len > 6 && strncmp(name, "phien_", 6) == 0 && strspn(name, chars) >= len;
}

/* One metric of the page: "# HELP", "# TYPE", and samples of this name. */
struct metric {
    char name[64];
    char type[16];
    unsigned samples;
};

static void read_sample(const struct metric *metric, const char *line)
{
    size_t len = strcspn(line, "{ ");
    char *end = NULL;

    assert_int_equal(strlen(metric->name), len);
    assert_memory_equal(metric->name, line, len);
    if (line[len] == '{') {
        const char *close = strchr(line, '}');
        assert_non_null(close);
        const char *equals = strchr(line, '=');
        assert_true(equals != NULL && equals < close && equals[1] == '"' && close[-1] == '"');
        len = (size_t)(close - line) + 1;
    }
    assert_int_equal(line[len], ' ');
    (void)strtoll(line + len + 1, &end, 10);
    assert_true(end > line + len + 1 && *end == '\0');
}

/* The rules of Prometheus' text format: its parsers refuse a whole page for one such slip. */
static void page_is_in_prometheus_format(void **state)
{
    (void)state;
    char *page = format(2);
    char names[64][64];
    size_t count = 0;
    struct metric metric = {.samples = 1};
    char *rest = NULL;

    assert_int_equal(page[strlen(page) - 1], '\n');
    for (char *line = strtok_r(page, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_true(metric.samples > 0);
            memset(&metric, 0, sizeof(metric));
            size_t len = strcspn(line + 7, " ");
            assert_true(is_metric_name(line + 7, len) && len < sizeof(metric.name));
            memcpy(metric.name, line + 7, len);
            /* A help text that is more than a word. */
            assert_true(strlen(line + 7 + len) > 10);
            for (size_t i = 0; i < count; i++) {
                assert_string_not_equal(names[i], metric.name);
            }
            assert_true(count < 64);
            memcpy(names[count++], metric.name, sizeof(metric.name));
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(sscanf(line + 7 + strlen(metric.name), " %15s", metric.type), 1);
            assert_int_equal(strncmp(line + 7, metric.name, strlen(metric.name)), 0);
            bool is_total = strlen(metric.name) > 6 &&
                            strcmp(metric.name + strlen(metric.name) - 6, "_total") == 0;
            assert_string_equal(metric.type, is_total ? "counter" : "gauge");
        } else {
            assert_true(metric.type[0] != '\0');
            read_sample(&metric, line);
            metric.samples++;
        }
    }
    assert_true(metric.samples > 0);
    assert_true(count > 10);
    free(page);
}

static void page_past_the_limit_fails_the_writer(void **state)
{
    (void)state;
    const struct ph_stats *const one[] = {&a};
    struct ph_writer w;

    ph_writer_init(&w, 100);
    ph_stats_format(&w, one, 1);
    assert_true(w.failed);
    ph_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sums_go_over_all_workers, clear),
        cmocka_unit_test_setup(statuses_have_their_rows, clear),
        cmocka_unit_test_setup(every_row_is_shown_once, clear),
        cmocka_unit_test_setup(page_is_in_prometheus_format, clear),
        cmocka_unit_test_setup(page_past_the_limit_fails_the_writer, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
