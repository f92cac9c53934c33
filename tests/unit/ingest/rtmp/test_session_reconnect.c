/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enhanced RTMP's way to send applications to another server, or to the same one later.
 */
#include "session_fixture.h"

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    fixture_open(f, &ph_rtmp_limits_default);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void connect_with_caps(struct fixture *f, double caps_ex)
{
    struct ph_writer body = begin("connect", 1);

    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "app", "live");
    ph_amf0_write_number_member(&body, "capsEx", caps_ex);
    ph_amf0_write_end(&body);
    put_handshake(f);
    put(f, PH_RTMP_COMMAND, 0, &body);
    assert_int_equal(flush(f), PH_OK);
    f->said[0] = '\0';
}

/* Enhanced RTMP's ReconnectRequest, on the connection itself. */
static void test_ask_to_reconnect(void **state)
{
    struct fixture *f = *state;

    assert_false(ph_rtmp_session_ask_to_reconnect(f->session));
    connect_with_caps(f, 1);
    assert_true(ph_rtmp_session_ask_to_reconnect(f->session));
    pull_replies(f);
    expect_said(f, "onStatus:0@0 NetConnection.Connect.ReconnectRequest; ");
    put_command(f, "publish", 2, "x");
    assert_int_equal(flush(f), PH_OK);
    f->said[0] = '\0';
    assert_true(ph_rtmp_session_ask_to_reconnect(f->session));
    pull_replies(f);
    expect_said(f, "onStatus:0@0 NetConnection.Connect.ReconnectRequest; ");
    /* It goes on until it leaves. */
    put_command(f, "FCUnpublish", 3, "x");
    assert_int_equal(flush(f), PH_ECLOSED);
    assert_int_equal(ph_rtmp_session_reason(f->session), PH_CLOSE_UNPUBLISH);
    assert_false(ph_rtmp_session_ask_to_reconnect(f->session));
}

static void test_only_who_can_is_asked_to_reconnect(void **state)
{
    struct fixture *f = *state;

    connect_with_caps(f, 14);
    assert_false(ph_rtmp_session_ask_to_reconnect(f->session));
    pull_replies(f);
    expect_said(f, "");
}

int main(void)
{
#define with_session(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        with_session(test_ask_to_reconnect),
        with_session(test_only_who_can_is_asked_to_reconnect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
