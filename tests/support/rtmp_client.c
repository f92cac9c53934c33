/* SPDX-License-Identifier: Apache-2.0 */
#include "rtmp_client.h"

#include "witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int rtmp_client_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = WITNESS_PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void rtmp_client_flush(struct rtmp_client *client)
{
    struct ph_slice slice;

    while (rtmp_publisher_pull(client->publisher, &slice)) {
        for (size_t pos = 0; pos < slice.len && !client->is_at_end;) {
            ssize_t sent = send(client->fd, slice.data + pos, slice.len - pos, MSG_NOSIGNAL);
            client->is_at_end = sent < 0 && errno != EINTR;
            pos += sent > 0 ? (size_t)sent : 0;
        }
        ph_slice_clear(&slice);
    }
}

void rtmp_client_converse(struct rtmp_client *client)
{
    uint8_t bytes[4096];
    ssize_t len;

    do {
        len = recv(client->fd, bytes, sizeof(bytes), 0);
    } while (len < 0 && errno == EINTR);
    assert_true(len >= 0 || errno == ECONNRESET); /* else patience is over */
    client->is_at_end = len <= 0;
    int err = rtmp_publisher_feed(client->publisher, bytes, len > 0 ? (size_t)len : 0);
    assert_true(err == PH_OK || err == PH_EACCESS); /* a refusal, see its status */
    rtmp_client_flush(client);
}

struct rtmp_client rtmp_client_open(unsigned port, const char *name, unsigned caps_ex)
{
    const struct rtmp_publisher_conf conf = {.app = "live",
                                             .tc_url = "rtmp://127.0.0.1/live",
                                             .name = name,
                                             .chunk_size = 4096,
                                             .caps_ex = caps_ex};
    struct rtmp_client client = {.fd = rtmp_client_connect(port)};

    assert_true(client.fd >= 0);
    assert_int_equal(rtmp_publisher_create(&client.publisher, &conf), PH_OK);
    rtmp_client_flush(&client);
    while (!client.is_at_end && *rtmp_publisher_status(client.publisher) == '\0') {
        rtmp_client_converse(&client);
    }
    return client;
}

void rtmp_client_send(struct rtmp_client *client, struct camera *camera, unsigned packets)
{
    camera_restart(camera);
    assert_int_equal(rtmp_publisher_send_track(client->publisher, camera->video_par, 0), PH_OK);
    assert_int_equal(rtmp_publisher_send_track(client->publisher, camera->audio_par, 0), PH_OK);
    for (unsigned i = 0; i < packets; i++) {
        assert_int_equal(rtmp_publisher_send_packet(client->publisher, camera_next(camera)), PH_OK);
    }
    rtmp_client_flush(client);
}

void rtmp_client_read_to_end(struct rtmp_client *client)
{
    while (!client->is_at_end) {
        rtmp_client_converse(client);
    }
}

void rtmp_client_read_to_status(struct rtmp_client *client, const char *status)
{
    while (!client->is_at_end && strcmp(rtmp_publisher_status(client->publisher), status) != 0) {
        rtmp_client_converse(client);
    }
    assert_string_equal(rtmp_publisher_status(client->publisher), status);
}

void rtmp_client_close(struct rtmp_client *client)
{
    rtmp_publisher_destroy(&client->publisher);
    close(client->fd);
}
