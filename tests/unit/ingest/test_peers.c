/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/ingest/peers.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static void limits_each_address_by_itself(void **state)
{
    struct ph_peers *peers = ph_peers_create(2);

    (void)state;
    assert_true(ph_peers_enter(peers, "192.0.2.1"));
    assert_true(ph_peers_enter(peers, "192.0.2.1"));
    assert_false(ph_peers_enter(peers, "192.0.2.1"));
    assert_true(ph_peers_enter(peers, "2001:db8::1"));
    ph_peers_leave(peers, "192.0.2.1");
    assert_true(ph_peers_enter(peers, "192.0.2.1"));
    assert_false(ph_peers_enter(peers, "192.0.2.1"));
    ph_peers_destroy(&peers);
    assert_null(peers);
}

static void an_ipv6_network_counts_as_one_address(void **state)
{
    struct ph_peers *peers = ph_peers_create(2);

    (void)state;
    assert_true(ph_peers_enter(peers, "2001:db8::1"));
    assert_true(ph_peers_enter(peers, "2001:db8::ffff:0:0:2"));
    assert_false(ph_peers_enter(peers, "2001:db8::3"));
    assert_true(ph_peers_enter(peers, "2001:db8:0:1::1"));
    ph_peers_leave(peers, "2001:db8::4");
    assert_true(ph_peers_enter(peers, "2001:db8::5"));
    ph_peers_destroy(&peers);
}

static void never_limits_loopback_or_with_zero(void **state)
{
    struct ph_peers *one = ph_peers_create(1);
    struct ph_peers *none = ph_peers_create(0);

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_true(ph_peers_enter(one, "127.0.0.1"));
        assert_true(ph_peers_enter(one, "::1"));
        assert_true(ph_peers_enter(none, "192.0.2.1"));
    }
    ph_peers_destroy(&one);
    ph_peers_destroy(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_each_address_by_itself),
        cmocka_unit_test(an_ipv6_network_counts_as_one_address),
        cmocka_unit_test(never_limits_loopback_or_with_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
