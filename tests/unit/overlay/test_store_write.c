/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#define NFC "M\xe1\xba\xadn h\xe1\xba\xadu"           /* one code point for a letter */
#define NFD "Ma\xcc\xa3\xcc\x82n ha\xcc\xa3\xcc\x82u" /* the same letters in three */

static void check_product(const struct ph_product *kept, const struct ph_product *written)
{
    assert_string_equal(kept->sku, written->sku);
    assert_string_equal(kept->title, written->title);
    assert_string_equal(kept->unit, written->unit);
    assert_string_equal(kept->image, written->image);
    assert_string_equal(kept->url, written->url);
    assert_string_equal(kept->badge, written->badge);
    assert_string_equal(kept->origin, written->origin);
    assert_string_equal(kept->currency, written->currency);
    assert_int_equal(kept->price, written->price);
    assert_int_equal(kept->original_price, written->original_price);
    assert_int_equal(kept->stock, written->stock);
    assert_int_equal(kept->sold, written->sold);
    assert_int_equal(kept->position, written->position);
    assert_int_equal(kept->is_hidden, written->is_hidden);
}

static void check_card(const struct ph_card *kept, const struct ph_card *written)
{
    assert_string_equal(kept->sku, written->sku);
    assert_string_equal(kept->note, written->note);
    assert_int_equal(kept->flash_price, written->flash_price);
    assert_int_equal(kept->ends_at, written->ends_at);
    assert_int_equal(kept->shown_at, written->shown_at);
    assert_int_equal(kept->hides_at, written->hides_at);
}

static void check_state(const struct ph_overlay_state *kept, const struct ph_overlay_state *written)
{
    assert_int_equal(kept->seq, written->seq);
    assert_int_equal(kept->rev, written->rev);
    assert_int_equal(kept->card_seq, written->card_seq);
    assert_int_equal(kept->count, written->count);
    for (size_t i = 0; i < kept->count; i++) {
        check_product(kept->products[i], written->products[i]);
    }
    assert_int_equal(kept->card != NULL, written->card != NULL);
    if (kept->card != NULL) {
        check_card(kept->card, written->card);
    }
}

/* Writes it upon nothing, in a process of its own as it were, and checks what comes back. */
static void check_round_trip(const struct place *place, struct ph_overlay_state *written)
{
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *empty = make_state(0, NULL);

    assert_int_equal(write_state(store, "sinho", empty, written, NULL), PH_OK);
    ph_store_close(&store);
    struct ph_overlay_state *kept = reload_state(place->database, "sinho");
    check_state(kept, written);
    ph_overlay_state_unref(&kept);
    ph_overlay_state_unref(&empty);
}

/* ---- what is kept ---- */

static void nothing_is_kept_of_a_new_channel(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_overlay_state *kept;
    size_t count = 7;

    assert_int_equal(ph_store_load(store, "sinho", &kept, answers, &count), PH_OK);
    assert_int_equal(count, 0);
    assert_int_equal(kept->seq, 0);
    assert_int_equal(kept->rev, 0);
    assert_int_equal(kept->card_seq, 0);
    assert_int_equal(kept->count, 0);
    assert_null(kept->card);
    ph_overlay_state_unref(&kept);
    ph_store_close(&store);
}

static struct ph_product *make_full_product(void)
{
    const struct ph_product like = {
        .sku = "Man-01_a.B",
        .title = NFC " " NFD " \xf0\x9f\x8d\x91\xf0\x9f\x87\xbb\xf0\x9f\x87\xb3 '; DROP TABLE \"",
        .unit = "kg",
        .image = "/api/v1/channels/sinho/images/00112233445566778899aabbccddeeff.jpg",
        .url = "https://example.com/{channel}/{sku}?a=1&b=2",
        .badge = "Mới \xf0\x9f\x94\xa5",
        .origin = "Mộc Châu",
        .currency = "USD",
        .price = PH_PRICE_MAX,
        .original_price = PH_PRICE_MAX,
        .stock = PH_COUNT_MAX,
        .sold = PH_COUNT_MAX,
        .position = INT64_C(-9007199254740993),
        .is_hidden = true,
    };

    return ph_product_create(&like);
}

static void every_field_comes_back(void **state)
{
    struct ph_overlay_state *written =
        make_state(41, make_full_product(), make_product("A1", 3), NULL);
    const struct ph_card card = {
        .sku = "A1",
        .note = "Chỉ hôm nay \xf0\x9f\x8e\x89\nhai dòng",
        .flash_price = 1,
        .ends_at = INT64_C(1785837600123456),
        .shown_at = INT64_C(1785837000000001),
        .hides_at = INT64_C(1785837900999999),
    };

    written->rev = 40;
    written->card_seq = 39;
    written->card = ph_card_create(&card);
    check_round_trip(*state, written);
    ph_overlay_state_unref(&written);
}

static void what_is_unset_comes_back_unset(void **state)
{
    struct place *place = *state;
    struct ph_overlay_state *written = make_state(1, make_product("A1", 0), NULL);
    const struct ph_card card = {.sku = "A1",
                                 .note = "",
                                 .flash_price = PH_NO_NUMBER,
                                 .ends_at = PH_USEC_NEVER,
                                 .shown_at = 0,
                                 .hides_at = PH_USEC_NEVER};

    written->card = ph_card_create(&card);
    check_round_trip(place, written);
    ph_overlay_state_unref(&written);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM product WHERE stock IS NULL "
                                              "AND original_price IS NULL AND unit IS NULL"),
                     1);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM card WHERE note IS NULL AND "
                                              "ends_at_us IS NULL AND hides_at_us IS NULL"),
                     1);
}

static void zero_is_not_unset(void **state)
{
    struct ph_overlay_state *written = make_state(1, make_product("A1", 0), NULL);

    written->products[0]->stock = 0;
    written->products[0]->original_price = 0;
    written->products[0]->price = 0;
    check_round_trip(*state, written);
    ph_overlay_state_unref(&written);
}

static void products_come_by_position_then_by_sku(void **state)
{
    struct ph_overlay_state *written =
        make_state(1, make_product("Z", -1), make_product("B", 2), make_product("a", 2),
                   make_product("A", 10), NULL);

    check_round_trip(*state, written);
    ph_overlay_state_unref(&written);
}

static void a_whole_shelf_comes_back(void **state)
{
    struct ph_overlay_state *written = make_state(1, NULL);

    written->products = ph_new_array(struct ph_product *, PH_SHELF_PRODUCTS_MAX);
    for (int i = 0; i < PH_SHELF_PRODUCTS_MAX; i++) {
        char sku[16];
        snprintf(sku, sizeof(sku), "S%d", i);
        written->products[written->count++] = make_product(sku, i);
    }
    check_round_trip(*state, written);
    ph_overlay_state_unref(&written);
}

static void channels_are_kept_apart(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *one = make_state(1, make_product("A1", 1), NULL);
    struct ph_overlay_state *other = make_state(5, make_product("A1", 9), NULL);

    assert_int_equal(write_state(store, "sinho", empty, one, "key"), PH_OK);
    assert_int_equal(write_state(store, "bacha", empty, other, "key"), PH_OK);
    assert_int_equal(write_state(store, "sinho", one, empty, NULL), PH_OK);
    ph_store_close(&store);
    struct ph_overlay_state *kept = reload_state(place->database, "bacha");
    check_state(kept, other);
    ph_overlay_state_unref(&kept);
    ph_overlay_state_unref(&other);
    ph_overlay_state_unref(&one);
    ph_overlay_state_unref(&empty);
}

/* ---- differences ---- */

/* Rows that somebody else has changed meanwhile show which were written again. */
static void only_the_difference_is_written(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *before =
        make_state(1, make_product("A", 1), make_product("B", 2), make_product("C", 3),
                   make_product("D", 4), make_product("E", 5), NULL);
    /* B is deleted, D is changed and now first, F is new. */
    struct ph_overlay_state *after =
        make_state(2, make_product("D", 0), ph_product_ref(before->products[0]),
                   ph_product_ref(before->products[2]), make_product("F", 4),
                   ph_product_ref(before->products[4]), NULL);

    assert_int_equal(write_state(store, "sinho", empty, before, NULL), PH_OK);
    run_sql(place->database, "UPDATE product SET price = 7");
    assert_int_equal(write_state(store, "sinho", before, after, NULL), PH_OK);
    ph_store_close(&store);
    struct ph_overlay_state *kept = reload_state(place->database, "sinho");
    const char *skus[] = {"D", "A", "C", "F", "E"};
    const int prices[] = {45000, 7, 7, 45000, 7};
    assert_int_equal(kept->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(kept->products[i]->sku, skus[i]);
        assert_int_equal(kept->products[i]->price, prices[i]);
    }
    ph_overlay_state_unref(&kept);
    ph_overlay_state_unref(&after);
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&empty);
}

static void cards_are_shown_replaced_and_hidden(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *shown = make_state(1, make_product("A1", 1), NULL);
    struct ph_overlay_state *replaced =
        make_state(2, ph_product_ref(shown->products[0]), make_product("B1", 2), NULL);
    struct ph_overlay_state *hidden = make_state(3, ph_product_ref(shown->products[0]), NULL);
    struct ph_card card = {.sku = "A1",
                           .note = "n",
                           .shown_at = 5,
                           .ends_at = PH_USEC_NEVER,
                           .hides_at = PH_USEC_NEVER};

    shown->card = ph_card_create(&card);
    card.sku = "B1";
    replaced->card = ph_card_create(&card);
    assert_int_equal(write_state(store, "sinho", empty, shown, NULL), PH_OK);
    assert_int_equal(ask_sql(place->database, "SELECT sku = 'A1' FROM card"), 1);
    assert_int_equal(write_state(store, "sinho", shown, replaced, NULL), PH_OK);
    assert_int_equal(ask_sql(place->database, "SELECT sku = 'B1' FROM card"), 1);
    assert_int_equal(write_state(store, "sinho", replaced, hidden, NULL), PH_OK);
    ph_store_close(&store);
    struct ph_overlay_state *kept = reload_state(place->database, "sinho");
    check_state(kept, hidden);
    ph_overlay_state_unref(&kept);
    ph_overlay_state_unref(&hidden);
    ph_overlay_state_unref(&replaced);
    ph_overlay_state_unref(&shown);
    ph_overlay_state_unref(&empty);
}

/* Somebody has deleted or hidden the product with a shell. */
static void a_card_without_its_product_is_none(void **state)
{
    struct place *place = *state;
    struct ph_overlay_state *written = make_state(1, make_product("A1", 1), NULL);
    const struct ph_card card = {.sku = "A1", .note = "", .flash_price = PH_NO_NUMBER};

    written->card = ph_card_create(&card);
    check_round_trip(place, written);
    run_sql(place->database, "UPDATE product SET is_hidden = 1");
    struct ph_overlay_state *kept = reload_state(place->database, "sinho");
    assert_int_equal(kept->count, 1);
    assert_null(kept->card);
    ph_overlay_state_unref(&kept);
    run_sql(place->database, "DELETE FROM product");
    kept = reload_state(place->database, "sinho");
    assert_int_equal(kept->count, 0);
    assert_null(kept->card);
    ph_overlay_state_unref(&kept);
    ph_overlay_state_unref(&written);
}

/* ---- answers ---- */

static void the_newest_answers_are_kept(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *before = make_state(0, NULL);
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_overlay_state *kept;
    size_t count;

    for (int i = 1; i <= 100; i++) {
        struct ph_overlay_state *after = make_state(i, NULL);
        char key[65];
        snprintf(key, sizeof(key), "%064d", i);
        assert_int_equal(write_state(store, "sinho", before, after, i % 10 != 0 ? key : NULL),
                         PH_OK);
        ph_overlay_state_unref(&before);
        before = after;
    }
    ph_overlay_state_unref(&before);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM answer"), 64);
    store = open_store(place->database);
    assert_int_equal(ph_store_load(store, "sinho", &kept, answers, &count), PH_OK);
    assert_int_equal(count, PH_STORE_ANSWERS_MAX);
    /* 90 had a key: the last 64 of those. */
    assert_int_equal(answers[0].seq, 29);
    assert_int_equal(answers[63].seq, 99);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strlen(answers[i].key), 64);
        assert_int_equal(strtol(answers[i].key, NULL, 10), answers[i].seq);
        assert_true(i == 0 || answers[i].seq > answers[i - 1].seq);
    }
    ph_overlay_state_unref(&kept);
    ph_store_close(&store);
}

static void a_key_that_comes_again_is_the_newer_ones(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *first = make_state(0, NULL);
    struct ph_overlay_state *second = make_state(1, NULL);
    struct ph_overlay_state *third = make_state(2, NULL);

    assert_int_equal(write_state(store, "sinho", first, second, "k"), PH_OK);
    assert_int_equal(write_state(store, "sinho", second, third, "k"), PH_OK);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM answer"), 1);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM answer WHERE key = 'k'"), 2);
    ph_overlay_state_unref(&third);
    ph_overlay_state_unref(&second);
    ph_overlay_state_unref(&first);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_kept_of_a_new_channel),
        CASE(every_field_comes_back),
        CASE(what_is_unset_comes_back_unset),
        CASE(zero_is_not_unset),
        CASE(products_come_by_position_then_by_sku),
        CASE(a_whole_shelf_comes_back),
        CASE(channels_are_kept_apart),
        CASE(only_the_difference_is_written),
        CASE(cards_are_shown_replaced_and_hidden),
        CASE(a_card_without_its_product_is_none),
        CASE(the_newest_answers_are_kept),
        CASE(a_key_that_comes_again_is_the_newer_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
