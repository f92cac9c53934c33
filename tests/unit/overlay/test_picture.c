/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/picture.h"

#include <phien/core/mem.h>

#include <stdlib.h>

struct fixture {
    struct ph_overlay_state *state;
    struct ph_picture *picture;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->state = make_shelf();
    f->picture = ph_picture_create(CHANNEL, f->state, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ph_picture_unref(&f->picture);
    ph_overlay_state_unref(&f->state);
    free(f);
    return 0;
}

/* The picture of the state as it is now. */
static void take(struct fixture *f)
{
    struct ph_picture *picture = ph_picture_create(CHANNEL, f->state, f->picture);

    ph_picture_unref(&f->picture);
    f->picture = picture;
}

/* Names of the events, in order: "card stock". */
static const char *event_names(const struct ph_picture *picture)
{
    static char names[128];
    size_t used = 0;

    names[0] = '\0';
    if (picture->events == NULL) {
        return names;
    }
    char *text = ph_alloc(picture->events->len + 1);
    memcpy(text, picture->events->data, picture->events->len);
    for (char *at = strstr(text, "event: "); at != NULL; at = strstr(at + 1, "event: ")) {
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s", used > 0 ? " " : "",
                                 (int)strcspn(at + 7, "\n"), at + 7);
    }
    free(text);
    return names;
}

static void assert_has(const struct ph_buf *buf, const char *part)
{
    if (memmem(buf->data, buf->len, part, strlen(part)) == NULL) {
        fail_msg("\"%s\" is missing in: %.*s", part, (int)buf->len, (const char *)buf->data);
    }
}

static void it_has_the_texts_and_their_tags(void **state)
{
    struct fixture *f = *state;

    assert_has(f->picture->overlay, "\"card\":null");
    assert_has(f->picture->overlay, "\"sku\":\"A1\"");
    assert_has(f->picture->shelf, "\"sku\":\"B2\"");
    assert_has(f->picture->card, "\"card\":null");
    assert_string_equal(f->picture->overlay_etag, "\"2\"");
    assert_string_equal(f->picture->shelf_etag, "\"2\"");
    assert_string_equal(f->picture->card_etag, "\"0\"");
    assert_null(f->picture->events);
}

static void newcomers_are_told_all(void **state)
{
    struct fixture *f = *state;
    struct ph_buf *greeting = ph_picture_greeting(f->picture);

    assert_has(greeting, "id: 2\nevent: overlay\ndata: {\"v\":\"phien.overlay/1\",\"seq\":2,");
    assert_has(greeting, "\"sku\":\"B2\"");
    ph_buf_unref(&greeting);
}

static void what_has_not_changed_is_shared(void **state)
{
    struct fixture *f = *state;
    const struct ph_buf *shelf = f->picture->shelf;

    show(&f->state, "{\"sku\":\"A1\"}");
    take(f);
    assert_ptr_equal(f->picture->shelf, shelf);
    assert_string_equal(f->picture->shelf_etag, "\"2\"");
    assert_string_equal(f->picture->card_etag, "\"3\"");
    const struct ph_buf *card = f->picture->card;
    patch(&f->state, "B2", "{\"price\":170000}");
    take(f);
    assert_ptr_equal(f->picture->card, card);
    assert_string_equal(f->picture->card_etag, "\"3\"");
    assert_string_equal(f->picture->shelf_etag, "\"4\"");
    assert_string_equal(f->picture->overlay_etag, "\"4\"");
}

static void a_change_is_told_by_what_it_changed(void **state)
{
    struct fixture *f = *state;

    put(&f->state, "C3", "{\"title\":\"Đào\",\"price\":30000}");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
    assert_false(f->picture->has_many_events);
    show(&f->state, "{\"sku\":\"C3\"}");
    take(f);
    assert_string_equal(event_names(f->picture), "card");
    assert_has(f->picture->events, "id: 4\n");
    patch(&f->state, "A1", "{\"stock_delta\":-1}");
    take(f);
    assert_string_equal(event_names(f->picture), "stock");
    assert_has(f->picture->events, "\"sku\":\"A1\",\"stock\":11,\"sold\":1");
    patch(&f->state, "A1", "{\"stock_delta\":-1,\"badge\":\"mới\"}");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
    hide(&f->state);
    take(f);
    assert_string_equal(event_names(f->picture), "card");
    discard(&f->state, "C3");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
}

static void the_stock_of_what_is_pinned_is_told_twice(void **state)
{
    struct fixture *f = *state;

    show(&f->state, "{\"sku\":\"A1\"}");
    take(f);
    patch(&f->state, "A1", "{\"stock_delta\":-2}");
    take(f);
    assert_string_equal(event_names(f->picture), "card stock");
    assert_true(f->picture->has_many_events);
}

static void counts_of_what_nobody_sees_are_not_told(void **state)
{
    struct fixture *f = *state;

    patch(&f->state, "A1", "{\"hidden\":true}");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
    patch(&f->state, "A1", "{\"stock\":3}");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
    assert_null(memmem(f->picture->events->data, f->picture->events->len, "A1", 2));
}

static void counts_of_many_are_a_shelf(void **state)
{
    struct fixture *f = *state;

    import(&f->state, "[{\"sku\":\"A1\",\"title\":\"Mận hậu Mộc Châu\",\"price\":45000,"
                      "\"unit\":\"kg\",\"stock\":3},"
                      "{\"sku\":\"B2\",\"title\":\"Mật ong bạc hà\",\"price\":180000,"
                      "\"unit\":\"chai\",\"stock\":5}]");
    take(f);
    assert_string_equal(event_names(f->picture), "shelf");
}

static void a_change_of_nothing_is_told_by_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t rev = f->state->rev;

    hide(&f->state);
    take(f);
    assert_int_equal(f->state->rev, rev);
    assert_string_equal(event_names(f->picture), "");
    assert_string_equal(f->picture->overlay_etag, "\"3\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_has_the_texts_and_their_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newcomers_are_told_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_not_changed_is_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_told_by_what_it_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_stock_of_what_is_pinned_is_told_twice, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(counts_of_what_nobody_sees_are_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_of_many_are_a_shelf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_of_nothing_is_told_by_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
