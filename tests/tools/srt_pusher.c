/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SRT callers for tests and benches, for what ffmpeg and srt-live-transmit cannot do: many at a
 * time from one process, quick cycles, silence, a reason when they are refused, and a good-bye
 * that waits until all has arrived.
 */
#include "ts_file.h"

#include <phien/net/address.h>

#include <phien/core/mem.h>

#include <getopt.h>
#include <signal.h>
#include <srt/srt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static const char usage[] =
    "Usage: srt_pusher --to ADDRESS:PORT --streamid ID [options]\n"
    "\n"
    "  --input FILE          MPEG-TS to send, at its own pace; without it: silence\n"
    "  --passphrase TEXT     encrypts\n"
    "  --latency MS          120 if not given\n"
    "  --publishers N        so many at a time; {} in the stream id is 0, 1, ...\n"
    "  --start-within MS     spread their beginnings\n"
    "  --hold MS             leaves after so long, else at the end of the file\n"
    "  --cycles N            comes back after leaving, so often in all\n"
    "\n"
    "Prints \"live N\", \"refused N CODE TEXT\" and \"broken N\", and fails after the last two.\n";

enum { STREAMID_BYTES = 513 };

#define NAP (20 * PH_USEC_PER_MS)

struct options {
    struct sockaddr_storage to;
    const char *streamid;
    const char *input;
    const char *passphrase;
    int latency_ms;
    ph_usec hold;
    ph_usec start_within;
    unsigned publishers;
    unsigned cycles;
};

struct seat {
    unsigned index;
    SRTSOCKET socket; /* SRT_INVALID_SOCK: not connected */
    ph_usec begin;    /* of this cycle */
    unsigned cycles_left;
    size_t next; /* message */
};

struct pusher {
    struct options options;
    struct ts_file file;
    struct seat *seats;
    unsigned running;
    bool has_failed;
};

static volatile sig_atomic_t is_stopping;

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

static void format_streamid(char out[static STREAMID_BYTES], const char *form, unsigned number)
{
    const char *place = strstr(form, "{}");

    if (place == NULL) {
        snprintf(out, STREAMID_BYTES, "%s", form);
    } else {
        snprintf(out, STREAMID_BYTES, "%.*s%u%s", (int)(place - form), form, number, place + 2);
    }
}

static void set(SRTSOCKET socket, SRT_SOCKOPT option, const void *value, size_t len)
{
    if (srt_setsockflag(socket, option, value, (int)len) != 0) {
        fprintf(stderr, "srt_pusher: option %d: %s\n", (int)option, srt_getlasterror_str());
        exit(2);
    }
}

static void end_seat(struct pusher *pusher, struct seat *seat)
{
    srt_close(seat->socket);
    seat->socket = SRT_INVALID_SOCK;
    seat->next = 0;
    seat->begin = ph_clock_mono();
    seat->cycles_left--;
    if (seat->cycles_left == 0) {
        pusher->running--;
    }
}

static void fail_seat(struct pusher *pusher, struct seat *seat)
{
    seat->cycles_left = 1;
    pusher->has_failed = true;
    end_seat(pusher, seat);
}

static void connect_seat(struct pusher *pusher, struct seat *seat)
{
    const struct options *options = &pusher->options;
    char streamid[STREAMID_BYTES];
    int no = 0;

    seat->socket = srt_create_socket();
    format_streamid(streamid, options->streamid, seat->index);
    set(seat->socket, SRTO_STREAMID, streamid, strlen(streamid));
    set(seat->socket, SRTO_LATENCY, &options->latency_ms, sizeof(options->latency_ms));
    if (options->passphrase != NULL) {
        set(seat->socket, SRTO_PASSPHRASE, options->passphrase, strlen(options->passphrase));
    }
    if (srt_connect(seat->socket, (const struct sockaddr *)&options->to,
                    (int)ph_address_size(&options->to)) != 0) {
        int reason = srt_getrejectreason(seat->socket);
        printf("refused %u %d %s\n", seat->index, reason, srt_rejectreason_str(reason));
        fail_seat(pusher, seat);
        return;
    }
    set(seat->socket, SRTO_SNDSYN, &no, sizeof(no));
    seat->begin = ph_clock_mono();
    printf("live %u\n", seat->index);
}

static bool has_arrived(const struct seat *seat)
{
    size_t blocks = 0;
    size_t bytes = 0;

    return srt_getsndbuffer(seat->socket, &blocks, &bytes) < 0 || blocks == 0;
}

/* Sends what is due; returns when there is more to do. */
static ph_usec serve(struct pusher *pusher, struct seat *seat, ph_usec now)
{
    const struct ts_file *file = &pusher->file;
    const struct options *options = &pusher->options;

    while (seat->next < file->count && seat->begin + file->due[seat->next] <= now) {
        size_t len;
        const uint8_t *message = ts_file_message(file, seat->next, &len);
        if (srt_sendmsg2(seat->socket, (const char *)message, (int)len, NULL) < 0) {
            break;
        }
        seat->next++;
    }
    if (srt_getsockstate(seat->socket) != SRTS_CONNECTED) {
        printf("broken %u\n", seat->index);
        fail_seat(pusher, seat);
        return now;
    }
    bool has_sent = file->count > 0 && seat->next == file->count;
    bool must_leave = is_stopping || (options->hold > 0 && now >= seat->begin + options->hold);
    if (must_leave || (has_sent && has_arrived(seat))) {
        end_seat(pusher, seat);
        return now;
    }
    ph_usec due = seat->next < file->count ? seat->begin + file->due[seat->next] : now + NAP;
    return due > now ? due : now + PH_USEC_PER_MS;
}

static void sleep_until(ph_usec until)
{
    ph_usec wait = until - ph_clock_mono();

    if (wait > NAP) {
        wait = NAP;
    }
    if (wait > 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)wait * 1000}, NULL);
    }
}

static void run_seats(struct pusher *pusher)
{
    while (pusher->running > 0) {
        ph_usec now = ph_clock_mono();
        ph_usec next = now + NAP;
        for (unsigned i = 0; i < pusher->options.publishers; i++) {
            struct seat *seat = &pusher->seats[i];
            ph_usec at = PH_USEC_NEVER;
            if (seat->socket != SRT_INVALID_SOCK) {
                at = serve(pusher, seat, now);
            } else if (seat->cycles_left > 0 && is_stopping) {
                seat->cycles_left = 1;
                end_seat(pusher, seat);
            } else if (seat->cycles_left > 0 && now >= seat->begin) {
                connect_seat(pusher, seat);
                at = now;
            }
            next = at < next ? at : next;
        }
        fflush(stdout);
        sleep_until(next);
    }
}

static int run(const struct options *options)
{
    struct pusher pusher = {.options = *options, .running = options->publishers};
    ph_usec now = ph_clock_mono();

    if (options->input != NULL) {
        int err = ts_file_read(&pusher.file, options->input);
        if (err != PH_OK) {
            fprintf(stderr, "srt_pusher: %s: %s\n", options->input, ph_err_text(err));
            return 1;
        }
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    srt_startup();
    srt_setloglevel(LOG_CRIT); /* refusals are told by us */
    pusher.seats = ph_new_array(struct seat, options->publishers);
    for (unsigned i = 0; i < options->publishers; i++) {
        pusher.seats[i] = (struct seat){
            .index = i,
            .socket = SRT_INVALID_SOCK,
            .begin = now + options->start_within * i / options->publishers,
            .cycles_left = options->cycles,
        };
    }
    run_seats(&pusher);
    srt_cleanup();
    free(pusher.seats);
    ts_file_fini(&pusher.file);
    return pusher.has_failed ? 1 : 0;
}

static bool parse_number(unsigned *out, const char *text)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);

    *out = (unsigned)number;
    return end != text && *end == '\0' && *text != '-' && number <= 24ul * 3600 * 1000;
}

static bool take_option(struct options *options, int option, const char *text)
{
    unsigned number = 0;

    if (option >= 'A' && option <= 'Z' && !parse_number(&number, text)) {
        return false;
    }
    switch (option) {
    case 't':
        return ph_address_parse(&options->to, text) == PH_OK;
    case 's':
        options->streamid = text;
        return true;
    case 'i':
        options->input = text;
        return true;
    case 'p':
        options->passphrase = text;
        return true;
    case 'L':
        options->latency_ms = (int)number;
        return true;
    case 'N':
        options->publishers = number;
        return number > 0;
    case 'W':
        options->start_within = number * PH_USEC_PER_MS;
        return true;
    case 'H':
        options->hold = number * PH_USEC_PER_MS;
        return true;
    case 'C':
        options->cycles = number;
        return number > 0;
    default:
        return false;
    }
}

static bool parse_arguments(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"to", required_argument, NULL, 't'},
        {"streamid", required_argument, NULL, 's'},
        {"input", required_argument, NULL, 'i'},
        {"passphrase", required_argument, NULL, 'p'},
        {"latency", required_argument, NULL, 'L'},
        {"publishers", required_argument, NULL, 'N'},
        {"start-within", required_argument, NULL, 'W'},
        {"hold", required_argument, NULL, 'H'},
        {"cycles", required_argument, NULL, 'C'},
        {0},
    };
    int option;

    *options = (struct options){.latency_ms = 120, .publishers = 1, .cycles = 1};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(options, option, optarg)) {
            return false;
        }
    }
    return options->to.ss_family != AF_UNSPEC && options->streamid != NULL && optind == argc;
}

int main(int argc, char **argv)
{
    struct options options;

    if (!parse_arguments(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    return run(&options);
}
