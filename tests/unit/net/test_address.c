/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/address.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What the log says of a peer, and what connections of one address are counted by. */
static void a_peer_is_an_address_and_a_port(void **state)
{
    static const struct {
        const char *address;
        const char *ip;
        const char *peer;
    } rows[] = {
        {"192.0.2.7:51234", "192.0.2.7", "192.0.2.7:51234"},
        {"[2001:db8::1]:51234", "2001:db8::1", "[2001:db8::1]:51234"},
        {"[::ffff:192.0.2.7]:80", "192.0.2.7", "192.0.2.7:80"},
        {"[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
         "1111:2222:3333:4444:5555:6666:7777:8888",
         "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address;
        char ip[47];
        char peer[64];
        assert_int_equal(ph_address_parse(&address, rows[i].address), PH_OK);
        ph_address_format_peer(&address, ip, peer);
        assert_string_equal(ip, rows[i].ip);
        assert_string_equal(peer, rows[i].peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_an_address_and_a_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
