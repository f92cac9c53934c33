/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what encoders say in commands and metadata. Limits bound the work that a message can
 * cause: depth, keys, values and string length; declared counts are hints at most.
 */
#include "amf0.h"
#include "amf0_markers.h"

#include <phien/core/mem.h>

#include <string.h>

void ph_amf0_reader_init(struct ph_amf0_reader *reader, const void *data, size_t len)
{
    *reader = (struct ph_amf0_reader){.err = PH_OK};
    ph_reader_init(&reader->in, data, len);
}

static bool fail(struct ph_amf0_reader *reader, int err)
{
    if (reader->err == PH_OK) {
        reader->err = err;
    }
    return false;
}

static bool read_text(struct ph_amf0_reader *reader, size_t len, struct ph_amf0_value *value)
{
    value->type = PH_AMF0_STRING;
    if (len > PH_AMF0_STRING_MAX) {
        return fail(reader, PH_ELIMIT);
    }
    value->text = (const char *)ph_read_bytes(&reader->in, len);
    value->len = value->text != NULL ? len : 0;
    return true;
}

static bool open_container(struct ph_amf0_reader *reader, enum ph_amf0_type type,
                           struct ph_amf0_value *value)
{
    value->type = type;
    if (reader->depth == PH_AMF0_DEPTH_MAX) {
        return fail(reader, PH_ELIMIT);
    }
    reader->depth++;
    return true;
}

static void close_container(struct ph_amf0_reader *reader)
{
    if (reader->depth > 0) {
        reader->depth--;
    }
}

static bool read_typed_object(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    ph_read_skip(&reader->in, ph_read_u16(&reader->in));
    return open_container(reader, PH_AMF0_OBJECT, value);
}

static bool read_ecma_array(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    /* The count is wrong in much that is out there; the end marker counts. */
    ph_read_skip(&reader->in, 4);
    return open_container(reader, PH_AMF0_OBJECT, value);
}

static bool read_strict_array(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    value->left = ph_read_u32(&reader->in);
    return open_container(reader, PH_AMF0_ARRAY, value);
}

static bool read_date(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    value->type = PH_AMF0_DATE;
    value->number = ph_read_f64(&reader->in);
    ph_read_skip(&reader->in, 2); /* the time zone, which §2.13 reserves */
    return true;
}

static bool read_by_marker(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    struct ph_reader *in = &reader->in;

    switch (ph_read_u8(in)) {
    case PH_AMF0_MARKER_NUMBER:
        value->type = PH_AMF0_NUMBER;
        value->number = ph_read_f64(in);
        return true;
    case PH_AMF0_MARKER_BOOLEAN:
        value->type = PH_AMF0_BOOLEAN;
        value->boolean = ph_read_u8(in) != 0;
        return true;
    case PH_AMF0_MARKER_STRING:
        return read_text(reader, ph_read_u16(in), value);
    case PH_AMF0_MARKER_LONG_STRING:
    case PH_AMF0_MARKER_XML:
        return read_text(reader, ph_read_u32(in), value);
    case PH_AMF0_MARKER_OBJECT:
        return open_container(reader, PH_AMF0_OBJECT, value);
    case PH_AMF0_MARKER_TYPED_OBJECT:
        return read_typed_object(reader, value);
    case PH_AMF0_MARKER_ECMA_ARRAY:
        return read_ecma_array(reader, value);
    case PH_AMF0_MARKER_STRICT_ARRAY:
        return read_strict_array(reader, value);
    case PH_AMF0_MARKER_NULL:
        value->type = PH_AMF0_NULL;
        return true;
    case PH_AMF0_MARKER_UNDEFINED:
    case PH_AMF0_MARKER_UNSUPPORTED:
        value->type = PH_AMF0_UNDEFINED;
        return true;
    case PH_AMF0_MARKER_REFERENCE:
        value->type = PH_AMF0_REFERENCE;
        ph_read_skip(in, 2);
        return true;
    case PH_AMF0_MARKER_DATE:
        return read_date(reader, value);
    case PH_AMF0_MARKER_AMF3:
        value->type = PH_AMF0_AMF3;
        ph_read_skip(in, ph_reader_left(in));
        return true;
    default:
        return fail(reader, PH_EPROTO);
    }
}

bool ph_amf0_read(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    *value = (struct ph_amf0_value){.type = PH_AMF0_NONE};
    if (reader->err != PH_OK || ph_reader_left(&reader->in) == 0) {
        return false;
    }
    if (++reader->values > PH_AMF0_VALUES_MAX) {
        return fail(reader, PH_ELIMIT);
    }
    bool is_read = read_by_marker(reader, value);
    if (reader->in.failed) {
        is_read = fail(reader, PH_EPROTO);
    }
    if (!is_read) {
        value->type = PH_AMF0_NONE;
    }
    return is_read;
}

static bool is_at_end_marker(const struct ph_amf0_reader *reader)
{
    return ph_reader_left(&reader->in) == 0 || reader->in.pos[0] == PH_AMF0_MARKER_END;
}

bool ph_amf0_read_member(struct ph_amf0_reader *reader, struct ph_amf0_value *key,
                         struct ph_amf0_value *value)
{
    *key = *value = (struct ph_amf0_value){.type = PH_AMF0_NONE};
    if (reader->err != PH_OK) {
        return false;
    }
    if (ph_reader_left(&reader->in) == 0) {
        close_container(reader);
        return false;
    }
    bool is_read = read_text(reader, ph_read_u16(&reader->in), key);
    if (is_read && !reader->in.failed && key->len == 0 && is_at_end_marker(reader)) {
        ph_read_skip(&reader->in, ph_reader_left(&reader->in) > 0 ? 1 : 0);
        close_container(reader);
        return false;
    }
    if (++reader->keys > PH_AMF0_KEYS_MAX) {
        return fail(reader, PH_ELIMIT);
    }
    if (!is_read || !ph_amf0_read(reader, value)) {
        /* A key without its value. */
        return fail(reader, PH_EPROTO);
    }
    return true;
}

bool ph_amf0_read_element(struct ph_amf0_reader *reader, struct ph_amf0_value *array,
                          struct ph_amf0_value *value)
{
    if (array->left == 0) {
        *value = (struct ph_amf0_value){.type = PH_AMF0_NONE};
        close_container(reader);
        return false;
    }
    array->left--;
    return ph_amf0_read(reader, value) || fail(reader, PH_EPROTO);
}

/* NOLINTNEXTLINE(misc-no-recursion): see below */
void ph_amf0_skip(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    struct ph_amf0_value key;
    struct ph_amf0_value inner;

    /* The depth limit bounds the recursion. */
    if (value->type == PH_AMF0_OBJECT) {
        while (ph_amf0_read_member(reader, &key, &inner)) {
            ph_amf0_skip(reader, &inner);
        }
    } else if (value->type == PH_AMF0_ARRAY) {
        while (ph_amf0_read_element(reader, value, &inner)) {
            ph_amf0_skip(reader, &inner);
        }
    }
}

bool ph_amf0_is(const struct ph_amf0_value *value, const char *text)
{
    return value->type == PH_AMF0_STRING && value->len == strlen(text) &&
           memcmp(value->text, text, value->len) == 0;
}

char *ph_amf0_dup(const struct ph_amf0_value *value)
{
    size_t len = value->type == PH_AMF0_STRING ? strnlen(value->text, value->len) : 0;
    char *copy = ph_alloc(len + 1);

    if (len > 0) {
        memcpy(copy, value->text, len);
    }
    return copy;
}
