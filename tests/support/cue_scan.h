/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_CUE_SCAN_H
#define PHIEN_TESTS_CUE_SCAN_H

#include "mp4.h"

#include <phien/media/cue.h>

#include <stdio.h>

/*
 * Cues as a player finds them: event messages before the fragments of MP4 (ISO/IEC 23009-1 section
 * 5.10.3.3), PES packets of MPEG-TS that carry ID3. What is not as it should be fails the test.
 */
struct scanned_cue {
    uint32_t timescale;
    int64_t time;
    uint32_t id; /* of event messages */
    char message[PH_CUE_SHELF_BYTES_MAX + 1];
};

/* The text of the one frame of an ID3 tag. */
static inline void scan_tag(const uint8_t *tag, size_t len, struct scanned_cue *out)
{
    static const char description[] = PH_CUE_SCHEME;
    const size_t before = 10 + 10 + 1 + sizeof(description);

    assert_true(len >= before && len - before < sizeof(out->message));
    assert_memory_equal(tag, "ID3\x04\x00\x00", 6);
    assert_int_equal((size_t)tag[6] << 21 | (size_t)tag[7] << 14 | (size_t)tag[8] << 7 | tag[9],
                     len - 10);
    assert_memory_equal(tag + 10, "TXXX", 4);
    assert_memory_equal(tag + 21, description, sizeof(description));
    memcpy(out->message, tag + before, len - before);
    out->message[len - before] = '\0';
}

/* The `index`-th event message of a part; false: there is none. Nothing else comes before moof. */
static inline bool scan_event(const struct ph_buf *part, int index, struct scanned_cue *out)
{
    static const char scheme[] = "https://aomedia.org/emsg/ID3";
    struct box box = box_find(box_of(part), "emsg", index);

    if (box.data == NULL) {
        assert_true(index > 0 || memcmp(part->data + 4, "moof", 4) == 0);
        return false;
    }
    assert_true(box.data < box_need(box_of(part), "moof").data);
    assert_int_equal(be32(box.data), 1 << 24);
    out->timescale = be32(box.data + 4);
    out->time = (int64_t)be64(box.data + 8);
    assert_int_equal(be32(box.data + 16), 0xffffffff);
    out->id = be32(box.data + 20);
    assert_memory_equal(box.data + 24, scheme, sizeof(scheme));
    size_t head = 24 + sizeof(scheme) + 1; /* the value is empty */
    assert_int_equal(box.data[head - 1], 0);
    scan_tag(box.data + head, box.len - head, out);
    return true;
}

enum { SCAN_TS_PACKET = 188 };

/* The payload of a packet of MPEG-TS. */
static inline struct box scan_ts_payload(const uint8_t *packet)
{
    size_t at = packet[3] & 0x20 ? 5 + (size_t)packet[4] : 4;

    assert_int_equal(packet[0], 0x47);
    assert_true(at <= SCAN_TS_PACKET && (packet[3] & 0x10) != 0);
    return (struct box){packet + at, SCAN_TS_PACKET - at};
}

static inline unsigned scan_ts_pid(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

/* The PID that the first PMT gives to timed metadata. */
static inline unsigned scan_ts_metadata_pid(const struct ph_buf *segment)
{
    for (size_t at = 0; at < segment->len; at += SCAN_TS_PACKET) {
        struct box payload = scan_ts_payload(segment->data + at);
        const uint8_t *section = payload.data + 1 + payload.data[0];
        if (scan_ts_pid(segment->data + at) != 0x1000 || section[0] != 2) {
            continue;
        }
        const uint8_t *end = section + 3 + ((section[1] & 0xf) << 8 | section[2]) - 4;
        const uint8_t *p = section + 12 + ((section[10] & 0xf) << 8 | section[11]);
        for (; p < end; p += 5 + ((p[3] & 0xf) << 8 | p[4])) {
            if (p[0] == 0x15) {
                return (p[1] & 0x1fu) << 8 | p[2];
            }
        }
    }
    fail_msg("no metadata in the PMT");
    return 0;
}

/* Reads a PES packet that is whole. */
static inline void scan_pes(const uint8_t *pes, size_t len, struct scanned_cue *out)
{
    assert_true(len > 14);
    assert_memory_equal(pes, "\x00\x00\x01\xbd", 4);
    assert_int_equal((size_t)pes[4] << 8 | pes[5], len - 6);
    assert_int_equal(pes[6], 0x84); /* aligned */
    assert_int_equal(pes[7] & 0xc0, 0x80);
    const uint8_t *pts = pes + 9;
    out->time = (int64_t)(pts[0] >> 1 & 7) << 30 | (int64_t)pts[1] << 22 |
                (int64_t)(pts[2] >> 1) << 15 | (int64_t)pts[3] << 7 | pts[4] >> 1;
    out->timescale = 90000;
    out->id = 0;
    size_t head = 9 + (size_t)pes[8];
    scan_tag(pes + head, len - head, out);
}

/* The `index`-th tag of a segment of MPEG-TS; false: there is none. */
static inline bool scan_ts_cue(const struct ph_buf *segment, int index, struct scanned_cue *out)
{
    static uint8_t pes[PH_CUE_SHELF_BYTES_MAX + 256];
    unsigned pid = scan_ts_metadata_pid(segment);
    size_t len = 0;
    size_t whole = 0;

    for (size_t at = 0; at < segment->len; at += SCAN_TS_PACKET) {
        const uint8_t *packet = segment->data + at;
        if (scan_ts_pid(packet) != pid) {
            continue;
        }
        struct box payload = scan_ts_payload(packet);
        if (packet[1] & 0x40) {
            len = 0;
            whole = 6 + ((size_t)payload.data[4] << 8 | payload.data[5]);
        }
        assert_true(len + payload.len <= whole && whole <= sizeof(pes));
        memcpy(pes + len, payload.data, payload.len);
        len += payload.len;
        if (len == whole && index-- == 0) {
            scan_pes(pes, len, out);
            return true;
        }
    }
    return false;
}

#endif
