/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's libuv loop and its thread. The mailbox wakes the loop by a uv_async_t, the only
 * handle of libuv that another thread may touch.
 */
#include "loop_uv.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct ph_loop {
    uv_loop_t uv;
    uv_async_t wake;
    struct ph_mailbox mailbox;
    atomic_bool should_stop;
    uv_thread_t thread;
    bool has_thread;
    char name[16];
    uv_signal_t signals[2]; /* SIGTERM, SIGINT */
    bool has_signals;
    void (*on_signal)(void *arg, int signal_number);
    void *signal_arg;
    struct ph_tcp_conn *lingering;
    uint8_t scratch[PH_LOOP_SCRATCH_BYTES];
};

int ph_err_of_uv(int status)
{
    switch (status) {
    case 0:
        return PH_OK;
    case UV_EOF:
        return PH_ECLOSED;
    case UV_ENOMEM:
        return PH_ENOMEM;
    case UV_EINVAL:
        return PH_EINVAL;
    case UV_EADDRINUSE:
        return PH_EADDRINUSE;
    case UV_EACCES:
    case UV_EPERM:
        return PH_EACCESS;
    case UV_ETIMEDOUT:
        return PH_ETIMEOUT;
    default:
        return PH_EIO;
    }
}

static void wake_loop(void *arg)
{
    struct ph_loop *loop = arg;

    uv_async_send(&loop->wake);
}

static void on_wake(uv_async_t *wake)
{
    struct ph_loop *loop = wake->data;

    ph_mailbox_deliver(&loop->mailbox);
    if (atomic_load(&loop->should_stop)) {
        uv_stop(&loop->uv);
    }
}

int ph_loop_create(struct ph_loop **out, const char *name)
{
    struct ph_loop *loop = ph_new(struct ph_loop);
    int status = uv_loop_init(&loop->uv);

    if (status != 0) {
        free(loop);
        return ph_err_of_uv(status);
    }
    status = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (status != 0) {
        uv_loop_close(&loop->uv);
        free(loop);
        return ph_err_of_uv(status);
    }
    loop->wake.data = loop;
    atomic_init(&loop->should_stop, false);
    ph_mailbox_init(&loop->mailbox, wake_loop, loop);
    snprintf(loop->name, sizeof(loop->name), "%s", name);
    *out = loop;
    return PH_OK;
}

void ph_loop_run(struct ph_loop *loop)
{
    while (!atomic_load(&loop->should_stop)) {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
}

static void run_thread(void *arg)
{
    struct ph_loop *loop = arg;

    pthread_setname_np(pthread_self(), loop->name);
    ph_loop_run(loop);
}

int ph_loop_start(struct ph_loop *loop)
{
    int status = uv_thread_create(&loop->thread, run_thread, loop);

    loop->has_thread = status == 0;
    return ph_err_of_uv(status);
}

void ph_loop_stop(struct ph_loop *loop)
{
    atomic_store(&loop->should_stop, true);
    uv_async_send(&loop->wake);
}

void ph_loop_join(struct ph_loop *loop)
{
    if (loop->has_thread) {
        uv_thread_join(&loop->thread);
        loop->has_thread = false;
    }
}

void ph_loop_destroy(struct ph_loop **ref)
{
    struct ph_loop *loop = *ref;

    *ref = NULL;
    if (loop == NULL) {
        return;
    }
    PH_ASSERT(!loop->has_thread);
    ph_mailbox_fini(&loop->mailbox);
    ph_tcp_cut_lingering(loop);
    if (loop->has_signals) {
        uv_close((uv_handle_t *)&loop->signals[0], NULL);
        uv_close((uv_handle_t *)&loop->signals[1], NULL);
    }
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    PH_ASSERT(uv_loop_close(&loop->uv) == 0);
    free(loop);
}

struct ph_mailbox *ph_loop_mailbox(struct ph_loop *loop)
{
    return &loop->mailbox;
}

ph_usec ph_loop_now(const struct ph_loop *loop)
{
    (void)loop;
    return ph_clock_mono();
}

uv_loop_t *ph_loop_uv(struct ph_loop *loop)
{
    return &loop->uv;
}

uint8_t *ph_loop_scratch(struct ph_loop *loop)
{
    return loop->scratch;
}

struct ph_tcp_conn **ph_loop_lingering(struct ph_loop *loop)
{
    return &loop->lingering;
}

static void on_uv_signal(uv_signal_t *handle, int signal_number)
{
    struct ph_loop *loop = handle->data;

    loop->on_signal(loop->signal_arg, signal_number);
}

int ph_loop_on_terminate(struct ph_loop *loop, void (*on_signal)(void *arg, int signal_number),
                         void *arg)
{
    static const int numbers[2] = {SIGTERM, SIGINT};

    signal(SIGPIPE, SIG_IGN);
    loop->on_signal = on_signal;
    loop->signal_arg = arg;
    loop->has_signals = true;
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
    }
    for (size_t i = 0; i < 2; i++) {
        int status = uv_signal_start(&loop->signals[i], on_uv_signal, numbers[i]);
        if (status != 0) {
            return ph_err_of_uv(status);
        }
    }
    return PH_OK;
}
