/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/thread.h>

#include <time.h>

static void wake(void *arg)
{
    struct ph_thread *thread = arg;

    pthread_mutex_lock(&thread->mutex);
    thread->is_woken = true;
    pthread_cond_signal(&thread->woken);
    pthread_mutex_unlock(&thread->mutex);
}

void ph_thread_init(struct ph_thread *thread)
{
    pthread_condattr_t monotonic;

    *thread = (struct ph_thread){.run = NULL};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&thread->mutex, NULL);
    ph_mailbox_init(&thread->mailbox, wake, thread);
}

static void *run(void *arg)
{
    struct ph_thread *thread = arg;

    pthread_setname_np(pthread_self(), thread->name);
    thread->run(thread->arg);
    return NULL;
}

int ph_thread_start(struct ph_thread *thread, const char *name, void (*run_it)(void *arg),
                    void *arg)
{
    thread->name = name;
    thread->run = run_it;
    thread->arg = arg;
    thread->is_running = pthread_create(&thread->id, NULL, run, thread) == 0;
    return thread->is_running ? PH_OK : PH_EIO;
}

bool ph_thread_wait(struct ph_thread *thread, ph_usec until)
{
    const struct timespec deadline = {
        .tv_sec = until / PH_USEC_PER_S,
        .tv_nsec = until % PH_USEC_PER_S * 1000,
    };
    int err = 0;

    pthread_mutex_lock(&thread->mutex);
    while (!thread->is_woken && err == 0) {
        err = until == PH_USEC_NEVER
                  ? pthread_cond_wait(&thread->woken, &thread->mutex)
                  : pthread_cond_timedwait(&thread->woken, &thread->mutex, &deadline);
    }
    thread->is_woken = false;
    bool should_stop = thread->should_stop;
    pthread_mutex_unlock(&thread->mutex);
    ph_mailbox_deliver(&thread->mailbox);
    return !should_stop;
}

void ph_thread_stop(struct ph_thread *thread)
{
    if (!thread->is_running) {
        return;
    }
    pthread_mutex_lock(&thread->mutex);
    thread->should_stop = true;
    thread->is_woken = true;
    pthread_cond_signal(&thread->woken);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->id, NULL);
    thread->is_running = false;
}

void ph_thread_fini(struct ph_thread *thread)
{
    ph_thread_stop(thread);
    ph_mailbox_fini(&thread->mailbox);
    pthread_cond_destroy(&thread->woken);
    pthread_mutex_destroy(&thread->mutex);
}
