/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the commands that a session answers with and those of a publisher.
 */
#include "amf0.h"
#include "amf0_markers.h"

#include <string.h>

void ph_amf0_write_number(struct ph_writer *out, double number)
{
    ph_write_u8(out, PH_AMF0_MARKER_NUMBER);
    ph_write_f64(out, number);
}

void ph_amf0_write_boolean(struct ph_writer *out, bool boolean)
{
    ph_write_u8(out, PH_AMF0_MARKER_BOOLEAN);
    ph_write_u8(out, boolean);
}

void ph_amf0_write_key(struct ph_writer *out, const char *key)
{
    size_t len = strlen(key);

    if (len > UINT16_MAX) {
        out->failed = true;
        return;
    }
    ph_write_u16(out, (uint16_t)len);
    ph_write_bytes(out, key, len);
}

void ph_amf0_write_string(struct ph_writer *out, const char *text)
{
    size_t len = strlen(text);

    if (len <= UINT16_MAX) {
        ph_write_u8(out, PH_AMF0_MARKER_STRING);
        ph_amf0_write_key(out, text);
    } else {
        ph_write_u8(out, PH_AMF0_MARKER_LONG_STRING);
        ph_write_u32(out, (uint32_t)len);
        ph_write_bytes(out, text, len);
    }
}

void ph_amf0_write_null(struct ph_writer *out)
{
    ph_write_u8(out, PH_AMF0_MARKER_NULL);
}

void ph_amf0_write_undefined(struct ph_writer *out)
{
    ph_write_u8(out, PH_AMF0_MARKER_UNDEFINED);
}

void ph_amf0_write_object(struct ph_writer *out)
{
    ph_write_u8(out, PH_AMF0_MARKER_OBJECT);
}

void ph_amf0_write_ecma_array(struct ph_writer *out, uint32_t count)
{
    ph_write_u8(out, PH_AMF0_MARKER_ECMA_ARRAY);
    ph_write_u32(out, count);
}

void ph_amf0_write_end(struct ph_writer *out)
{
    ph_write_u16(out, 0);
    ph_write_u8(out, PH_AMF0_MARKER_END);
}

void ph_amf0_write_array(struct ph_writer *out, uint32_t count)
{
    ph_write_u8(out, PH_AMF0_MARKER_STRICT_ARRAY);
    ph_write_u32(out, count);
}

void ph_amf0_write_string_member(struct ph_writer *out, const char *key, const char *text)
{
    ph_amf0_write_key(out, key);
    ph_amf0_write_string(out, text);
}

void ph_amf0_write_number_member(struct ph_writer *out, const char *key, double number)
{
    ph_amf0_write_key(out, key);
    ph_amf0_write_number(out, number);
}
