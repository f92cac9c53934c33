/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

static const struct ph_product plums = {
    .sku = "A1",
    .title = "Mận hậu",
    .unit = "kg",
    .image = "https://a.vn/1.jpg",
    .url = "https://a.vn/{sku}",
    .badge = "Mới",
    .origin = "Mộc Châu",
    .currency = "VND",
    .price = 45000,
    .original_price = 60000,
    .stock = 12,
    .sold = 3,
    .position = 7,
    .is_hidden = true,
};

static void copies_all_of_a_product(void **state)
{
    struct ph_product *copy = ph_product_create(&plums);

    (void)state;
    assert_true(ph_product_is_same(copy, &plums));
    assert_ptr_not_equal(copy->title, plums.title);
    assert_string_equal(copy->sku, "A1");
    assert_string_equal(copy->title, "Mận hậu");
    assert_string_equal(copy->unit, "kg");
    assert_string_equal(copy->image, "https://a.vn/1.jpg");
    assert_string_equal(copy->url, "https://a.vn/{sku}");
    assert_string_equal(copy->badge, "Mới");
    assert_string_equal(copy->origin, "Mộc Châu");
    assert_string_equal(copy->currency, "VND");
    assert_int_equal(copy->price, 45000);
    assert_int_equal(copy->original_price, 60000);
    assert_int_equal(copy->stock, 12);
    assert_int_equal(copy->sold, 3);
    assert_int_equal(copy->position, 7);
    assert_true(copy->is_hidden);
    ph_product_unref(&copy);
    assert_null(copy);
}

static void a_text_that_is_missing_is_empty(void **state)
{
    struct ph_product *product = ph_product_create(&(struct ph_product){.sku = "A"});
    struct ph_card *card = ph_card_create(&(struct ph_card){.sku = "A"});

    (void)state;
    assert_string_equal(product->origin, "");
    assert_string_equal(card->note, "");
    ph_product_unref(&product);
    ph_card_unref(&card);
}

static void lives_until_the_last_reference_goes(void **state)
{
    struct ph_product *product = ph_product_create(&plums);
    struct ph_product *other = ph_product_ref(product);
    struct ph_card *card = ph_card_create(&(struct ph_card){.sku = "A1", .note = "rẻ"});
    struct ph_card *same = ph_card_ref(card);

    (void)state;
    ph_product_unref(&product);
    assert_string_equal(other->title, "Mận hậu");
    ph_product_unref(&other);
    ph_product_unref(&other);
    ph_card_unref(&card);
    assert_string_equal(same->note, "rẻ");
    ph_card_unref(&same);
    ph_card_unref(&same);
}

static void any_member_makes_a_difference(void **state)
{
    struct ph_product others[14];

    (void)state;
    for (size_t i = 0; i < 14; i++) {
        memcpy(&others[i], &plums, sizeof(plums));
    }
    others[0].sku = "A2";
    others[1].title = "Mận";
    others[2].unit = "";
    others[3].image = "";
    others[4].url = "";
    others[5].badge = "";
    others[6].origin = "";
    memcpy(others[7].currency, "EUR", 4);
    others[8].price++;
    others[9].original_price++;
    others[10].stock++;
    others[11].sold++;
    others[12].position++;
    others[13].is_hidden = false;
    for (size_t i = 0; i < 14; i++) {
        if (ph_product_is_same(&others[i], &plums)) {
            fail_msg("difference %zu is not seen", i);
        }
        if (ph_product_looks_same(&others[i], &plums) != (i >= 12)) {
            fail_msg("difference %zu shows the wrong way", i);
        }
        if (ph_product_is_recounted(&others[i], &plums) != (i == 10 || i == 11)) {
            fail_msg("difference %zu counts the wrong way", i);
        }
    }
}

static void sold_out_is_what_is_counted_to_nothing(void **state)
{
    (void)state;
    assert_true(ph_product_is_sold_out(&(struct ph_product){.stock = 0}));
    assert_false(ph_product_is_sold_out(&(struct ph_product){.stock = 1}));
    assert_false(ph_product_is_sold_out(&(struct ph_product){.stock = PH_NO_NUMBER}));
}

static void copies_all_of_a_card(void **state)
{
    static const struct ph_card like = {.sku = "A1",
                                        .note = "Hôm nay thôi",
                                        .flash_price = 39000,
                                        .ends_at = 10,
                                        .shown_at = 11,
                                        .hides_at = 12};
    struct ph_card *card = ph_card_create(&like);

    (void)state;
    assert_string_equal(card->sku, "A1");
    assert_string_equal(card->note, "Hôm nay thôi");
    assert_int_equal(card->flash_price, 39000);
    assert_int_equal(card->ends_at, 10);
    assert_int_equal(card->shown_at, 11);
    assert_int_equal(card->hides_at, 12);
    ph_card_unref(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_all_of_a_product),
        cmocka_unit_test(a_text_that_is_missing_is_empty),
        cmocka_unit_test(lives_until_the_last_reference_goes),
        cmocka_unit_test(any_member_makes_a_difference),
        cmocka_unit_test(sold_out_is_what_is_counted_to_nothing),
        cmocka_unit_test(copies_all_of_a_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
