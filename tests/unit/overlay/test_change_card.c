/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

static int read_card(struct ph_change *change, const char *json, struct ph_faults *faults)
{
    memset(faults, 0, sizeof(*faults));
    return ph_change_read_card(change, json, strlen(json), NOW, faults);
}

static void needs_only_a_sku(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_card(&change, "{\"sku\":\"A1\"}", &faults), PH_OK);
    assert_int_equal(change.kind, PH_CHANGE_SHOW_CARD);
    assert_int_equal(change.if_rev, -1);
    assert_string_equal(change.sku, "A1");
    assert_string_equal(change.card->sku, "A1");
    assert_string_equal(change.card->note, "");
    assert_int_equal(change.card->flash_price, PH_NO_NUMBER);
    assert_true(change.card->ends_at == PH_USEC_NEVER);
    assert_int_equal(change.duration, 0);
    ph_change_fini(&change);
}

static void reads_every_member(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_card(&change,
                               "{\"sku\":\"A1\",\"flash_price\":39000,\"ends_at\":"
                               "\"2026-08-04T17:10:00+07:00\",\"note\":\"Hôm nay thôi\","
                               "\"duration_s\":60}",
                               &faults),
                     PH_OK);
    assert_int_equal(change.card->flash_price, 39000);
    assert_int_equal(change.card->ends_at, NOW + 600 * PH_USEC_PER_S);
    assert_string_equal(change.card->note, "Hôm nay thôi");
    assert_int_equal(change.duration, 60 * PH_USEC_PER_S);
    ph_change_fini(&change);

    assert_int_equal(read_card(&change,
                               "{\"sku\":\"A1\",\"flash_price\":null,\"ends_at\":null,"
                               "\"note\":null,\"duration_s\":null}",
                               &faults),
                     PH_OK);
    assert_int_equal(change.card->flash_price, PH_NO_NUMBER);
    ph_change_fini(&change);
}

static void says_what_to_write_instead(void **state)
{
    static const struct {
        const char *json;
        const char *pointer;
        const char *part;
    } rows[] = {
        {"{}", "/sku", "is required"},
        {"{\"sku\":null}", "/sku", "is required"},
        {"{\"sku\":7}", "/sku", "1 to 64 of A-Z"},
        {"{\"sku\":\"a b\"}", "/sku", "1 to 64 of A-Z"},
        {"{\"sku\":\"A\",\"flash_price\":\"1\"}", "/flash_price", "must be a whole number"},
        {"{\"sku\":\"A\",\"flash_price\":-1}", "/flash_price", "must be a whole number"},
        {"{\"sku\":\"A\",\"flash_price\":1000000000001}", "/flash_price", "whole number"},
        {"{\"sku\":\"A\",\"note\":1}", "/note", "at most 140 characters"},
        {"{\"sku\":\"A\",\"note\":\"a\\nb\"}", "/note", "in one line"},
        {"{\"sku\":\"A\",\"duration_s\":0}", "/duration_s", "from 1 to 86400"},
        {"{\"sku\":\"A\",\"duration_s\":86401}", "/duration_s", "from 1 to 86400"},
        {"{\"sku\":\"A\",\"duration_s\":1.5}", "/duration_s", "from 1 to 86400"},
        {"{\"sku\":\"A\",\"ends_at\":1785837601}", "/ends_at", "2026-08-04T20:00:00+07:00"},
        {"{\"sku\":\"A\",\"ends_at\":\"20:00\"}", "/ends_at", "with its zone"},
        {"{\"sku\":\"A\",\"ends_at\":\"2026-08-04T20:00:00\"}", "/ends_at", "with its zone"},
        {"{\"sku\":\"A\",\"ends_at\":\"2026-08-04T10:00:00Z\"}", "/ends_at",
         "it is 2026-08-04T10:00:00.000Z now"},
        {"{\"sku\":\"A\",\"ends_at\":\"2027-08-06T10:00:00Z\"}", "/ends_at", "at most a year"},
        {"{\"sku\":\"A\",\"price\":1}", "/price", "is no member: sku flash_price"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_faults faults;
        struct ph_change change;
        if (read_card(&change, rows[i].json, &faults) != PH_EINVAL) {
            fail_msg("%s is read", rows[i].json);
        }
        assert_int_equal(faults.count, 1);
        assert_fault(&faults, rows[i].pointer, rows[i].part);
        assert_null(change.card);
        assert_int_equal(change.kind, PH_CHANGE_NONE);
    }
}

static void ends_within_a_year(void **state)
{
    static const char *const fine[] = {
        "{\"sku\":\"A\",\"ends_at\":\"2026-08-04T10:00:00.001Z\"}",
        "{\"sku\":\"A\",\"ends_at\":\"2027-08-04T10:00:00Z\"}",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ph_faults faults;
        struct ph_change change;
        assert_int_equal(read_card(&change, fine[i], &faults), PH_OK);
        ph_change_fini(&change);
    }
}

static void a_note_has_a_limit_in_characters(void **state)
{
    (void)state;
    for (size_t count = PH_NOTE_CHARS_MAX; count <= PH_NOTE_CHARS_MAX + 1; count++) {
        struct ph_faults faults;
        struct ph_change change;
        char json[1024];
        size_t used = (size_t)snprintf(json, sizeof(json), "{\"sku\":\"A\",\"note\":\"");
        for (size_t i = 0; i < count; i++) {
            used += (size_t)snprintf(json + used, sizeof(json) - used, "🛒");
        }
        snprintf(json + used, sizeof(json) - used, "\"}");
        assert_int_equal(read_card(&change, json, &faults),
                         count <= PH_NOTE_CHARS_MAX ? PH_OK : PH_EINVAL);
        ph_change_fini(&change);
    }
}

static void every_fault_is_told_at_once(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_card(&change,
                               "{\"flash_price\":\"\",\"ends_at\":\"\",\"note\":1,\"duration_s\":0,"
                               "\"a/b\":1}",
                               &faults),
                     PH_EINVAL);
    assert_int_equal(faults.count, 6);
    assert_fault(&faults, "/a~1b", "is no member");
}

static void refuses_what_is_no_object(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_card(&change, "[\"A1\"]", &faults), PH_EPROTO);
    assert_int_equal(read_card(&change, "A1", &faults), PH_EPROTO);
    assert_int_equal(read_card(&change, "", &faults), PH_EPROTO);
    assert_int_equal(change.kind, PH_CHANGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_only_a_sku),
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(says_what_to_write_instead),
        cmocka_unit_test(ends_within_a_year),
        cmocka_unit_test(a_note_has_a_limit_in_characters),
        cmocka_unit_test(every_fault_is_told_at_once),
        cmocka_unit_test(refuses_what_is_no_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
