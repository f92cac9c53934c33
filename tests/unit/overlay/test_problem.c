/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_note.h"

#include "overlay/problem.h"

#include <jansson.h>

/* What is answered, parsed; the caller's. */
static json_t *answer(int status, const char *detail, const struct ph_faults *faults,
                      struct note *note)
{
    note_init(note, PH_HTTP_PUT, "/");
    note_open(note);
    ph_problem_respond(&note->exchange, status, detail, faults);
    assert_int_equal(note->status, status);
    assert_string_equal(note->type, "application/problem+json");
    json_t *json = json_loadb(note->body, note->len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    note_fini(note);
    return json;
}

static void it_says_what_and_where(void **state)
{
    struct ph_faults faults = {0};
    struct note note;

    (void)state;
    ph_faults_add(&faults, "/price", "must be %d or more", 0);
    ph_faults_add(&faults, "/tit\"le", "is required");
    json_t *json = answer(422, "not all of it is valid", &faults, &note);
    json_t *wanted =
        json_pack("{s:s, s:s, s:i, s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "type", "about:blank",
                  "title", "Unprocessable Content", "status", 422, "detail",
                  "not all of it is valid", "errors", "pointer", "/price", "detail",
                  "must be 0 or more", "pointer", "/tit\"le", "detail", "is required");
    assert_true(json_equal(json, wanted));
    assert_string_equal(note.headers, "");
    json_decref(wanted);
    json_decref(json);
}

static void without_faults_there_are_no_errors(void **state)
{
    struct ph_faults faults = {0};
    struct note note;

    (void)state;
    for (int i = 0; i < 2; i++) {
        json_t *json = answer(404, "there is no such product", i == 0 ? &faults : NULL, &note);
        assert_null(json_object_get(json, "errors"));
        assert_string_equal(json_string_value(json_object_get(json, "title")), "Not Found");
        json_decref(json);
    }
}

static void more_faults_than_are_kept_are_cut(void **state)
{
    struct ph_faults faults = {0};
    struct note note;

    (void)state;
    for (int i = 0; i < PH_FAULTS_MAX + 10; i++) {
        ph_faults_add(&faults, "/x", "no");
    }
    json_t *json = answer(422, "no", &faults, &note);
    assert_int_equal(json_array_size(json_object_get(json, "errors")), PH_FAULTS_MAX);
    json_decref(json);
}

/* A text of the client's, cut within a character by the size of the field. */
static void what_is_cut_stays_valid(void **state)
{
    struct ph_faults faults = {0};
    struct note note;
    char text[400] = "";

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "ế", 4);
    }
    ph_faults_add(&faults, text, "x%s", text);
    json_t *json = answer(422, "no", &faults, &note);
    json_decref(json);
}

static void who_must_do_something_else_is_told_what(void **state)
{
    static const struct {
        int status;
        const char *headers;
    } rows[] = {
        {401, "WWW-Authenticate: Bearer realm=\"phien\"\r\n"},
        {403, ""},
        {429, "Retry-After: 1\r\n"},
        {503, "Retry-After: 1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct note note;
        json_t *json = answer(rows[i].status, "no", NULL, &note);
        assert_string_equal(note.headers, rows[i].headers);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_and_where),
        cmocka_unit_test(without_faults_there_are_no_errors),
        cmocka_unit_test(more_faults_than_are_kept_are_cut),
        cmocka_unit_test(what_is_cut_stays_valid),
        cmocka_unit_test(who_must_do_something_else_is_told_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
