/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/overlay/overlay.h>

struct row {
    const char *header;
    int status;
};

static void check(const struct ph_conf *conf, const struct ph_conf_channel *channel,
                  const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ph_http_request request = {.authorization = rows[i].header};
        int status = ph_overlay_authorise(conf, channel, &request);
        if (status != rows[i].status) {
            fail_msg("\"%s\": %d, not %d", rows[i].header, status, rows[i].status);
        }
    }
}

static void the_channels_token_and_the_admins_are_let_in(void **state)
{
    const struct ph_conf conf = {.admin = {.token = "admin-token"}};
    const struct ph_conf_channel channel = {.name = "cho", .overlay_token = "cho-token"};
    const struct row rows[] = {
        {"Bearer cho-token", 0},
        {"bearer cho-token", 0},
        {"Bearer admin-token", 0},
        {"", 401},
        {"Basic Y2hvLXRva2Vu", 401},
        {"Bearer", 401},
        {"cho-token", 401},
        {"Bearer ", 403},
        {"Bearer cho-toke", 403},
        {"Bearer cho-token ", 403},
        {"Bearer cho-tokenadmin-token", 403},
        {"Bearer  cho-token", 403},
    };

    (void)state;
    check(&conf, &channel, rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_token_that_is_not_set_lets_nobody_in(void **state)
{
    const struct ph_conf conf = {.admin = {.token = ""}};
    const struct ph_conf_channel channel = {.name = "cho", .overlay_token = ""};
    const struct row rows[] = {{"", 401}, {"Bearer ", 403}, {"Bearer x", 403}};

    (void)state;
    check(&conf, &channel, rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_channels_token_and_the_admins_are_let_in),
        cmocka_unit_test(a_token_that_is_not_set_lets_nobody_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
