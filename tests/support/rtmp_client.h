/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_RTMP_CLIENT_H
#define PHIEN_TESTS_SUPPORT_RTMP_CLIENT_H

#include "camera.h"
#include "rtmp_publisher.h"

/*
 * An RTMP publisher that calls a server on loopback, and blocks. What goes wrong fails the test.
 */
struct rtmp_client {
    int fd;
    struct rtmp_publisher *publisher;
    bool is_at_end; /* the server has closed */
};

/* A socket that is connected; -1: nobody listens. */
int rtmp_client_connect(unsigned port);

/* Connects and asks to publish to live/NAME; until the server's first status. */
struct rtmp_client rtmp_client_open(unsigned port, const char *name, unsigned caps_ex);

/* Sends what the publisher has to say. */
void rtmp_client_flush(struct rtmp_client *client);

/* The camera's tracks and so many of its packets, from its beginning. */
void rtmp_client_send(struct rtmp_client *client, struct camera *camera, unsigned packets);

/* One reading from the server, and what is to be said to that. */
void rtmp_client_converse(struct rtmp_client *client);

void rtmp_client_read_to_end(struct rtmp_client *client);
void rtmp_client_read_to_status(struct rtmp_client *client, const char *status);

void rtmp_client_close(struct rtmp_client *client);

#endif
