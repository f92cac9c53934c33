/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session. The first eight bytes say how the rest is cut into feeds, and how much time
 * passes between them; the handshake is played for the input, since no fuzzer would find it.
 */
#include <ingest/rtmp/session.h>
#include <phien/core/mem.h>

#include <libavcodec/defs.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CUTS 8

struct owner {
    struct ph_rtmp_session *session;
    unsigned packets;
    unsigned end_after; /* the owner ends the session from within; 0: it does not */
    bool is_publishing;
};

static enum ph_close_reason on_publish(void *arg, const struct ph_rtmp_publish *publish,
                                       const char **message)
{
    struct owner *owner = arg;

    (void)message;
    PH_ASSERT(!owner->is_publishing);
    PH_ASSERT(strstr(publish->app, "//") == NULL && publish->app[0] != '/');
    PH_ASSERT(strstr(publish->name, "//") == NULL && publish->name[0] != '/');
    PH_ASSERT(publish->query != NULL && publish->flash_ver != NULL);
    owner->is_publishing = strcmp(publish->name, "refuse") != 0;
    return owner->is_publishing ? PH_CLOSE_NONE : PH_CLOSE_BAD_KEY;
}

static void on_track(void *arg, struct ph_track *track)
{
    struct owner *owner = arg;

    PH_ASSERT(owner->is_publishing);
    PH_ASSERT(track->kind == PH_TRACK_VIDEO || track->kind == PH_TRACK_AUDIO);
}

static void on_packet(void *arg, const AVPacket *packet)
{
    static const uint8_t zeros[AV_INPUT_BUFFER_PADDING_SIZE];
    struct owner *owner = arg;

    PH_ASSERT(owner->is_publishing);
    PH_ASSERT(packet->size > 0 && packet->buf != NULL);
    PH_ASSERT(memcmp(packet->data + packet->size, zeros, sizeof(zeros)) == 0);
    if (++owner->packets == owner->end_after) {
        ph_rtmp_session_end(owner->session, PH_CLOSE_OVERLOAD);
    }
}

static void on_encoder(void *arg, const char *encoder)
{
    (void)arg;
    PH_ASSERT(strlen(encoder) < 65536);
}

static const struct ph_rtmp_ops ops = {on_publish, on_track, on_packet, on_encoder};

static void pull_all(struct ph_rtmp_session *session)
{
    struct ph_slice slice;

    while (ph_rtmp_session_pull(session, &slice)) {
        PH_ASSERT(slice.len > 0);
        ph_slice_clear(&slice);
    }
}

/* The run of bytes goes into memory of its own, so that a read past it is seen. */
static int feed(struct ph_rtmp_session *session, ph_usec now, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    PH_ASSERT(copy != NULL);
    memcpy(copy, data, len);
    int err = ph_rtmp_session_feed(session, now, copy, len);
    free(copy);
    pull_all(session);
    return err;
}

static int play_handshake(struct ph_rtmp_session *session, ph_usec now)
{
    uint8_t bytes[1 + 2 * 1536] = {3};

    return feed(session, now, bytes, sizeof(bytes));
}

static void run(struct owner *owner, const uint8_t *cuts, const uint8_t *data, size_t size)
{
    ph_usec now = 0;
    int err = PH_OK;

    if ((cuts[0] & 0x80) == 0) {
        err = play_handshake(owner->session, now);
    }
    for (size_t pos = 0, i = 0; pos < size && err == PH_OK; i++) {
        uint8_t cut = cuts[i % CUTS];
        size_t len = cut < 0x40 ? (size_t)cut + 1 : (size_t)(cut & 0x3F) * 256 + 1;
        len = len < size - pos ? len : size - pos;
        err = feed(owner->session, now, data + pos, len);
        pos += len;
        now += (ph_usec)cut * 1000;
        if (err == PH_OK && now >= ph_rtmp_session_deadline(owner->session)) {
            err = ph_rtmp_session_tick(owner->session, now);
            pull_all(owner->session);
        }
    }
    if (err == PH_OK) {
        err = ph_rtmp_session_tick(owner->session, now + 60 * PH_USEC_PER_S);
    }
    PH_ASSERT((err != PH_OK) == (ph_rtmp_session_reason(owner->session) != PH_CLOSE_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner owner = {NULL, 0, 0, false};

    if (size < CUTS) {
        return 0;
    }
    if (ph_rtmp_session_create(&owner.session, &ph_rtmp_limits_default, &ops, &owner, 0) != PH_OK) {
        return 0;
    }
    owner.end_after = data[1] & 0x80 ? 2 : 0;
    run(&owner, data, data + CUTS, size - CUTS);
    ph_rtmp_session_destroy(&owner.session);
    return 0;
}
