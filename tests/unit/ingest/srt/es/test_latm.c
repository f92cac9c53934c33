/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_fixture.h"

#include <ingest/srt/es/latm.h>

/* An AudioMuxElement, written bit by bit. */
struct element {
    uint8_t data[2048];
    size_t bits;
};

static void put(struct element *e, unsigned count, uint32_t value)
{
    for (unsigned i = count; i > 0; i--, e->bits++) {
        unsigned bit = value >> (i - 1) & 1;
        assert_true(e->bits / 8 < sizeof(e->data));
        e->data[e->bits / 8] |= (uint8_t)(bit << (7 - e->bits % 8));
    }
}

static size_t bytes_of(const struct element *e)
{
    return (e->bits + 7) / 8;
}

enum { LC_48_STEREO = 0x1190, LC_44_MONO = 0x1208 };

/* What may be in a StreamMuxConfig, as it stands there. */
struct mux {
    unsigned version;
    unsigned version_a;
    unsigned is_other_time;
    unsigned more_subframes;
    unsigned more_programs;
    unsigned more_layers;
    uint32_t config; /* the AudioSpecificConfig's 16 bits */
    unsigned length_type;
    unsigned other_data_bytes;
    unsigned has_checksum;
};

static void put_mux(struct element *e, const struct mux *mux)
{
    put(e, 1, 0);
    put(e, 1, mux->version);
    if (mux->version == 1) {
        put(e, 1, mux->version_a);
        put(e, 2 + 8, 200); /* the buffer's level, in one byte */
    }
    put(e, 1, !mux->is_other_time);
    put(e, 6, mux->more_subframes);
    put(e, 4, mux->more_programs);
    put(e, 3, mux->more_layers);
    if (mux->version == 1) {
        put(e, 2 + 8, 21); /* five bits more than the configuration needs */
    }
    put(e, 16, mux->config);
    put(e, mux->version == 1 ? 5 : 0, 0);
    put(e, 3, mux->length_type);
    put(e, 8, 0xff);
    put(e, 1, mux->other_data_bytes > 0);
    if (mux->other_data_bytes > 0 && mux->version == 1) {
        put(e, 2 + 8, 8 * mux->other_data_bytes);
    } else if (mux->other_data_bytes > 0) {
        put(e, 1 + 8, 0x100); /* more follows */
        put(e, 1 + 8, 8 * mux->other_data_bytes);
    }
    put(e, 1, mux->has_checksum);
    put(e, mux->has_checksum ? 8 : 0, 0x55);
}

static void put_payload(struct element *e, unsigned len, unsigned seed)
{
    for (unsigned left = len;; left -= 255) {
        put(e, 8, left < 255 ? left : 255);
        if (left < 255) {
            break;
        }
    }
    for (unsigned i = 0; i < len; i++) {
        put(e, 8, (seed + i * 7) & 255);
    }
}

static void expect_payload(const struct element *e, const struct ph_latm_element *out, unsigned at,
                           unsigned len, unsigned seed)
{
    uint8_t *data = ph_alloc(bytes_of(e)); /* of exactly its size */
    uint8_t *copy = ph_alloc(len);

    memcpy(data, e->data, bytes_of(e));
    assert_true(at < out->count);
    assert_int_equal(out->frames[at].len, len);
    ph_latm_copy(copy, data, out->frames[at].pos_bits, len);
    for (unsigned i = 0; i < len; i++) {
        assert_int_equal(copy[i], (seed + i * 7) & 255);
    }
    free(copy);
    free(data);
}

static void configurations(void **state)
{
    static const struct mux muxes[] = {
        {.config = LC_48_STEREO},
        {.config = LC_44_MONO, .has_checksum = 1},
        {.config = LC_48_STEREO, .other_data_bytes = 2},
        {.config = LC_48_STEREO, .other_data_bytes = 2, .has_checksum = 1},
        {.version = 1, .config = LC_48_STEREO},
        {.version = 1, .config = LC_44_MONO, .other_data_bytes = 3, .has_checksum = 1},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(muxes); i++) {
        struct ph_latm latm = {0};
        struct ph_latm_element out;
        struct element e = {0};
        put_mux(&e, &muxes[i]);
        put_payload(&e, 300, (unsigned)i);
        put(&e, 8 * muxes[i].other_data_bytes, 0);
        assert_int_equal(ph_latm_read(&latm, e.data, bytes_of(&e), &out), PH_OK);
        assert_true(out.is_changed);
        assert_int_equal(out.count, 1);
        expect_payload(&e, &out, 0, 300, (unsigned)i);
        assert_int_equal(latm.config[0] << 8 | latm.config[1], muxes[i].config);
        assert_int_equal(latm.config_len, muxes[i].version == 1 ? 3 : 2);
    }
}

/* Payloads begin at any bit of a byte: here each of a row of frames with odd lengths of header. */
static void the_same_configuration_goes_on(void **state)
{
    struct ph_latm latm = {0};
    struct ph_latm_element out;
    struct element first = {0};
    struct element same = {0};
    struct element other = {0};

    (void)state;
    put(&same, 1, 1);
    put_payload(&same, 20, 3);
    assert_int_equal(ph_latm_read(&latm, same.data, bytes_of(&same), &out), PH_EAGAIN);
    assert_false(latm.has_config);
    put_mux(&first, &(struct mux){.config = LC_48_STEREO});
    put_payload(&first, 255, 9);
    assert_int_equal(ph_latm_read(&latm, first.data, bytes_of(&first), &out), PH_OK);
    expect_payload(&first, &out, 0, 255, 9);
    assert_int_equal(ph_latm_read(&latm, same.data, bytes_of(&same), &out), PH_OK);
    assert_false(out.is_changed);
    expect_payload(&same, &out, 0, 20, 3);
    assert_int_equal(ph_latm_read(&latm, first.data, bytes_of(&first), &out), PH_OK);
    assert_false(out.is_changed); /* only repeated */
    put_mux(&other, &(struct mux){.config = LC_44_MONO});
    put_payload(&other, 1, 0);
    assert_int_equal(ph_latm_read(&latm, other.data, bytes_of(&other), &out), PH_OK);
    assert_true(out.is_changed);
}

static void several_frames(void **state)
{
    struct ph_latm latm = {0};
    struct ph_latm_element out;
    struct element e = {0};

    (void)state;
    put_mux(&e, &(struct mux){.config = LC_48_STEREO, .more_subframes = 3});
    for (unsigned i = 0; i < 4; i++) {
        put_payload(&e, i == 2 ? 0 : 100 + i, i);
    }
    assert_int_equal(ph_latm_read(&latm, e.data, bytes_of(&e), &out), PH_OK);
    assert_int_equal(out.count, 3); /* an empty one is none */
    expect_payload(&e, &out, 0, 100, 0);
    expect_payload(&e, &out, 1, 101, 1);
    expect_payload(&e, &out, 2, 103, 3);

    /* How many they are may change alone. */
    struct element one = {0};
    struct element same = {0};
    put_mux(&one, &(struct mux){.config = LC_48_STEREO});
    put_payload(&one, 10, 0);
    put(&same, 1, 1);
    put_payload(&same, 30, 5);
    assert_int_equal(ph_latm_read(&latm, one.data, bytes_of(&one), &out), PH_OK);
    assert_false(out.is_changed);
    assert_int_equal(ph_latm_read(&latm, same.data, bytes_of(&same), &out), PH_OK);
    expect_payload(&same, &out, 0, 30, 5);
}

/* HE-AAC that says so: the core's object type comes second. */
static void explicit_sbr(void **state)
{
    struct ph_latm latm = {0};
    struct ph_latm_element out;
    struct element e = {0};

    (void)state;
    put(&e, 1 + 1 + 1, 1);
    put(&e, 6 + 4 + 3, 0);
    put(&e, 5, 5); /* SBR */
    put(&e, 4, 6);
    put(&e, 4, 2);
    put(&e, 4, 3);
    put(&e, 5, 2); /* AAC LC */
    put(&e, 3, 0);
    put(&e, 3 + 8 + 1 + 1, 0);
    put_payload(&e, 10, 1);
    assert_int_equal(ph_latm_read(&latm, e.data, bytes_of(&e), &out), PH_OK);
    expect_payload(&e, &out, 0, 10, 1);
    assert_int_equal(latm.config_len, 4);
    assert_memory_equal(latm.config, "\x2b\x11\x88\x00", 4);
}

static void what_is_not_read(void **state)
{
    static const struct mux muxes[] = {
        {.version = 1, .version_a = 1, .config = LC_48_STEREO},
        {.is_other_time = 1, .config = LC_48_STEREO},
        {.more_programs = 1, .config = LC_48_STEREO},
        {.more_layers = 1, .config = LC_48_STEREO},
        {.length_type = 1, .config = LC_48_STEREO},
        {.config = 0x1180}, /* channels by a program_config_element */
        {.config = 0xb990}, /* AAC low delay */
    };
    struct ph_latm latm = {0};
    struct ph_latm_element out;
    struct element good = {0};

    (void)state;
    put_mux(&good, &(struct mux){.config = LC_44_MONO});
    put_payload(&good, 10, 0);
    assert_int_equal(ph_latm_read(&latm, good.data, bytes_of(&good), &out), PH_OK);
    for (size_t i = 0; i < PH_ARRAY_SIZE(muxes); i++) {
        struct ph_latm before = latm;
        struct element e = {0};
        put_mux(&e, &muxes[i]);
        put_payload(&e, 300, 0);
        assert_int_equal(ph_latm_read(&latm, e.data, bytes_of(&e), &out), PH_EUNSUPPORTED);
        assert_memory_equal(&latm, &before, sizeof(latm));
    }
}

static void truncated_elements(void **state)
{
    static const struct mux muxes[] = {
        {.config = LC_48_STEREO, .more_subframes = 1, .has_checksum = 1},
        {.version = 1, .config = LC_48_STEREO, .more_subframes = 1, .other_data_bytes = 9},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(muxes); i++) {
        struct element e = {0};
        put_mux(&e, &muxes[i]);
        put_payload(&e, 260, 0);
        put_payload(&e, 30, 0);
        for (size_t len = 0; len < bytes_of(&e); len++) {
            struct ph_latm latm = {0};
            struct ph_latm_element out;
            uint8_t *data = ph_alloc(len);
            memcpy(data, e.data, len);
            assert_int_equal(ph_latm_read(&latm, data, len, &out), PH_EPROTO);
            assert_false(latm.has_config);
            free(data);
        }
    }
}

static void any_bytes(void **state)
{
    uint32_t seed = 7;
    size_t good = 0;
    struct ph_latm latm = {0};

    (void)state;
    for (int round = 0; round < 30000; round++) {
        struct ph_latm_element out;
        uint8_t data[80];
        for (size_t i = 0; i < sizeof(data); i++) {
            seed = seed * 1664525U + 1013904223U;
            data[i] = (uint8_t)(seed >> 24);
        }
        if (round % 2 == 0) {
            memcpy(data, "\x20\x00\x11\x90", 4);
        }
        size_t len = (seed >> 8) % (sizeof(data) + 1);
        if (ph_latm_read(&latm, data, len, &out) != PH_OK) {
            continue;
        }
        good++;
        for (unsigned i = 0; i < out.count; i++) {
            uint8_t copy[sizeof(data)];
            assert_true(out.frames[i].pos_bits + 8 * out.frames[i].len <= 8 * len);
            ph_latm_copy(copy, data, out.frames[i].pos_bits, out.frames[i].len);
        }
    }
    assert_true(good > 100);
}

/* Through LOAS and the elementary stream: each of the frames that share an element has its time. */
static void times_of_shared_elements(void **state)
{
    struct ear ear;
    struct element e = {0};
    uint8_t loas[600] = {0x56, 0xe0};

    (void)state;
    put_mux(&e, &(struct mux){.config = LC_44_MONO, .more_subframes = 1});
    put_payload(&e, 50, 1);
    put_payload(&e, 60, 2);
    loas[1] |= (uint8_t)(bytes_of(&e) >> 8);
    loas[2] = (uint8_t)bytes_of(&e);
    memcpy(loas + 3, e.data, bytes_of(&e));
    memcpy(loas + 3 + bytes_of(&e), loas, 3 + bytes_of(&e));
    ear_open(&ear, AV_CODEC_ID_AAC_LATM, NULL);
    ear_feed(&ear, loas, 2 * (3 + bytes_of(&e)), 1000);
    assert_int_equal(ear.packets, 4);
    assert_int_equal(ear.last->size, 60);
    assert_int_equal(ear.last_pts, 1000 + 3 * 1024 * 90000 / 44100);
    assert_int_equal(ear.track->par->sample_rate, 44100);
    assert_int_equal(ear.track->par->ch_layout.nb_channels, 1);
    ear_close(&ear);
}

/* How long a broken element would have played nobody knows: what shares its time has none. */
static void broken_elements(void **state)
{
    static const uint8_t broken[] = {0x56, 0xe0, 2, 0x80, 0xff};
    struct ear ear;
    struct element e = {0};
    uint8_t loas[200] = {0x56, 0xe0};

    (void)state;
    put_mux(&e, &(struct mux){.config = LC_48_STEREO});
    put_payload(&e, 50, 1);
    size_t len = 3 + bytes_of(&e);
    loas[2] = (uint8_t)bytes_of(&e);
    memcpy(loas + 3, e.data, bytes_of(&e));
    memcpy(loas + len, broken, sizeof(broken));
    memcpy(loas + len + sizeof(broken), loas, len);
    ear_open(&ear, AV_CODEC_ID_AAC_LATM, NULL);
    ear_feed(&ear, loas, 2 * len + sizeof(broken), 1000);
    assert_int_equal(ear.packets, 1);
    assert_int_equal(ear_damaged(&ear), 2);
    ear_feed(&ear, loas, len, 9000);
    assert_int_equal(ear.packets, 2);
    assert_int_equal(ear.last_pts, 9000);
    assert_int_equal(ear.tracks, 1);
    ear_close(&ear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations),   cmocka_unit_test(the_same_configuration_goes_on),
        cmocka_unit_test(several_frames),   cmocka_unit_test(explicit_sbr),
        cmocka_unit_test(what_is_not_read), cmocka_unit_test(truncated_elements),
        cmocka_unit_test(any_bytes),        cmocka_unit_test(times_of_shared_elements),
        cmocka_unit_test(broken_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
