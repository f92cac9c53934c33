/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include <stdlib.h>

static void check_sku(const char *sku, bool expected)
{
    if (ph_sku_is_valid(sku, strlen(sku)) != expected) {
        fail_msg("\"%s\" is %s", sku, expected ? "refused" : "accepted");
    }
}

static void knows_a_sku(void **state)
{
    char longest[PH_SKU_BYTES_MAX + 2];

    (void)state;
    check_sku("A1", true);
    check_sku("a", true);
    check_sku("ao-dai_2026.xl", true);
    check_sku("...", true);
    check_sku("", false);
    check_sku(".", false);
    check_sku("..", false);
    check_sku("a b", false);
    check_sku("a/b", false);
    check_sku("a?b", false);
    check_sku("mận", false);
    check_sku("a\n", false);
    memset(longest, 'x', sizeof(longest));
    longest[PH_SKU_BYTES_MAX + 1] = '\0';
    check_sku(longest, false);
    longest[PH_SKU_BYTES_MAX] = '\0';
    check_sku(longest, true);
}

static void a_sku_ends_where_its_length_says(void **state)
{
    (void)state;
    assert_true(ph_sku_is_valid("A1/x", 2));
    assert_false(ph_sku_is_valid("A1\0x", 4));
}

static void frees_all_that_it_holds(void **state)
{
    struct ph_change change = {.kind = PH_CHANGE_IMPORT};

    (void)state;
    ph_change_fini(&change);
    change.products = calloc(2, sizeof(struct ph_product *));
    assert_non_null(change.products);
    change.products[0] = ph_product_create(&(struct ph_product){.sku = "A"});
    change.products[1] = ph_product_create(&(struct ph_product){.sku = "B"});
    change.product_count = 2;
    change.product = ph_product_create(&(struct ph_product){.sku = "C"});
    change.card = ph_card_create(&(struct ph_card){.sku = "D"});
    ph_change_fini(&change);
    assert_int_equal(change.kind, PH_CHANGE_NONE);
    assert_null(change.products);
    assert_null(change.product);
    assert_null(change.card);
    ph_change_fini(&change);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_sku),
        cmocka_unit_test(a_sku_ends_where_its_length_says),
        cmocka_unit_test(frees_all_that_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
