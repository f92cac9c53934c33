/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_AMF0_H
#define PHIEN_INGEST_RTMP_AMF0_H

#include <phien/core/bytes.h>

/*
 * AMF0, the encoding of RTMP's commands and metadata (Adobe's "Action Message Format AMF 0").
 * Read as a walk over borrowed bytes, without a tree and without memory.
 */
enum ph_amf0_type {
    PH_AMF0_NONE,
    PH_AMF0_NUMBER,
    PH_AMF0_BOOLEAN,
    PH_AMF0_STRING, /* also long strings and XML */
    PH_AMF0_OBJECT, /* also typed objects and ECMA arrays: read their members */
    PH_AMF0_ARRAY,  /* a strict array: read its elements */
    PH_AMF0_NULL,
    PH_AMF0_UNDEFINED, /* also "unsupported" */
    PH_AMF0_REFERENCE,
    PH_AMF0_DATE,
    PH_AMF0_AMF3, /* the rest of the message is AMF3, which is not read */
};

struct ph_amf0_value {
    enum ph_amf0_type type;
    double number; /* of numbers and dates */
    bool boolean;
    const char *text; /* not terminated; borrowed from the input */
    size_t len;
    uint32_t left; /* of strict arrays: elements not yet read */
};

/* An error sticks: every later read says that there is nothing more. */
struct ph_amf0_reader {
    struct ph_reader in;
    unsigned depth;
    unsigned keys;
    unsigned values;
    int err; /* PH_OK, PH_EPROTO or PH_ELIMIT */
};

#define PH_AMF0_DEPTH_MAX 8
#define PH_AMF0_KEYS_MAX 256
#define PH_AMF0_VALUES_MAX 1024
#define PH_AMF0_STRING_MAX 8192

void ph_amf0_reader_init(struct ph_amf0_reader *reader, const void *data, size_t len);

/*
 * The next value; false when there is none or the input is malformed. Whoever reads an object or
 * an array must read its members or elements until there are no more, or skip it.
 */
bool ph_amf0_read(struct ph_amf0_reader *reader, struct ph_amf0_value *value);

/*
 * The next member of the object read last; false at its end. An object whose end marker was left
 * out ends with the input, as some encoders have it.
 */
bool ph_amf0_read_member(struct ph_amf0_reader *reader, struct ph_amf0_value *key,
                         struct ph_amf0_value *value);

bool ph_amf0_read_element(struct ph_amf0_reader *reader, struct ph_amf0_value *array,
                          struct ph_amf0_value *value);

/* Reads over what `value` contains. */
void ph_amf0_skip(struct ph_amf0_reader *reader, struct ph_amf0_value *value);

/* Whether it is the string `text`. */
bool ph_amf0_is(const struct ph_amf0_value *value, const char *text);

/* A string's copy, cut at a NUL inside; "" for everything else. The caller frees it. */
char *ph_amf0_dup(const struct ph_amf0_value *value);

void ph_amf0_write_number(struct ph_writer *out, double number);
void ph_amf0_write_boolean(struct ph_writer *out, bool boolean);
void ph_amf0_write_string(struct ph_writer *out, const char *text);
void ph_amf0_write_null(struct ph_writer *out);
void ph_amf0_write_undefined(struct ph_writer *out);

/* Followed by members (a key and a value each) and ph_amf0_write_end. */
void ph_amf0_write_object(struct ph_writer *out);
void ph_amf0_write_ecma_array(struct ph_writer *out, uint32_t count);
void ph_amf0_write_key(struct ph_writer *out, const char *key);
void ph_amf0_write_end(struct ph_writer *out);

/* Followed by `count` values. */
void ph_amf0_write_array(struct ph_writer *out, uint32_t count);

void ph_amf0_write_string_member(struct ph_writer *out, const char *key, const char *text);
void ph_amf0_write_number_member(struct ph_writer *out, const char *key, double number);

#endif
