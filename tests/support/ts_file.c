/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISO/IEC 13818-1, 2.4.3.5: the program clock reference is in the adaptation field, 33 bits of
 * 90 kHz and 9 bits of 27 MHz. The first stream that has one counts.
 */
#include "ts_file.h"

#include <phien/core/mem.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { PACKET = 188 };

/* Where in the file the clock says what. */
struct tick {
    size_t at;
    ph_usec time;
};

static bool read_clock(const uint8_t *packet, ph_usec *out)
{
    bool has_clock = (packet[3] & 0x20) != 0 && packet[4] >= 7 && (packet[5] & 0x10) != 0;

    if (!has_clock) {
        return false;
    }
    int64_t base = (int64_t)packet[6] << 25 | (int64_t)packet[7] << 17 | packet[8] << 9 |
                   packet[9] << 1 | packet[10] >> 7;
    int64_t extension = (packet[10] & 1) << 8 | packet[11];
    *out = (base * 300 + extension) / 27;
    return true;
}

static unsigned pid_of(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

/* The clock's states, in *out; at least two of them make a schedule. */
static int read_ticks(const struct ts_file *file, struct tick **out, size_t *count)
{
    size_t packets = file->size / PACKET;
    struct tick *ticks = ph_new_array(struct tick, packets + 1);
    unsigned clock_pid = 0;

    *count = 0;
    *out = ticks;
    for (size_t i = 0; i < packets; i++) {
        const uint8_t *packet = file->bytes + i * PACKET;
        ph_usec time;
        if (packet[0] != 0x47) {
            return PH_EMEDIA;
        }
        if (!read_clock(packet, &time) || (*count > 0 && pid_of(packet) != clock_pid)) {
            continue;
        }
        if (*count > 0 && time < ticks[*count - 1].time) {
            return PH_EMEDIA;
        }
        clock_pid = pid_of(packet);
        ticks[(*count)++] = (struct tick){.at = i * PACKET, .time = time};
    }
    return *count >= 2 && ticks[*count - 1].time > ticks[0].time ? PH_OK : PH_EMEDIA;
}

/* When the byte at `at` is due, by the ticks on both sides of it. */
static ph_usec due_at(const struct tick *ticks, size_t count, size_t *next, size_t at)
{
    while (*next + 1 < count && ticks[*next].at <= at) {
        (*next)++;
    }
    const struct tick *to = &ticks[*next];
    const struct tick *from = to - 1;
    if (at < from->at) {
        return 0; /* ahead of the first tick */
    }
    size_t done = at < to->at ? at - from->at : to->at - from->at;
    return from->time - ticks[0].time +
           (to->time - from->time) * (ph_usec)done / (ph_usec)(to->at - from->at);
}

int ts_file_take(struct ts_file *file, uint8_t *bytes, size_t size)
{
    struct tick *ticks = NULL;
    size_t count = 0;
    size_t next = 1;

    *file = (struct ts_file){.bytes = bytes, .size = size};
    int err = read_ticks(file, &ticks, &count);
    if (err == PH_OK) {
        file->count = (size + TS_FILE_MESSAGE_BYTES - 1) / TS_FILE_MESSAGE_BYTES;
        file->due = ph_new_array(ph_usec, file->count);
        for (size_t i = 0; i < file->count; i++) {
            file->due[i] = due_at(ticks, count, &next, i * TS_FILE_MESSAGE_BYTES);
        }
    }
    free(ticks);
    if (err != PH_OK) {
        ts_file_fini(file);
    }
    return err;
}

int ts_file_read(struct ts_file *file, const char *path)
{
    FILE *stream = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t room = 0;
    bool is_whole;

    *file = (struct ts_file){0};
    if (stream == NULL) {
        return PH_EIO;
    }
    do {
        if (size == room) {
            room = room * 2 + 65536;
            bytes = ph_realloc_array(bytes, room, 1);
        }
        size += fread(bytes + size, 1, room - size, stream);
    } while (!feof(stream) && !ferror(stream));
    is_whole = !ferror(stream);
    fclose(stream);
    if (!is_whole) {
        free(bytes);
        return PH_EIO;
    }
    return ts_file_take(file, bytes, size);
}

void ts_file_fini(struct ts_file *file)
{
    free(file->bytes);
    free(file->due);
    *file = (struct ts_file){0};
}

const uint8_t *ts_file_message(const struct ts_file *file, size_t i, size_t *len)
{
    size_t at = i * TS_FILE_MESSAGE_BYTES;

    *len = file->size - at < TS_FILE_MESSAGE_BYTES ? file->size - at : TS_FILE_MESSAGE_BYTES;
    return file->bytes + at;
}
