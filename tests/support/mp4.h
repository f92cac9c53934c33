/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_MP4_H
#define PHIEN_TESTS_MP4_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/core/buf.h>

#include <stdbool.h>
#include <string.h>

/*
 * Fragmented MP4 (ISO/IEC 14496-12) as a strict player reads it: boxes, track fragments, samples.
 * What is not as it should be fails the test.
 */

/* A box of an MP4 file, or of another box. */
struct box {
    const uint8_t *data; /* behind the header */
    size_t len;
};

static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* The `index`-th box of this type among the children; data is NULL if there is none. */
static inline struct box box_find(struct box in, const char *type, int index)
{
    size_t pos = 0;

    while (pos + 8 <= in.len) {
        size_t size = be32(in.data + pos);
        assert_true(size >= 8 && pos + size <= in.len);
        if (memcmp(in.data + pos + 4, type, 4) == 0 && index-- == 0) {
            return (struct box){in.data + pos + 8, size - 8};
        }
        pos += size;
    }
    return (struct box){NULL, 0};
}

static inline struct box box_of(const struct ph_buf *buf)
{
    return (struct box){buf->data, buf->len};
}

static inline struct box box_need(struct box in, const char *type)
{
    struct box box = box_find(in, type, 0);

    assert_non_null(box.data);
    return box;
}

/* One sample of a track fragment. */
struct sample {
    uint64_t dts; /* in the track's time scale */
    int64_t cts;  /* pts - dts */
    uint32_t duration;
    const uint8_t *data;
    uint32_t size;
};

/* Walks through the samples of one track fragment. */
struct traf_reader {
    uint32_t track_id;
    uint64_t tfdt;
    uint32_t samples;

    uint32_t left;
    uint32_t flags; /* of trun */
    uint32_t default_duration;
    uint32_t default_size;
    bool is_signed; /* composition offsets */
    const uint8_t *pos;
    const uint8_t *end; /* of trun */
    uint64_t dts;
    const uint8_t *data; /* of the next sample, inside mdat */
    struct box mdat;
};

static inline void traf_read_defaults(struct traf_reader *r, struct box tfhd)
{
    uint32_t flags = be32(tfhd.data) & 0xffffff;
    const uint8_t *p = tfhd.data + 8;

    assert_true(flags & 0x020000);  /* default-base-is-moof */
    assert_false(flags & 0x000001); /* which a base data offset would contradict */
    r->track_id = be32(tfhd.data + 4);
    p += flags & 0x02 ? 4 : 0;
    if (flags & 0x08) {
        r->default_duration = be32(p);
        p += 4;
    }
    if (flags & 0x10) {
        r->default_size = be32(p);
    }
}

/* The `index`-th track fragment of a part that is one movie fragment; false: there is none. */
static inline bool traf_open(struct traf_reader *r, const struct ph_buf *part, int index)
{
    struct box moof = box_need(box_of(part), "moof");
    struct box traf = box_find(moof, "traf", index);

    if (traf.data == NULL) {
        return false;
    }
    struct box tfdt = box_need(traf, "tfdt");
    struct box trun = box_need(traf, "trun");
    *r = (struct traf_reader){.mdat = box_need(box_of(part), "mdat")};
    assert_null(box_find(traf, "trun", 1).data);
    traf_read_defaults(r, box_need(traf, "tfhd"));
    assert_int_equal(tfdt.data[0], 1); /* version 1: 64 bits */
    r->tfdt = be64(tfdt.data + 4);
    r->dts = r->tfdt;
    r->is_signed = trun.data[0] == 1;
    r->flags = be32(trun.data) & 0xffffff;
    r->samples = be32(trun.data + 4);
    r->left = r->samples;
    r->pos = trun.data + 8;
    r->end = trun.data + trun.len;
    assert_true(r->flags & 0x1);
    r->data = moof.data - 8 + be32(r->pos);
    r->pos += 4 + (r->flags & 0x4 ? 4 : 0);
    return true;
}

static inline uint32_t traf_field(struct traf_reader *r, uint32_t flag, uint32_t otherwise)
{
    if (!(r->flags & flag)) {
        return otherwise;
    }
    assert_true(r->end - r->pos >= 4);
    r->pos += 4;
    return be32(r->pos - 4);
}

static inline bool traf_next(struct traf_reader *r, struct sample *out)
{
    if (r->left == 0) {
        assert_ptr_equal(r->pos, r->end);
        return false;
    }
    r->left--;
    out->dts = r->dts;
    out->duration = traf_field(r, 0x100, r->default_duration);
    out->size = traf_field(r, 0x200, r->default_size);
    (void)traf_field(r, 0x400, 0); /* flags */
    uint32_t cts = traf_field(r, 0x800, 0);
    out->cts = r->is_signed ? (int32_t)cts : (int64_t)cts;
    out->data = r->data;
    assert_true(r->data >= r->mdat.data && out->size <= r->mdat.len &&
                r->data + out->size <= r->mdat.data + r->mdat.len);
    r->data += out->size;
    r->dts += out->duration;
    return true;
}

/* What one track fragment says, in sum. */
struct traf {
    uint32_t track_id;
    uint64_t tfdt;
    uint32_t samples;
    uint64_t duration;
    uint64_t bytes;
};

static inline bool traf_read(const struct ph_buf *part, int index, struct traf *out)
{
    struct traf_reader r;
    struct sample sample;

    if (!traf_open(&r, part, index)) {
        return false;
    }
    *out = (struct traf){.track_id = r.track_id, .tfdt = r.tfdt, .samples = r.samples};
    while (traf_next(&r, &sample)) {
        out->duration += sample.duration;
        out->bytes += sample.size;
    }
    return true;
}

/* What an init segment says of one track. */
struct init_track {
    uint32_t id;
    uint32_t time_scale;
    char handler[5]; /* "vide", "soun" */
    char entry[5];   /* "avc1", "mp4a" */
};

/* The `index`-th track; false: there is none. */
static inline bool init_track_read(const struct ph_buf *init, int index, struct init_track *out)
{
    struct box trak = box_find(box_need(box_of(init), "moov"), "trak", index);

    if (trak.data == NULL) {
        return false;
    }
    struct box mdia = box_need(trak, "mdia");
    struct box tkhd = box_need(trak, "tkhd");
    struct box mdhd = box_need(mdia, "mdhd");
    struct box hdlr = box_need(mdia, "hdlr");
    struct box stsd = box_need(box_need(box_need(mdia, "minf"), "stbl"), "stsd");
    *out = (struct init_track){0};
    out->id = be32(tkhd.data + (tkhd.data[0] == 1 ? 20 : 12));
    out->time_scale = be32(mdhd.data + (mdhd.data[0] == 1 ? 20 : 12));
    memcpy(out->handler, hdlr.data + 8, 4);
    memcpy(out->entry, stsd.data + 12, 4);
    return true;
}

#endif
