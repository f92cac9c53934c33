/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/buf.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What a wrapped buffer's release was called with. */
struct released {
    unsigned count;
    uint8_t *data;
};

static void note_release(void *opaque, uint8_t *data)
{
    struct released *released = opaque;

    released->count++;
    released->data = data;
}

static void created_buffer_can_be_written(void **state)
{
    (void)state;
    struct ph_buf *buf = ph_buf_create(1000);

    assert_int_equal(buf->len, 1000);
    memset(buf->data, 0xab, 1000);
    assert_int_equal(buf->data[999], 0xab);
    ph_buf_unref(&buf);
    assert_null(buf);
}

static void empty_buffer_is_a_buffer(void **state)
{
    (void)state;
    struct ph_buf *buf = ph_buf_copy(NULL, 0);

    assert_int_equal(buf->len, 0);
    ph_buf_unref(&buf);
    assert_null(buf);
    ph_buf_unref(&buf); /* nothing */
}

static void try_create_fails_without_memory(void **state)
{
    (void)state;
    struct ph_buf *buf = NULL;

    assert_int_equal(ph_buf_try_create(&buf, 10), PH_OK);
    assert_int_equal(buf->len, 10);
    ph_buf_unref(&buf);
    /* The size of struct and bytes together would wrap around. */
    assert_int_equal(ph_buf_try_create(&buf, SIZE_MAX), PH_ENOMEM);
    assert_int_equal(ph_buf_try_create(&buf, SIZE_MAX - sizeof(struct ph_buf) + 1), PH_ENOMEM);
    assert_null(buf);
}

static void copy_is_independent(void **state)
{
    (void)state;
    char text[] = "abc";
    struct ph_buf *buf = ph_buf_copy(text, 3);

    text[0] = 'x';
    assert_int_equal(buf->len, 3);
    assert_memory_equal(buf->data, "abc", 3);
    ph_buf_unref(&buf);
}

static void last_reference_releases_wrapped_bytes_once(void **state)
{
    (void)state;
    uint8_t bytes[4] = {1, 2, 3, 4};
    struct released released = {0};
    struct ph_buf *buf = ph_buf_wrap(bytes, sizeof(bytes), note_release, &released);
    struct ph_buf *second = ph_buf_ref(buf);

    assert_ptr_equal(second, buf);
    assert_ptr_equal(buf->data, bytes);
    ph_buf_unref(&buf);
    assert_int_equal(released.count, 0);
    assert_int_equal(second->data[3], 4);
    ph_buf_unref(&second);
    assert_int_equal(released.count, 1);
    assert_ptr_equal(released.data, bytes);
}

static void slices_hold_and_drop_references(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    struct released released = {0};
    struct ph_slice slice = ph_slice_of(ph_buf_wrap(bytes, 4, note_release, &released));

    assert_ptr_equal(slice.data, bytes);
    assert_int_equal(slice.len, 4);
    struct ph_slice part = {.buf = ph_buf_ref(slice.buf), .data = slice.data + 1, .len = 2};
    ph_slice_clear(&slice);
    assert_null(slice.buf);
    assert_null(slice.data);
    assert_int_equal(slice.len, 0);
    assert_int_equal(released.count, 0);
    ph_slice_clear(&part);
    assert_int_equal(released.count, 1);
    ph_slice_clear(&part); /* an empty slice */
    assert_int_equal(released.count, 1);
}

static void static_slices_own_nothing(void **state)
{
    (void)state;
    struct ph_slice slice = ph_slice_static("abc", 3);

    assert_null(slice.buf);
    assert_memory_equal(slice.data, "abc", 3);
    ph_slice_clear(&slice);
    assert_int_equal(slice.len, 0);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *ref_and_unref(void *arg)
{
    struct ph_buf *shared = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct ph_buf *mine = ph_buf_ref(shared);
        if (mine->data[i % mine->len] != 0x5a) {
            return arg;
        }
        ph_buf_unref(&mine);
    }
    ph_buf_unref(&shared);
    return NULL;
}

/* Threads take and drop references at once; the last of them frees. */
static void references_are_counted_across_threads(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct released released = {0};
    pthread_t threads[THREADS];

    memset(bytes, 0x5a, sizeof(bytes));
    struct ph_buf *buf = ph_buf_wrap(bytes, sizeof(bytes), note_release, &released);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, ph_buf_ref(buf)), 0);
    }
    ph_buf_unref(&buf);
    for (unsigned i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    assert_int_equal(released.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_buffer_can_be_written),
        cmocka_unit_test(empty_buffer_is_a_buffer),
        cmocka_unit_test(try_create_fails_without_memory),
        cmocka_unit_test(copy_is_independent),
        cmocka_unit_test(last_reference_releases_wrapped_bytes_once),
        cmocka_unit_test(slices_hold_and_drop_references),
        cmocka_unit_test(static_slices_own_nothing),
        cmocka_unit_test(references_are_counted_across_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
