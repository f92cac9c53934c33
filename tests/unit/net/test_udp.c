/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/udp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_little_is_granted(void **state)
{
    (void)state;
    assert_int_equal(ph_udp_granted_bytes(65536), 65536);
}

static void the_kernel_has_a_limit(void **state)
{
    int much = ph_udp_granted_bytes(1 << 30);

    (void)state;
    assert_true(much > 65536);
    assert_true(much < 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_little_is_granted),
        cmocka_unit_test(the_kernel_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
