/* SPDX-License-Identifier: Apache-2.0 */
/* libsrt's log and errors, provoked by what goes wrong on one's own. */
#include "ingest/srt/library.h"

#include <phien/core/log.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <srt/srt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned lines;
static char last_line[512];

static void on_line(void *arg, const char *line)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    lines++;
    snprintf(last_line, sizeof(last_line), "%s", line);
    pthread_mutex_unlock(&mutex);
}

static int set_up(void **state)
{
    (void)state;
    ph_log_divert(on_line, NULL);
    return ph_srt_library_start();
}

static int tear_down(void **state)
{
    (void)state;
    ph_srt_library_stop();
    ph_log_divert(NULL, NULL);
    return 0;
}

static SRTSOCKET bind_somewhere(struct sockaddr_in *address)
{
    static const int off = 0;
    SRTSOCKET socket = srt_create_socket();
    int len = sizeof(*address);

    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(srt_setsockflag(socket, SRTO_RCVSYN, &off, sizeof(off)), 0);
    assert_int_equal(srt_bind(socket, (struct sockaddr *)address, sizeof(*address)), 0);
    assert_int_equal(srt_getsockname(socket, (struct sockaddr *)address, &len), 0);
    return socket;
}

static SRTSOCKET listen_somewhere(struct sockaddr_in *address)
{
    SRTSOCKET socket = bind_somewhere(address);

    assert_int_equal(srt_listen(socket, 1), 0);
    return socket;
}

static void errors_are_translated(void **state)
{
    struct sockaddr_in address;
    SRTSOCKET listener = listen_somewhere(&address);

    (void)state;
    assert_int_equal(srt_accept(listener, NULL, NULL), SRT_INVALID_SOCK);
    assert_int_equal(ph_srt_library_err(), PH_EAGAIN);
    assert_int_equal(srt_accept(12345, NULL, NULL), SRT_INVALID_SOCK);
    assert_int_equal(ph_srt_library_err(), PH_ECLOSED);
    srt_close(listener);
}

static void a_port_that_is_taken_is_told(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    SRTSOCKET listener = srt_create_socket();

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    assert_int_not_equal(srt_bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(ph_srt_library_err(), PH_EADDRINUSE);
    srt_close(listener);
    close(fd);
}

/* Whoever asks to accept when nobody called is told so in the log, each time. */
static void its_log_is_in_ours_but_does_not_flood_it(void **state)
{
    struct sockaddr_in address;
    SRTSOCKET listener = listen_somewhere(&address);

    (void)state;
    pthread_mutex_lock(&mutex);
    lines = 0;
    pthread_mutex_unlock(&mutex);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(srt_accept(listener, NULL, NULL), SRT_INVALID_SOCK);
    }
    srt_close(listener);
    pthread_mutex_lock(&mutex);
    assert_in_range(lines, 1, 10); /* five in ten seconds, which may begin meanwhile */
    assert_non_null(strstr(last_line, "level=warn event=srt.library message=\"srt_accept:"));
    pthread_mutex_unlock(&mutex);
}

static int refuse(void *opaque, SRTSOCKET socket, int version, const struct sockaddr *peer,
                  const char *streamid)
{
    (void)version;
    (void)peer;
    (void)streamid;
    *(SRTSOCKET *)opaque = socket;
    return srt_setsockflag(socket, SRTO_PASSPHRASE, "a-passphrase", 12);
}

static void why_a_handshake_broke_off_is_known(void **state)
{
    struct sockaddr_in address;
    SRTSOCKET listener = bind_somewhere(&address);
    SRTSOCKET caller = srt_create_socket();
    SRTSOCKET accepted = SRT_INVALID_SOCK;
    char word[24] = "";

    (void)state;
    assert_int_equal(srt_listen_callback(listener, refuse, &accepted), 0);
    assert_int_equal(srt_listen(listener, 1), 0);
    assert_int_not_equal(srt_connect(caller, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(srt_getrejectreason(caller), SRT_REJ_UNSECURE);
    assert_true(ph_srt_library_rejection(accepted, word, sizeof(word)));
    assert_string_equal(word, "UNSECURE");
    assert_false(ph_srt_library_rejection(accepted + 1, word, sizeof(word)));
    pthread_mutex_lock(&mutex);
    assert_null(strstr(last_line, "UNSECURE"));
    pthread_mutex_unlock(&mutex);
    srt_close(caller);
    srt_close(listener);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(errors_are_translated),
        TEST(a_port_that_is_taken_is_told),
        TEST(its_log_is_in_ours_but_does_not_flood_it),
        TEST(why_a_handshake_broke_off_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
