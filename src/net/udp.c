/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/udp.h>

#include <sys/socket.h>
#include <unistd.h>

int ph_udp_granted_bytes(int wanted)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int granted = 0;
    socklen_t len = sizeof(granted);

    if (fd < 0) {
        return 0;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted)) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &len) != 0) {
        granted = 0;
    }
    close(fd);
    /* The kernel doubles what it is asked for, to have room for its own bookkeeping. */
    return granted / 2;
}
