/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many readers of one stream of server-sent events. Each must get an event on joining; when all
 * have, something makes one event after the other, and what is printed is how long after that it
 * reached each reader, and how long until all had it.
 *
 *     sse_readers 127.0.0.1:8080 PATH READERS
 *     sse_readers 127.0.0.1:8080 PATH READERS TIMES METHOD PATH TOKEN BODY
 *
 * First form: says "ready", then each line on stdin is the moment from which the next event is
 * measured; whoever writes it causes the event. Second form: sends that request itself, so many
 * times, and measures from the moment before it is written.
 */
#include "durations.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTING_MAX = 64, REQUEST_BYTES_MAX = 8192 };

/* An event that has not come by then is missing. */
#define PATIENCE (10 * PH_USEC_PER_S)
#define PAUSE (50 * PH_USEC_PER_MS)

/* An event's second line, and the end of the one before. */
static const char event_mark[] = "\nevent: ";

struct reader {
    struct bench *bench;
    struct ph_tcp_conn *conn;
    size_t matched; /* bytes of event_mark */
    bool has_joined;
    unsigned wave; /* the newest that it has heard of */
};

struct bench {
    struct ph_loop *loop;
    struct ph_timer *timer;
    const char *address;
    char request[REQUEST_BYTES_MAX];
    struct reader *readers;
    size_t reader_count;
    size_t begun;
    size_t joined;
    size_t broken;
    bool writes;
    char write_request[REQUEST_BYTES_MAX];
    struct ph_tcp_conn *writer;
    unsigned times;
    unsigned refused;
    unsigned wave; /* the event that is awaited; 0: none was made yet */
    ph_usec wave_at;
    size_t heard;
    size_t missing;
    struct durations each;
    struct durations all;
};

/* A line of stdin, on its way from the thread that reads it. */
struct line {
    struct ph_mail mail;
    struct bench *bench;
    ph_usec at; /* 0: it was the last */
};

static const struct ph_tcp_options tcp_options = {.write_limit = 64 * 1024};

static void begin_readers(struct bench *bench);

static void end_wave(struct bench *bench)
{
    if (bench->wave > 0) {
        bench->missing += bench->reader_count - bench->broken - bench->heard;
    }
    bench->heard = bench->reader_count;
}

static void begin_wave(struct bench *bench, ph_usec at)
{
    end_wave(bench);
    bench->wave++;
    bench->wave_at = at;
    bench->heard = bench->broken;
}

static void write_text(struct ph_tcp_conn *conn, const char *text)
{
    struct ph_slice slice = ph_slice_of(ph_buf_copy(text, strlen(text)));

    (void)ph_tcp_conn_write(conn, &slice, 1);
}

static void on_timer(void *arg)
{
    struct bench *bench = arg;

    if (bench->wave == bench->times || bench->writer == NULL) {
        end_wave(bench);
        ph_loop_stop(bench->loop);
        return;
    }
    begin_wave(bench, ph_clock_mono());
    write_text(bench->writer, bench->write_request);
    ph_timer_set(bench->timer, bench->wave_at + PATIENCE);
}

static void *read_lines(void *arg);

static void on_all_joined(struct bench *bench)
{
    pthread_t thread;

    if (bench->writes) {
        ph_timer_set(bench->timer, ph_clock_mono() + PAUSE);
        return;
    }
    puts("ready");
    fflush(stdout);
    PH_ASSERT(pthread_create(&thread, NULL, read_lines, bench) == 0);
    pthread_detach(thread);
}

static void on_all_heard(struct bench *bench, ph_usec now)
{
    durations_add(&bench->all, now - bench->wave_at);
    if (bench->writes) {
        ph_timer_set(bench->timer, now + PAUSE);
    }
}

static void on_event(struct reader *reader)
{
    struct bench *bench = reader->bench;
    ph_usec now = ph_clock_mono();

    if (!reader->has_joined) {
        reader->has_joined = true;
        bench->joined++;
        begin_readers(bench);
    } else if (reader->wave < bench->wave) {
        reader->wave = bench->wave;
        durations_add(&bench->each, now - bench->wave_at);
        if (++bench->heard == bench->reader_count) {
            on_all_heard(bench, now);
        }
    }
}

static void on_read(void *arg, const uint8_t *data, size_t len)
{
    struct reader *reader = arg;

    for (size_t i = 0; i < len; i++) {
        char c = (char)data[i];
        reader->matched = c == event_mark[reader->matched] ? reader->matched + 1 : c == '\n';
        if (event_mark[reader->matched] == '\0') {
            reader->matched = 0;
            on_event(reader);
        }
    }
}

static void on_close(void *arg, int err)
{
    struct reader *reader = arg;
    struct bench *bench = reader->bench;

    fprintf(stderr, "a reader's connection ended: %s\n", ph_err_text(err));
    reader->conn = NULL;
    bench->broken++;
    if (!reader->has_joined) {
        ph_loop_stop(bench->loop);
    }
}

static const struct ph_tcp_conn_ops reader_ops = {.on_read = on_read, .on_close = on_close};

/* Some at a time, as fast as they are answered: a burst would wait for its SYNs to be repeated. */
static void begin_readers(struct bench *bench)
{
    while (bench->begun < bench->reader_count && bench->begun - bench->joined < CONNECTING_MAX) {
        struct reader *reader = &bench->readers[bench->begun++];
        *reader = (struct reader){.bench = bench};
        PH_ASSERT(ph_tcp_connect(&reader->conn, bench->loop, bench->address, &tcp_options,
                                 &reader_ops, reader) == PH_OK);
        write_text(reader->conn, bench->request);
    }
    if (bench->joined == bench->reader_count) {
        on_all_joined(bench);
    }
}

/* One line of stdin: when it came; the loop is told of the end last, and given time to hear. */
static void deliver_line(struct ph_mail *mail)
{
    struct line *line = ph_container_of(mail, struct line, mail);
    struct bench *bench = line->bench;

    if (line->at != 0) {
        begin_wave(bench, line->at);
    } else {
        bench->times = bench->wave;
        ph_timer_set(bench->timer, ph_clock_mono() + PATIENCE);
    }
    free(line);
}

static void discard_line(struct ph_mail *mail)
{
    free(ph_container_of(mail, struct line, mail));
}

static void post_line(struct bench *bench, ph_usec at)
{
    struct line *line = ph_new(struct line);

    *line = (struct line){
        .mail = {.deliver = deliver_line, .discard = discard_line}, .bench = bench, .at = at};
    ph_mailbox_post(ph_loop_mailbox(bench->loop), &line->mail);
}

static void *read_lines(void *arg)
{
    char text[256];

    while (fgets(text, sizeof(text), stdin) != NULL) {
        post_line(arg, ph_clock_mono());
    }
    post_line(arg, 0);
    return NULL;
}

static void on_answer(void *arg, const uint8_t *data, size_t len)
{
    struct bench *bench = arg;

    if (len > 9 && memcmp(data, "HTTP/1.1 ", 9) == 0 && data[9] != '2') {
        fprintf(stderr, "%.*s\n", (int)len, (const char *)data);
        bench->refused++;
    }
}

static void on_writer_close(void *arg, int err)
{
    struct bench *bench = arg;

    fprintf(stderr, "the writing connection ended: %s\n", ph_err_text(err));
    bench->writer = NULL;
    bench->refused++;
}

static const struct ph_tcp_conn_ops writer_ops = {.on_read = on_answer,
                                                  .on_close = on_writer_close};

/* TIMES METHOD PATH TOKEN BODY */
static void prepare_writer(struct bench *bench, char **argv)
{
    int len = snprintf(bench->write_request, sizeof(bench->write_request),
                       "%s %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       argv[1], argv[2], argv[3], strlen(argv[4]), argv[4]);

    PH_ASSERT(len > 0 && len < REQUEST_BYTES_MAX);
    bench->writes = true;
    bench->times = (unsigned)strtoul(argv[0], NULL, 10);
    PH_ASSERT(ph_tcp_connect(&bench->writer, bench->loop, bench->address, &tcp_options, &writer_ops,
                             bench) == PH_OK);
}

static void print_result(struct bench *bench)
{
    printf("readers=%zu events=%u missing=%zu broken=%zu refused=%u each_ms ", bench->joined,
           bench->wave, bench->missing, bench->broken, bench->refused);
    durations_print(&bench->each);
    fputs(" all_ms ", stdout);
    durations_print(&bench->all);
    putchar('\n');
}

static void clean_up(struct bench *bench)
{
    for (size_t i = 0; i < bench->begun; i++) {
        ph_tcp_conn_close(&bench->readers[i].conn, false);
    }
    ph_tcp_conn_close(&bench->writer, false);
    ph_timer_destroy(&bench->timer);
    ph_loop_destroy(&bench->loop);
    free(bench->readers);
    durations_fini(&bench->each);
    durations_fini(&bench->all);
}

int main(int argc, char **argv)
{
    static struct bench bench;

    if (argc != 4 && argc != 9) {
        fputs("usage: sse_readers ADDRESS:PORT PATH READERS [TIMES METHOD PATH TOKEN BODY]\n",
              stderr);
        return 2;
    }
    bench.address = argv[1];
    bench.reader_count = strtoul(argv[3], NULL, 10);
    bench.readers = ph_new_array(struct reader, bench.reader_count);
    int len =
        snprintf(bench.request, sizeof(bench.request),
                 "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n", argv[2]);
    PH_ASSERT(len > 0 && len < REQUEST_BYTES_MAX);
    PH_ASSERT(ph_loop_create(&bench.loop, "readers") == PH_OK);
    bench.timer = ph_timer_create(bench.loop, on_timer, &bench);
    if (argc == 9) {
        prepare_writer(&bench, argv + 4);
    }
    begin_readers(&bench);
    ph_loop_run(bench.loop);
    print_result(&bench);
    bool is_whole = bench.joined == bench.reader_count && bench.broken == 0 && bench.refused == 0 &&
                    bench.missing == 0 && bench.wave > 0;
    clean_up(&bench);
    return is_whole ? 0 : 1;
}
