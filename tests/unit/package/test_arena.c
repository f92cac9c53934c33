/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/arena.h"

#include <phien/core/mem.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KIB = 1024, COPIES = 500 };

static uint8_t source[1024 * KIB];

/* Bytes that tell copies apart. */
static struct ph_buf *copy(struct ph_arena *arena, size_t len, unsigned seed)
{
    struct ph_buf *buf = NULL;

    for (size_t i = 0; i < len; i++) {
        source[i] = (uint8_t)(seed + i * 7);
    }
    assert_int_equal(ph_arena_copy(arena, &buf, source, len), PH_OK);
    assert_int_equal(buf->len, len);
    memset(source, 0, len);
    return buf;
}

static void expect(const struct ph_buf *buf, unsigned seed)
{
    for (size_t i = 0; i < buf->len; i++) {
        if (buf->data[i] != (uint8_t)(seed + i * 7)) {
            fail_msg("byte %zu of copy %u is %u", i, seed, buf->data[i]);
        }
    }
}

static void test_copies_keep_their_bytes(void **state)
{
    /* Short ones, what fills blocks, exactly a block, and longer than one. */
    static const size_t lens[] = {0,         1,          700,       2 * KIB - 1, 2 * KIB,
                                  67 * KIB,  100 * KIB,  200 * KIB, 256 * KIB,   256 * KIB + 1,
                                  300 * KIB, 1024 * KIB, 128 * KIB, 128 * KIB,   3 * KIB};
    struct ph_buf *bufs[PH_ARRAY_SIZE(lens)];
    struct ph_arena arena = {0};

    (void)state;
    for (unsigned i = 0; i < PH_ARRAY_SIZE(lens); i++) {
        bufs[i] = copy(&arena, lens[i], i);
    }
    for (unsigned i = 0; i < PH_ARRAY_SIZE(lens); i++) {
        expect(bufs[i], i);
        ph_buf_unref(&bufs[i]);
    }
    ph_arena_fini(&arena);
}

static void test_copies_lie_side_by_side(void **state)
{
    struct ph_arena arena = {0};
    struct ph_buf *a = copy(&arena, 100 * KIB, 1);
    struct ph_buf *b = copy(&arena, 100 * KIB, 2);
    struct ph_buf *c = copy(&arena, 100 * KIB, 3);

    (void)state;
    assert_ptr_equal(b->data, a->data + a->len);
    assert_true(c->data < a->data || c->data >= a->data + 256 * KIB); /* no room in that block */
    ph_buf_unref(&a);
    ph_buf_unref(&b);
    ph_buf_unref(&c);
    ph_arena_fini(&arena);
}

static void test_copies_outlive_the_arena(void **state)
{
    struct ph_arena arena = {0};
    struct ph_buf *first = copy(&arena, 50 * KIB, 1);
    struct ph_buf *last = copy(&arena, 50 * KIB, 2);

    (void)state;
    ph_arena_fini(&arena);
    assert_null(arena.block);
    ph_buf_unref(&first);
    expect(last, 2);
    ph_buf_unref(&last);
    ph_arena_fini(&arena);
}

static void *release_all(void *arg)
{
    struct ph_buf **bufs = arg;

    for (size_t i = 0; i < COPIES; i++) {
        ph_buf_unref(&bufs[i]);
    }
    return NULL;
}

/* The home copies and drops its references while a viewer's worker drops others. */
static void test_any_thread_releases(void **state)
{
    static struct ph_buf *home[COPIES];
    static struct ph_buf *viewer[COPIES];
    struct ph_arena arena = {0};
    pthread_t thread;

    (void)state;
    for (unsigned i = 0; i < COPIES; i++) {
        home[i] = copy(&arena, 20 * KIB, i);
        viewer[i] = ph_buf_ref(home[i]);
    }
    assert_int_equal(pthread_create(&thread, NULL, release_all, viewer), 0);
    release_all(home);
    ph_arena_fini(&arena);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_keep_their_bytes),
        cmocka_unit_test(test_copies_lie_side_by_side),
        cmocka_unit_test(test_copies_outlive_the_arena),
        cmocka_unit_test(test_any_thread_releases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
