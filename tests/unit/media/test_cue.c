/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "death.h"

#include <phien/core/err.h>
#include <phien/media/cue.h>

#include <stdio.h>
#include <string.h>

static struct {
    int count;
    const struct ph_cue *cue;
    struct ph_cue_place place;
} receipt;

static void on_placed(void *arg, const struct ph_cue *cue, const struct ph_cue_place *place)
{
    assert_ptr_equal(arg, &receipt);
    receipt.count++;
    receipt.cue = cue;
    receipt.place = *place;
}

static void texts_are_copied(void **state)
{
    char message[] = "{\"card\":null}";
    char caption[] = "Mật ong\n120.000 ₫";
    char attributes[] = ",X-SKU=\"A1\"";

    (void)state;
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, 7, message, caption, attributes);
    memset(message, 'x', sizeof(message) - 1);
    memset(caption, 'x', sizeof(caption) - 1);
    memset(attributes, 'x', sizeof(attributes) - 1);
    assert_int_equal(cue->kind, PH_CUE_CARD);
    assert_int_equal(cue->seq, 7);
    assert_string_equal(cue->message, "{\"card\":null}");
    assert_int_equal(cue->message_len, 13);
    assert_string_equal(cue->caption, "Mật ong\n120.000 ₫");
    assert_string_equal(cue->attributes, ",X-SKU=\"A1\"");
    ph_cue_unref(&cue);
    assert_null(cue);
}

static void texts_that_are_missing_stay_so(void **state)
{
    (void)state;
    struct ph_cue *cue = ph_cue_create(PH_CUE_SHELF, -1, "", NULL, NULL);

    assert_null(cue->caption);
    assert_null(cue->attributes);
    assert_int_equal(cue->message_len, 0);
    ph_cue_unref(&cue);
    ph_cue_unref(&cue); /* NULL by now */
}

static void the_last_reference_frees_it(void **state)
{
    (void)state;
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, 1, "{}", "a", "b");
    struct ph_cue *other = ph_cue_ref(cue);

    assert_ptr_equal(other, cue);
    ph_cue_unref(&cue);
    assert_string_equal(other->message, "{}");
    ph_cue_unref(&other);
}

static void the_receipt_comes_once(void **state)
{
    const struct ph_cue_place first = {.pdt = 1785837600345000, .msn = 812, .part = 3};
    const struct ph_cue_place again = {.pdt = 1785837602345000, .msn = 813, .part = 0};

    (void)state;
    memset(&receipt, 0, sizeof(receipt));
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, 1, "{}", NULL, NULL);
    ph_cue_on_placed(cue, on_placed, &receipt);
    assert_int_equal(receipt.count, 0);
    ph_cue_placed(cue, &first);
    ph_cue_placed(cue, &again);
    assert_int_equal(receipt.count, 1);
    assert_ptr_equal(receipt.cue, cue);
    assert_int_equal(receipt.place.pdt, first.pdt);
    assert_int_equal(receipt.place.msn, 812);
    assert_int_equal(receipt.place.part, 3);
    assert_true(cue->is_placed);
    ph_cue_unref(&cue);
}

static void nobody_need_wait_for_it(void **state)
{
    const struct ph_cue_place place = {.msn = 1};

    (void)state;
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, 1, "{}", NULL, NULL);
    ph_cue_placed(cue, &place);
    assert_true(cue->is_placed);
    ph_cue_unref(&cue);
}

/* A card with a message of `len` bytes, or a shelf if it is negative. */
static void create_long(int len)
{
    enum ph_cue_kind kind = len > 0 ? PH_CUE_CARD : PH_CUE_SHELF;
    char message[PH_CUE_SHELF_BYTES_MAX + 2];

    len = len > 0 ? len : -len;
    memset(message, 'x', (size_t)len);
    message[len] = '\0';
    struct ph_cue *cue = ph_cue_create(kind, 1, message, NULL, NULL);
    assert_int_equal(cue->message_len, len);
    ph_cue_unref(&cue);
}

static void messages_have_their_limits(void **state)
{
    char said[1024];

    (void)state;
    create_long(PH_CUE_CARD_BYTES_MAX);
    create_long(-PH_CUE_SHELF_BYTES_MAX);
    assert_true(dies(create_long, PH_CUE_CARD_BYTES_MAX + 1, said, sizeof(said)));
    assert_non_null(strstr(said, "longest_message"));
    assert_true(dies(create_long, -PH_CUE_SHELF_BYTES_MAX - 1, said, sizeof(said)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(texts_that_are_missing_stay_so),
        cmocka_unit_test(the_last_reference_frees_it),
        cmocka_unit_test(the_receipt_comes_once),
        cmocka_unit_test(nobody_need_wait_for_it),
        cmocka_unit_test(messages_have_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
