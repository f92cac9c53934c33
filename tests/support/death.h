/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TEST_DEATH_H
#define PHIEN_TEST_DEATH_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Runs `deed(arg)` in a child process and tells whether it ended by abort(); what it wrote to
 * standard error goes to `out`. For tests that PH_ASSERT holds.
 */
static inline bool dies(void (*deed)(int arg), int arg, char *out, size_t size)
{
    int fds[2];
    size_t len = 0;
    int status = 0;

    if (pipe(fds) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        deed(arg);
        _exit(0);
    }
    close(fds[1]);
    for (;;) {
        ssize_t got = child > 0 ? read(fds[0], out + len, size - 1 - len) : 0;
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    out[len] = '\0';
    close(fds[0]);
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

#endif
