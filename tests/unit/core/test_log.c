/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/log.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last diverted line, and how many there were. */
struct seen {
    char line[8192];
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
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    ph_log_divert(on_line, &seen);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    ph_log_divert(NULL, NULL);
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    return 0;
}

/* The line without its time, whose form is checked. */
static const char *after_time(enum ph_log_format format)
{
    const char *before = format == PH_LOG_FORMAT_JSON ? "{\"time\":\"" : "time=";
    const char *behind = format == PH_LOG_FORMAT_JSON ? "\"," : " ";
    size_t len = strlen(before);
    const char *time = seen.line + len;

    assert_int_equal(strncmp(seen.line, before, len), 0);
    for (size_t i = 0; i < 24; i++) {
        const char *form = "dddd-dd-ddTdd:dd:dd.dddZ";
        assert_true(form[i] == 'd' ? time[i] >= '0' && time[i] <= '9' : time[i] == form[i]);
    }
    assert_int_equal(strncmp(time + 24, behind, strlen(behind)), 0);
    return time + 24 + strlen(behind);
}

static void text_lines_are_logfmt(void **state)
{
    (void)state;
    ph_log_info("publish.start", ph_kv("channel", "sinho"), ph_kv_int("width", 720),
                ph_kv_real("fps", 29.97), ph_kv_bool("has_audio", true));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT),
                        "level=info event=publish.start channel=sinho width=720 fps=29.970 "
                        "has_audio=true");
    assert_int_equal(seen.count, 1);
}

static void json_lines_are_objects(void **state)
{
    (void)state;
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_JSON);
    ph_log_warn("publish.start", ph_kv("channel", "sinho"), ph_kv_int("low", INT64_MIN),
                ph_kv_real("drift", -0.5), ph_kv_bool("has_audio", false));
    assert_string_equal(after_time(PH_LOG_FORMAT_JSON),
                        "\"level\":\"warn\",\"event\":\"publish.start\",\"channel\":\"sinho\","
                        "\"low\":-9223372036854775808,\"drift\":-0.500,\"has_audio\":false}");
}

/* JSON has no word for these (RFC 8259 section 6). */
static void json_numbers_are_finite(void **state)
{
    (void)state;
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_JSON);
    ph_log_info("a.b", ph_kv_real("x", NAN), ph_kv_real("y", INFINITY), ph_kv_real("z", -INFINITY));
    assert_string_equal(after_time(PH_LOG_FORMAT_JSON),
                        "\"level\":\"info\",\"event\":\"a.b\",\"x\":null,\"y\":null,\"z\":null}");
}

static void large_numbers_keep_their_size(void **state)
{
    (void)state;
    ph_log_info("a.b", ph_kv_real("x", 999999999999999), ph_kv_real("y", -1e15),
                ph_kv_real("z", 1e308));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT),
                        "level=info event=a.b x=999999999999999.000 y=-1.000000000000000e+15 "
                        "z=1.000000000000000e+308");
}

static void levels_are_filtered(void **state)
{
    (void)state;
    ph_log_setup(PH_LOG_WARN, PH_LOG_FORMAT_TEXT);
    assert_true(ph_log_is_on(PH_LOG_ERROR));
    assert_true(ph_log_is_on(PH_LOG_WARN));
    assert_false(ph_log_is_on(PH_LOG_INFO));
    assert_false(ph_log_is_on(PH_LOG_DEBUG));
    ph_log_info("a.b", ph_kv_int("n", 1));
    ph_log_debug("a.b", ph_kv_int("n", 1));
    assert_int_equal(seen.count, 0);
    ph_log_warn("a.b", ph_kv_int("n", 1));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT), "level=warn event=a.b n=1");
    ph_log_error("a.b", ph_kv_int("n", 1));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT), "level=error event=a.b n=1");
    ph_log_setup(PH_LOG_DEBUG, PH_LOG_FORMAT_TEXT);
    ph_log_debug("a.b", ph_kv_int("n", 1));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT), "level=debug event=a.b n=1");
    assert_int_equal(seen.count, 3);
}

/* A line that is not written must not cost what its fields cost. */
static void fields_of_filtered_lines_are_not_evaluated(void **state)
{
    (void)state;
    int evaluated = 0;

    ph_log_debug("a.b", ph_kv_int("n", ++evaluated));
    assert_int_equal(evaluated, 0);
    ph_log_info("a.b", ph_kv_int("n", ++evaluated));
    assert_int_equal(evaluated, 1);
}

static void null_text_is_left_out(void **state)
{
    (void)state;
    ph_log_info("a.b", ph_kv("x", NULL), ph_kv("y", "z"));
    assert_string_equal(after_time(PH_LOG_FORMAT_TEXT), "level=info event=a.b y=z");
}

static void check_text(const char *value, const char *expected)
{
    ph_log_info("a.b", ph_kv("x", value));
    const char *field = strstr(seen.line, " x=");
    assert_non_null(field);
    assert_string_equal(field + 3, expected);
}

/* A peer chooses such text; whatever it is, a line stays one line and a field one field. */
static void odd_text_is_quoted_and_escaped(void **state)
{
    (void)state;
    check_text("", "\"\"");
    check_text("a b", "\"a b\"");
    check_text("a=b", "\"a=b\"");
    check_text("a\"b", "\"a\\\"b\"");
    check_text("a\\b", "\"a\\\\b\"");
    check_text("a\nlevel=error", "\"a\\u000alevel=error\"");
    check_text("a\tb\r\x1b[31m\x7f", "\"a\\u0009b\\u000d\\u001b[31m\\u007f\"");
    check_text("Chợ phiên", "\"Chợ phiên\"");
    check_text("\xf0\x9f\xa7\xba", "\"\xf0\x9f\xa7\xba\"");
    check_text("a{b}[c]:d,e/f?g", "a{b}[c]:d,e/f?g");
}

/* Readers of JSON refuse a line with bad UTF-8 (RFC 3629 section 4 says what that is). */
static void bad_utf8_is_replaced(void **state)
{
    (void)state;
    check_text("a\xff"
               "b",
               "\"a?b\"");
    check_text("\x80", "\"?\"");
    check_text("\xc3", "\"?\"");
    check_text("\xc3"
               "a",
               "\"?a\"");
    check_text("\xe1\xbb", "\"??\"");
    check_text("\xc0\xaf", "\"??\"");           /* overlong slash */
    check_text("\xe0\x80\xaf", "\"???\"");      /* overlong slash */
    check_text("\xf0\x80\x80\xaf", "\"????\""); /* overlong slash */
    check_text("\xed\xa0\x80", "\"???\"");      /* surrogate */
    check_text("\xf4\x90\x80\x80", "\"????\""); /* above U+10FFFF */
    check_text("\xf5\x80\x80\x80", "\"????\"");
    check_text("\xed\x9f\xbf", "\"\xed\x9f\xbf\""); /* the last before the surrogates */
    check_text("\xee\x80\x80", "\"\xee\x80\x80\""); /* the first after them */
    check_text("\xe0\xa0\x80", "\"\xe0\xa0\x80\""); /* the first of three bytes */
    check_text("\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\"");
    check_text("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char value[2049];

    memset(value, 'a', 512);
    value[512] = '\0';
    check_text(value, value);
    memset(value, 'a', 2048);
    value[2048] = '\0';
    ph_log_info("a.b", ph_kv("x", value));
    const char *field = strstr(seen.line, " x=\"");
    assert_non_null(field);
    assert_int_equal(strspn(field + 4, "a"), 512);
    assert_string_equal(field + 4 + 512, "...\"");
    for (size_t i = 0; i + 3 <= 2048; i += 3) {
        memcpy(value + i, "ợ", 3);
    }
    value[2046] = '\0';
    ph_log_info("a.b", ph_kv("x", value));
    field = strstr(seen.line, " x=\"");
    assert_non_null(field);
    size_t len = strlen(field + 4) - strlen("...\"");
    assert_int_equal(len % 3, 0);
    assert_in_range(len, 508, 516);
    assert_memory_equal(field + 4, value, len);
}

/* Fields that would burst the line are left out whole, so that it can still be parsed. */
static void full_line_stays_a_record(void **state)
{
    (void)state;
    char value[513];

    memset(value, 1, 512); /* becomes six bytes each */
    value[512] = '\0';
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_JSON);
    ph_log_info("a.b", ph_kv("x", value), ph_kv("y", value), ph_kv("z", "last"));
    const char *rest = after_time(PH_LOG_FORMAT_JSON);
    assert_non_null(strstr(rest, "\"x\":\"\\u0001"));
    assert_null(strstr(rest, "\"y\""));
    assert_string_equal(rest + strlen(rest) - strlen(",\"z\":\"last\"}"), ",\"z\":\"last\"}");
    assert_in_range(strlen(seen.line), 3072, 4096);
}

/* Around the last byte of a line, each length of the field gives a whole line. */
static void line_limit_is_exact(void **state)
{
    (void)state;
    char filler[513];
    char value[513];

    memset(filler, 'f', 512);
    filler[512] = '\0';
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_JSON);
    for (size_t len = 400; len <= 512; len++) {
        memset(value, 'v', len);
        value[len] = '\0';
        ph_log_info("a.b", ph_kv("a", filler), ph_kv("b", filler), ph_kv("c", filler),
                    ph_kv("d", filler), ph_kv("e", filler), ph_kv("f", filler), ph_kv("g", filler),
                    ph_kv("h", value));
        size_t line = strlen(seen.line);
        assert_in_range(line, 3600, 4096);
        assert_int_equal(seen.line[line - 1], '}');
        bool is_whole = strstr(seen.line, "\"h\":\"v") != NULL;
        assert_int_equal(seen.line[line - 2], '"');
        assert_int_equal(seen.line[line - 3], is_whole ? 'v' : 'f');
    }
}

static void lines_go_to_standard_error(void **state)
{
    (void)state;
    int pipe_fds[2];
    char line[512];

    ph_log_divert(NULL, NULL);
    assert_int_equal(pipe(pipe_fds), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(pipe_fds[1], STDERR_FILENO) >= 0);
    ph_log_info("a.b", ph_kv("x", "y"));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(pipe_fds[1]);
    ssize_t len = read(pipe_fds[0], line, sizeof(line) - 1);
    close(pipe_fds[0]);
    assert_true(len > 0);
    line[len] = '\0';
    assert_int_equal(strncmp(line, "time=", 5), 0);
    assert_non_null(strstr(line, " level=info event=a.b x=y\n"));
    assert_int_equal(line[len - 1], '\n');
    assert_int_equal(strcspn(line, "\n"), len - 1);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, divert, restore)
    const struct CMUnitTest tests[] = {
        test(text_lines_are_logfmt),      test(json_lines_are_objects),
        test(json_numbers_are_finite),    test(large_numbers_keep_their_size),
        test(levels_are_filtered),        test(fields_of_filtered_lines_are_not_evaluated),
        test(null_text_is_left_out),      test(odd_text_is_quoted_and_escaped),
        test(bad_utf8_is_replaced),       test(long_text_is_cut_between_characters),
        test(full_line_stays_a_record),   test(line_limit_is_exact),
        test(lines_go_to_standard_error),
    };
#undef test

    return cmocka_run_group_tests(tests, NULL, NULL);
}
