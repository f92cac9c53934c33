/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over all values of the input, touching every string. */
#include <ingest/rtmp/amf0.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct ph_amf0_reader *reader, struct ph_amf0_value *value)
{
    struct ph_amf0_value key;
    struct ph_amf0_value inner;

    PH_ASSERT(reader->depth <= PH_AMF0_DEPTH_MAX);
    free(ph_amf0_dup(value));
    if (value->type == PH_AMF0_OBJECT) {
        while (ph_amf0_read_member(reader, &key, &inner)) {
            free(ph_amf0_dup(&key));
            walk(reader, &inner);
        }
    } else if (value->type == PH_AMF0_ARRAY) {
        while (ph_amf0_read_element(reader, value, &inner)) {
            walk(reader, &inner);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_amf0_reader walked;
    struct ph_amf0_reader skipped;
    struct ph_amf0_value value;

    ph_amf0_reader_init(&walked, data, size);
    while (ph_amf0_read(&walked, &value)) {
        walk(&walked, &value);
    }
    ph_amf0_reader_init(&skipped, data, size);
    while (ph_amf0_read(&skipped, &value)) {
        ph_amf0_skip(&skipped, &value);
    }
    PH_ASSERT(walked.err == skipped.err);
    PH_ASSERT(walked.values == skipped.values);
    return 0;
}
