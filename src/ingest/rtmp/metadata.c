/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onMetaData: what an encoder says of itself and its stream. Only its name is of use, and only in
 * the log. Sizes and codecs in it are often wrong: the sequence headers tell those.
 */
#include "session_private.h"

#include <stdlib.h>

/* Reads up to the object of onMetaData, with "@setDataFrame" before it or without. */
static bool find_object(struct ph_amf0_reader *in, struct ph_amf0_value *object)
{
    if (!ph_amf0_read(in, object)) {
        return false;
    }
    if (ph_amf0_is(object, "@setDataFrame") && !ph_amf0_read(in, object)) {
        return false;
    }
    return ph_amf0_is(object, "onMetaData") && ph_amf0_read(in, object) &&
           object->type == PH_AMF0_OBJECT;
}

static void report_encoder(struct ph_rtmp_session *session, const struct ph_amf0_value *value)
{
    char *encoder = ph_amf0_dup(value);

    session->has_encoder = true;
    session->ops->on_encoder(session->arg, encoder);
    free(encoder);
}

void ph_rtmp_metadata_take(struct ph_rtmp_session *session, const struct ph_rtmp_message *message)
{
    struct ph_amf0_reader in;
    struct ph_amf0_value object;
    struct ph_amf0_value key;
    struct ph_amf0_value value;
    size_t skip = message->type == PH_RTMP_DATA_AMF3 && message->len > 0 && message->data[0] == 0;

    ph_amf0_reader_init(&in, skip > 0 ? message->data + skip : message->data, message->len - skip);
    if (session->has_encoder || !find_object(&in, &object)) {
        return;
    }
    while (!session->has_encoder && ph_amf0_read_member(&in, &key, &value)) {
        if (ph_amf0_is(&key, "encoder") && value.type == PH_AMF0_STRING && value.len > 0) {
            report_encoder(session, &value);
        } else {
            ph_amf0_skip(&in, &value);
        }
    }
}
