/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

static void begins_empty(void **state)
{
    struct ph_overlay_state *empty = ph_overlay_state_create();

    (void)state;
    assert_int_equal(empty->seq, 0);
    assert_int_equal(empty->rev, 0);
    assert_int_equal(empty->card_seq, 0);
    assert_int_equal(empty->count, 0);
    assert_null(empty->card);
    assert_null(ph_overlay_state_find(empty, "A1"));
    assert_null(ph_overlay_state_pinned(empty));
    ph_overlay_state_unref(&empty);
    assert_null(empty);
    ph_overlay_state_unref(&empty);
}

static void finds_by_sku(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();

    (void)state;
    assert_ptr_equal(ph_overlay_state_find(shelf, "A1"), shelf->products[0]);
    assert_ptr_equal(ph_overlay_state_find(shelf, "B2"), shelf->products[1]);
    assert_null(ph_overlay_state_find(shelf, "a1"));
    assert_null(ph_overlay_state_find(shelf, ""));
    assert_null(ph_overlay_state_pinned(shelf));
    show(&shelf, "{\"sku\":\"B2\"}");
    assert_ptr_equal(ph_overlay_state_pinned(shelf), shelf->products[1]);
    ph_overlay_state_unref(&shelf);
}

static void lives_until_the_last_reference_goes(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_overlay_state *same = ph_overlay_state_ref(shelf);

    (void)state;
    ph_overlay_state_unref(&shelf);
    assert_string_equal(same->products[1]->title, "Mật ong bạc hà");
    ph_overlay_state_unref(&same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_empty),
        cmocka_unit_test(finds_by_sku),
        cmocka_unit_test(lives_until_the_last_reference_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
