/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/message.h"

#include <jansson.h>
#include <stdlib.h>

/* A cue's message, which must be JSON within its kind's limit. The caller's to release. */
static json_t *message_of(const struct ph_cue *cue)
{
    size_t max = cue->kind == PH_CUE_CARD ? PH_CUE_CARD_BYTES_MAX : PH_CUE_SHELF_BYTES_MAX;
    json_error_t error;
    json_t *message = json_loadb(cue->message, cue->message_len, JSON_REJECT_DUPLICATES, &error);

    if (message == NULL) {
        fail_msg("%s in %s", error.text, cue->message);
    }
    assert_int_equal(cue->message_len, strlen(cue->message));
    assert_in_range(cue->message_len, 1, max);
    return message;
}

static void a_card_is_a_cue_in_all_its_forms(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_cue *cue;
    char *message;

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    cue = ph_message_card_cue(state, CHANNEL);
    message = ph_message_card(state, CHANNEL);
    assert_int_equal(cue->kind, PH_CUE_CARD);
    assert_int_equal(cue->seq, 3);
    assert_string_equal(cue->message, message);
    assert_string_equal(cue->caption, "Mận hậu Mộc Châu\n45.000 ₫/kg · còn 12");
    assert_string_equal(cue->attributes, ",X-SKU=\"A1\",X-TITLE=\"Mận hậu Mộc Châu\",X-PRICE=45000,"
                                         "X-CURRENCY=\"VND\",X-UNIT=\"kg\"");
    free(message);
    ph_cue_unref(&cue);
    ph_overlay_state_unref(&state);
}

static void no_card_is_a_cue_too(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_cue *cue;

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    hide(&state);
    cue = ph_message_card_cue(state, CHANNEL);
    assert_int_equal(cue->seq, 4);
    assert_string_equal(cue->message, "{\"v\":\"phien.overlay/1\",\"seq\":4,\"card\":null}");
    assert_null(cue->caption);
    assert_null(cue->attributes);
    ph_cue_unref(&cue);
    ph_overlay_state_unref(&state);
}

static void a_shelf_is_a_cue_without_caption(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_cue *cue = ph_message_shelf_cue(state, CHANNEL);
    char *message = ph_message_shelf(state, CHANNEL);

    (void)unused;
    assert_int_equal(cue->kind, PH_CUE_SHELF);
    assert_int_equal(cue->seq, 2);
    assert_string_equal(cue->message, message);
    assert_null(cue->caption);
    assert_null(cue->attributes);
    free(message);
    ph_cue_unref(&cue);
    ph_overlay_state_unref(&state);
}

static void assert_same_cue(struct ph_cue *a, struct ph_cue *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_string_equal(a->message, b->message);
    ph_cue_unref(&a);
    ph_cue_unref(&b);
}

static void a_cue_stays_the_same_until_it_changes(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_overlay_state *before;

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    before = ph_overlay_state_ref(state);
    patch(&state, "B2", "{\"stock\":4}");
    assert_same_cue(ph_message_card_cue(before, CHANNEL), ph_message_card_cue(state, CHANNEL));
    ph_overlay_state_unref(&before);
    before = ph_overlay_state_ref(state);
    hide(&state);
    assert_same_cue(ph_message_shelf_cue(before, CHANNEL), ph_message_shelf_cue(state, CHANNEL));
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&state);
}

/* Texts of as many times `unit` as a product may have, and numbers of the most digits. */
static json_t *longest_product(const char *sku, const char *unit)
{
    static const struct {
        const char *name;
        size_t chars;
    } texts[] = {{"title", PH_TITLE_CHARS_MAX},
                 {"unit", PH_UNIT_CHARS_MAX},
                 {"badge", PH_BADGE_CHARS_MAX},
                 {"origin", PH_ORIGIN_CHARS_MAX}};
    json_t *product =
        json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "sku", sku, "currency", "VND", "price", PH_PRICE_MAX,
                  "original_price", PH_PRICE_MAX, "stock", PH_COUNT_MAX, "sold", PH_COUNT_MAX);
    char text[1024];
    size_t chars = 0;

    for (const char *c = unit; *c != '\0'; c++) {
        chars += ((unsigned char)*c & 0xc0) != 0x80;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t used = 0;
        for (size_t n = 0; n + chars <= texts[i].chars; n += chars) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", unit);
        }
        json_object_set_new(product, texts[i].name, json_string(text));
    }
    memset(text, 'u', PH_URL_BYTES_MAX);
    text[PH_URL_BYTES_MAX] = '\0';
    memcpy(text, "https://", 8);
    json_object_set_new(product, "url", json_string(text));
    json_object_set_new(product, "image", json_string(text));
    return product;
}

/* Composed and decomposed Vietnamese, emoji, what JSON and attributes have to escape. */
static const char *const worst[] = {"ậ", "a\u0323\u0302", "🛒", "\"", "\\", "\"\\", "</-->&;"};

#define SKU "A12345678901234567890123456789012345678901234567890123456789012"

static struct ph_overlay_state *longest_shelf(const char *unit, size_t count)
{
    struct ph_overlay_state *state = ph_overlay_state_create();
    json_t *list = json_array();
    char *text;

    for (size_t i = 0; i < count; i++) {
        char sku[96];
        snprintf(sku, sizeof(sku), "%.60s%04zu", SKU, i);
        json_array_append_new(list, longest_product(sku, unit));
    }
    text = json_dumps(list, JSON_COMPACT);
    import(&state, text);
    free(text);
    json_decref(list);
    return state;
}

static void the_longest_card_fits(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
        struct ph_overlay_state *state = longest_shelf(worst[i], 1);
        char json[2048];
        char note[1024];
        struct ph_cue *cue;
        json_t *message;
        json_t *card;
        memset(note, 'n', PH_NOTE_CHARS_MAX);
        note[PH_NOTE_CHARS_MAX] = '\0';
        snprintf(json, sizeof(json),
                 "{\"sku\":\"%s\",\"flash_price\":999999999999,\"duration_s\":86400,"
                 "\"ends_at\":\"2027-08-04T10:00:00Z\",\"note\":\"%s\"}",
                 state->products[0]->sku, note);
        show(&state, json);
        /* A server that has been changed for as long as numbers last. */
        state->seq = state->rev = state->card_seq = INT64_MAX;
        cue = ph_message_card_cue(state, CHANNEL);
        message = message_of(cue);
        card = json_object_get(message, "card");
        assert_null(json_object_get(card, "origin"));
        assert_null(json_object_get(card, "badge"));
        assert_null(json_object_get(card, "note"));
        assert_null(json_object_get(card, "image"));
        assert_string_equal(json_string_value(json_object_get(card, "title")),
                            state->products[0]->title);
        assert_non_null(json_object_get(card, "hides_at"));
        assert_non_null(json_object_get(card, "stock"));
        json_decref(message);
        ph_cue_unref(&cue);
        ph_overlay_state_unref(&state);
    }
}

/* A card of plain texts, its note `note` characters long and its url `url`. */
static json_t *card_of(size_t note, size_t url)
{
    struct ph_overlay_state *state = ph_overlay_state_create();
    char json[2048];
    struct ph_cue *cue;
    json_t *message;

    snprintf(json, sizeof(json),
             "{\"title\":\"x\",\"price\":1,\"badge\":\"b\",\"origin\":\"%060d\","
             "\"image\":\"https://a.vn/%0300d\",\"url\":\"https://a.vn/%0*d\"}",
             0, 0, (int)url, 0);
    put(&state, "A1", json);
    snprintf(json, sizeof(json), "{\"sku\":\"A1\",\"note\":\"%0*d\"}", (int)note, 0);
    show(&state, json);
    cue = ph_message_card_cue(state, CHANNEL);
    message = message_of(cue);
    ph_cue_unref(&cue);
    ph_overlay_state_unref(&state);
    return message;
}

static void check_members(json_t *message, const char *present)
{
    static const char *const members[] = {"origin", "badge", "note", "image", "url"};
    json_t *card = json_object_get(message, "card");
    char found[64] = "";

    for (size_t i = 0; i < 5; i++) {
        if (json_object_get(card, members[i]) != NULL) {
            size_t used = strlen(found);
            snprintf(found + used, sizeof(found) - used, "%s ", members[i]);
        }
    }
    assert_string_equal(found, present);
    json_decref(message);
}

static void a_card_goes_without_what_it_can_do_without(void **unused)
{
    (void)unused;
    check_members(card_of(140, 100), "origin badge note image url ");
    check_members(card_of(140, 370), "badge note image url ");
    check_members(card_of(140, 499), "image url ");
    check_members(card_of(1, 499), "badge note image url ");
}

static void check_shelf(struct ph_overlay_state *state, bool has_url, bool has_image,
                        size_t at_least)
{
    struct ph_cue *cue = ph_message_shelf_cue(state, CHANNEL);
    json_t *message = message_of(cue);
    json_t *shelf = json_object_get(message, "shelf");
    size_t count = json_array_size(shelf);
    bool has_more = json_is_true(json_object_get(message, "more"));

    assert_int_equal(has_more, count < state->count);
    assert_in_range(count, at_least, state->count);
    for (size_t i = 0; i < count; i++) {
        json_t *product = json_array_get(shelf, i);
        assert_string_equal(json_string_value(json_object_get(product, "sku")),
                            state->products[i]->sku);
        assert_int_equal(json_object_get(product, "url") != NULL, has_url);
        assert_int_equal(json_object_get(product, "image") != NULL, has_image);
    }
    if (has_more) { /* and another one would not have fitted */
        json_t *last = json_array_get(shelf, count - 1);
        assert_true(cue->message_len + json_dumpb(last, NULL, 0, JSON_COMPACT) + 1 + 8 >
                    PH_CUE_SHELF_BYTES_MAX);
    }
    json_decref(message);
    ph_cue_unref(&cue);
    ph_overlay_state_unref(&state);
}

static void the_longest_shelf_fits(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
        check_shelf(longest_shelf(worst[i], PH_SHELF_PRODUCTS_MAX), false, false, 10);
    }
}

static void a_shelf_goes_without_addresses_first(void **unused)
{
    (void)unused;
    check_shelf(longest_shelf("x", 10), true, true, 10);
    check_shelf(longest_shelf("x", 14), false, true, 14);
    check_shelf(longest_shelf("x", 25), false, false, 25);
}

/* As shelves are: two hundred things with names of a few words. */
static void most_of_a_real_shelf_fits(void **unused)
{
    struct ph_overlay_state *state = ph_overlay_state_create();

    (void)unused;
    for (int i = 0; i < PH_SHELF_PRODUCTS_MAX; i++) {
        char sku[16];
        snprintf(sku, sizeof(sku), "SP%03d", i);
        put(&state, sku,
            "{\"title\":\"Mận hậu Mộc Châu loại 1\",\"price\":45000,\"unit\":\"kg\",\"stock\":12,"
            "\"image\":\"/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.jpg\"}");
    }
    check_shelf(state, false, false, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_a_cue_in_all_its_forms),
        cmocka_unit_test(no_card_is_a_cue_too),
        cmocka_unit_test(a_shelf_is_a_cue_without_caption),
        cmocka_unit_test(a_cue_stays_the_same_until_it_changes),
        cmocka_unit_test(the_longest_card_fits),
        cmocka_unit_test(a_card_goes_without_what_it_can_do_without),
        cmocka_unit_test(the_longest_shelf_fits),
        cmocka_unit_test(a_shelf_goes_without_addresses_first),
        cmocka_unit_test(most_of_a_real_shelf_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
