/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

static void assert_numbers(const struct ph_overlay_state *state, int64_t seq, int64_t rev,
                           int64_t card_seq)
{
    if (state->seq != seq || state->rev != rev || state->card_seq != card_seq) {
        fail_msg("seq %lld rev %lld card_seq %lld", (long long)state->seq, (long long)state->rev,
                 (long long)state->card_seq);
    }
}

static void each_number_counts_its_own_changes(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    assert_numbers(state, 2, 2, 0);
    show(&state, "{\"sku\":\"A1\"}");
    assert_numbers(state, 3, 2, 3);
    patch(&state, "B2", "{\"price\":170000}"); /* not the one that is shown */
    assert_numbers(state, 4, 4, 3);
    patch(&state, "A1", "{\"stock_delta\":-1}");
    assert_numbers(state, 5, 5, 5);
    patch(&state, "A1", "{\"position\":9}"); /* nothing that the card shows */
    assert_numbers(state, 6, 6, 5);
    show(&state, "{\"sku\":\"A1\"}"); /* again, and shown from now on */
    assert_numbers(state, 7, 6, 7);
    show(&state, "{\"sku\":\"B2\"}");
    assert_numbers(state, 8, 6, 8);
    discard(&state, "A1");
    assert_numbers(state, 9, 9, 8);
    hide(&state);
    assert_numbers(state, 10, 9, 10);
    hide(&state);
    assert_numbers(state, 11, 9, 10);
    ph_overlay_state_unref(&state);
}

static void shares_what_stays(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_overlay_state *before;

    (void)unused;
    show(&state, "{\"sku\":\"A1\",\"note\":\"rẻ\"}");
    before = ph_overlay_state_ref(state);
    patch(&state, "B2", "{\"stock\":1}");
    assert_ptr_equal(state->card, before->card);
    assert_ptr_equal(state->products[0], before->products[0]);
    assert_ptr_not_equal(state->products[1], before->products[1]);
    hide(&state);
    assert_ptr_equal(state->products[0], before->products[0]);
    assert_string_equal(before->card->note, "rẻ");
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&state);
}

static void a_card_says_since_when_and_until_when(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    show(&state, "{\"sku\":\"A1\",\"duration_s\":90,\"flash_price\":39000,\"note\":\"Hôm nay\","
                 "\"ends_at\":\"2026-08-04T10:01:00Z\"}");
    assert_string_equal(state->card->sku, "A1");
    assert_string_equal(state->card->note, "Hôm nay");
    assert_int_equal(state->card->flash_price, 39000);
    assert_int_equal(state->card->shown_at, NOW);
    assert_int_equal(state->card->ends_at, NOW + 60 * PH_USEC_PER_S);
    assert_int_equal(state->card->hides_at, NOW + 90 * PH_USEC_PER_S);
    show(&state, "{\"sku\":\"A1\"}");
    assert_true(state->card->hides_at == PH_USEC_NEVER);
    assert_true(state->card->ends_at == PH_USEC_NEVER);
    assert_int_equal(state->card->flash_price, PH_NO_NUMBER);
    ph_overlay_state_unref(&state);
}

static void an_offer_ends_and_the_card_stays(void **unused)
{
    static const struct ph_change end = {.kind = PH_CHANGE_END_OFFER, .if_rev = -1};
    struct ph_overlay_state *state = make_shelf();
    struct ph_faults faults = {0};

    (void)unused;
    for (unsigned i = 0; i < 2; i++) {
        struct ph_overlay_state *next = NULL;
        int64_t seq = state->card_seq;
        assert_int_equal(ph_overlay_state_apply(state, &end, NOW, &next, &faults), PH_OK);
        ph_overlay_state_unref(&state);
        state = next;
        if (i == 0) { /* nothing is pinned, and so nothing ends */
            assert_null(state->card);
            assert_int_equal(state->card_seq, seq);
            show(&state, "{\"sku\":\"A1\",\"duration_s\":90,\"flash_price\":39000,"
                         "\"note\":\"Hôm nay\",\"ends_at\":\"2026-08-04T10:01:00Z\"}");
        }
    }
    assert_int_equal(state->card_seq, state->seq);
    assert_string_equal(state->card->note, "Hôm nay");
    assert_int_equal(state->card->flash_price, PH_NO_NUMBER);
    assert_true(state->card->ends_at == PH_USEC_NEVER);
    assert_int_equal(state->card->hides_at, NOW + 90 * PH_USEC_PER_S);
    ph_overlay_state_unref(&state);
}

static void refuses_to_show(struct ph_overlay_state **state, const char *json, int expected,
                            const char *pointer, const char *part)
{
    struct ph_overlay_state *before = *state;
    struct ph_faults faults = {0};

    assert_int_equal(try_show(state, json, &faults), expected);
    assert_fault(&faults, pointer, part);
    assert_ptr_equal(*state, before);
}

static void only_what_viewers_can_buy_is_shown(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    patch(&state, "B2", "{\"hidden\":true}");
    refuses_to_show(&state, "{\"sku\":\"C3\"}", PH_ENOTFOUND, "/sku", "there is no product C3");
    refuses_to_show(&state, "{\"sku\":\"B2\"}", PH_EEXISTS, "/sku", "product B2 is hidden");
    refuses_to_show(&state, "{\"sku\":\"A1\",\"flash_price\":45000}", PH_EINVAL, "/flash_price",
                    "must be below the price, 45000");
    show(&state, "{\"sku\":\"A1\",\"flash_price\":44999}");
    patch(&state, "A1", "{\"stock\":0}");
    assert_non_null(state->card);
    show(&state, "{\"sku\":\"A1\"}");
    ph_overlay_state_unref(&state);
}

static void the_card_goes_with_its_product(void **unused)
{
    static const char *const imports[] = {
        "[]",
        "[{\"sku\":\"B2\",\"title\":\"x\",\"price\":1}]",
        "[{\"sku\":\"A1\",\"title\":\"x\",\"price\":1,\"hidden\":true}]",
    };
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    patch(&state, "A1", "{\"hidden\":true}");
    assert_null(state->card);
    assert_numbers(state, 4, 4, 4);
    patch(&state, "A1", "{\"hidden\":false}");
    assert_null(state->card);
    show(&state, "{\"sku\":\"A1\"}");
    discard(&state, "A1");
    assert_null(state->card);
    assert_int_equal(state->card_seq, state->seq);
    for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
        import(&state, "[{\"sku\":\"A1\",\"title\":\"x\",\"price\":1}]");
        show(&state, "{\"sku\":\"A1\"}");
        import(&state, imports[i]);
        assert_null(state->card);
    }
    ph_overlay_state_unref(&state);
}

static void the_card_stays_while_its_product_does(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_card *card;

    (void)unused;
    show(&state, "{\"sku\":\"A1\",\"note\":\"rẻ\"}");
    card = ph_card_ref(state->card);
    import(&state, "[{\"sku\":\"C3\",\"title\":\"x\",\"price\":1},"
                   "{\"sku\":\"A1\",\"title\":\"Mận\",\"price\":40000}]");
    assert_ptr_equal(state->card, card);
    assert_string_equal(ph_overlay_state_pinned(state)->title, "Mận");
    assert_int_equal(state->card_seq, state->seq);
    put(&state, "A1", "{\"title\":\"Mận hậu\",\"price\":40000}");
    assert_ptr_equal(state->card, card);
    ph_card_unref(&card);
    ph_overlay_state_unref(&state);
}

static void a_flash_price_is_below_the_price_or_none(void **unused)
{
    static const char *const changes[] = {
        "{\"price\":39000}",
        "{\"price\":1}",
        "{\"currency\":\"EUR\"}",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct ph_overlay_state *state = make_shelf();
        show(&state, "{\"sku\":\"A1\",\"flash_price\":39000,\"note\":\"rẻ\",\"duration_s\":60,"
                     "\"ends_at\":\"2026-08-04T10:01:00Z\"}");
        patch(&state, "A1", "{\"price\":39001}");
        assert_int_equal(state->card->flash_price, 39000);
        patch(&state, "A1", changes[i]);
        assert_int_equal(state->card->flash_price, PH_NO_NUMBER);
        assert_true(state->card->ends_at == PH_USEC_NEVER);
        assert_int_equal(state->card->hides_at, NOW + 60 * PH_USEC_PER_S);
        assert_string_equal(state->card->note, "rẻ");
        assert_int_equal(state->card_seq, state->seq);
        ph_overlay_state_unref(&state);
    }
}

/* Shown anew with a price of the new currency, which has nothing to do with what was before. */
static void a_new_card_has_a_flash_price_of_its_own(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    show(&state, "{\"sku\":\"A1\",\"flash_price\":39000}");
    patch(&state, "A1", "{\"currency\":\"EUR\"}");
    show(&state, "{\"sku\":\"A1\",\"flash_price\":38000}");
    show(&state, "{\"sku\":\"B2\",\"flash_price\":38000}");
    assert_int_equal(state->card->flash_price, 38000);
    ph_overlay_state_unref(&state);
}

static void a_change_for_another_revision_is_stale(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_overlay_state *next;
    struct ph_change change = {.kind = PH_CHANGE_DELETE_PRODUCT, .sku = "A1", .if_rev = 1};
    struct ph_faults faults = {0};

    (void)unused;
    assert_int_equal(ph_overlay_state_apply(state, &change, NOW, &next, &faults), PH_ESTALE);
    assert_null(next);
    assert_fault(&faults, "", "the shelf has revision 2 by now");
    change.if_rev = 2;
    faults.count = 0;
    assert_int_equal(ph_overlay_state_apply(state, &change, NOW, &next, &faults), PH_OK);
    assert_int_equal(next->count, 1);
    assert_int_equal(state->count, 2);
    ph_overlay_state_unref(&next);
    change.kind = PH_CHANGE_HIDE_CARD;
    change.if_rev = 3;
    assert_int_equal(ph_overlay_state_apply(state, &change, NOW, &next, &faults), PH_ESTALE);
    ph_overlay_state_unref(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_counts_its_own_changes),
        cmocka_unit_test(shares_what_stays),
        cmocka_unit_test(a_card_says_since_when_and_until_when),
        cmocka_unit_test(an_offer_ends_and_the_card_stays),
        cmocka_unit_test(only_what_viewers_can_buy_is_shown),
        cmocka_unit_test(the_card_goes_with_its_product),
        cmocka_unit_test(the_card_stays_while_its_product_does),
        cmocka_unit_test(a_flash_price_is_below_the_price_or_none),
        cmocka_unit_test(a_new_card_has_a_flash_price_of_its_own),
        cmocka_unit_test(a_change_for_another_revision_is_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
