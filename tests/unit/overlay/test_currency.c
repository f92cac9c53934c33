/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/currency.h"

static void knows_the_digits_behind_the_point(void **state)
{
    (void)state;
    assert_int_equal(ph_currency_digits("VND"), 0);
    assert_int_equal(ph_currency_digits("JPY"), 0);
    assert_int_equal(ph_currency_digits("KRW"), 0);
    assert_int_equal(ph_currency_digits("CLP"), 0);
    assert_int_equal(ph_currency_digits("USD"), 2);
    assert_int_equal(ph_currency_digits("EUR"), 2);
    assert_int_equal(ph_currency_digits("LAK"), 2);
    assert_int_equal(ph_currency_digits("BHD"), 3);
    assert_int_equal(ph_currency_digits("XYZ"), 2);
}

static void knows_what_may_be_a_currency(void **state)
{
    (void)state;
    assert_true(ph_currency_is_valid("VND"));
    assert_true(ph_currency_is_valid("XYZ"));
    assert_false(ph_currency_is_valid("vnd"));
    assert_false(ph_currency_is_valid("VN"));
    assert_false(ph_currency_is_valid("VNDD"));
    assert_false(ph_currency_is_valid("V1D"));
    assert_false(ph_currency_is_valid(""));
}

static void only_unmistakable_signs_are_used(void **state)
{
    (void)state;
    assert_string_equal(ph_currency_sign("VND"), "₫");
    assert_string_equal(ph_currency_sign("EUR"), "€");
    assert_null(ph_currency_sign("USD"));
    assert_null(ph_currency_sign("JPY"));
}

static void check(const char *text, const char *code, int64_t expected)
{
    int64_t amount = PH_NO_NUMBER;

    if (ph_currency_parse(text, code, &amount) != (expected != PH_NO_NUMBER) ||
        amount != expected) {
        fail_msg("\"%s\" %s is read as %lld instead of %lld", text, code, (long long)amount,
                 (long long)expected);
    }
}

static void reads_dong_as_people_write_them(void **state)
{
    (void)state;
    check("45000", "VND", 45000);
    check("45.000", "VND", 45000);
    check("45,000", "VND", 45000);
    check("45 000", "VND", 45000);
    check("45\u00a0000", "VND", 45000);
    check("45\u202f000", "VND", 45000);
    check("45'000", "VND", 45000);
    check("1.250.000", "VND", 1250000);
    check("1,000,000,000,000", "VND", PH_PRICE_MAX);
    check("0", "VND", 0);
    check("45.000 ₫", "VND", 45000);
    check("45.000₫", "VND", 45000);
    check("45.000đ", "VND", 45000);
    check("45.000 đồng", "VND", 45000);
    check("45000d", "VND", 45000);
    check("45.000 VND", "VND", 45000);
    check("vnd 45.000", "VND", 45000);
    check("₫45,000", "VND", 45000);
    check(" 45.000\u00a0₫ ", "VND", 45000);
    check("1200", "JPY", 1200);
    check("1,200 JPY", "JPY", 1200);
}

static void refuses_dong_that_are_not_clear(void **state)
{
    static const char *const texts[] = {
        "",
        "₫",
        "45.0",
        "45.00",
        "45.0000",
        "4.5000",
        "4500.000",
        "45.000,00",
        "45000.00",
        "1.250,000",
        "45k",
        "-45000",
        "+45000",
        "45.",
        ".45",
        "45..000",
        "45. 000",
        "0x10",
        "1e5",
        "45.000 ₫ ₫",
        "45.000 EUR",
        "$45000",
        "45.000/kg",
        "miễn phí",
        "45,000.",
        "1 250.000",
        "12345678901234567890",
        "1.000.000.000.000.000.000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check(texts[i], "VND", PH_NO_NUMBER);
    }
}

static void decimals_must_be_there_where_there_are_some(void **state)
{
    (void)state;
    check("12.50", "EUR", 1250);
    check("12,50", "EUR", 1250);
    check("12,50 €", "EUR", 1250);
    check("0.05", "USD", 5);
    check("USD 3.20", "USD", 320);
    check("1.250,00", "EUR", 125000);
    check("1,250.00", "USD", 125000);
    check("1 250,00", "EUR", 125000);
    check("1250,00", "EUR", 125000);
    check("1.250", "BHD", 1250);
    check("12", "EUR", PH_NO_NUMBER);
    check("1250", "USD", PH_NO_NUMBER);
    check("1,250", "USD", PH_NO_NUMBER);
    check("12.5", "USD", PH_NO_NUMBER);
    check("1.250.00", "USD", PH_NO_NUMBER);
    check("12 50", "EUR", PH_NO_NUMBER);
    check("12'50", "EUR", PH_NO_NUMBER);
    check(".50", "EUR", PH_NO_NUMBER);
    check("12.50 ₫", "EUR", PH_NO_NUMBER);
}

static void reads_counts(void **state)
{
    int64_t count;

    (void)state;
    assert_true(ph_currency_parse_count("1200", &count));
    assert_int_equal(count, 1200);
    assert_true(ph_currency_parse_count("1.200", &count));
    assert_int_equal(count, 1200);
    assert_false(ph_currency_parse_count("12.5", &count));
    assert_false(ph_currency_parse_count("12 kg", &count));
    assert_false(ph_currency_parse_count("-1", &count));
    assert_false(ph_currency_parse_count("", &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_digits_behind_the_point),
        cmocka_unit_test(knows_what_may_be_a_currency),
        cmocka_unit_test(only_unmistakable_signs_are_used),
        cmocka_unit_test(reads_dong_as_people_write_them),
        cmocka_unit_test(refuses_dong_that_are_not_clear),
        cmocka_unit_test(decimals_must_be_there_where_there_are_some),
        cmocka_unit_test(reads_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
