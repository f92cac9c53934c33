/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, fed in runs of as many bytes as the first byte says. */
#include <ingest/rtmp/handshake.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_rtmp_handshake handshake;
    struct ph_writer out;
    size_t step = size > 0 ? (size_t)data[0] * 16 + 1 : 1;
    int err = PH_EAGAIN;

    ph_rtmp_handshake_init(&handshake);
    ph_writer_init(&out, 4096);
    for (size_t pos = 1; pos < size && err == PH_EAGAIN; pos += step) {
        struct ph_reader in;
        ph_reader_init(&in, data + pos, size - pos < step ? size - pos : step);
        err = ph_rtmp_handshake_feed(&handshake, &in, 1, &out);
        PH_ASSERT(err != PH_EAGAIN || ph_reader_left(&in) == 0);
        PH_ASSERT((err == PH_EPROTO) == (handshake.refusal != PH_CLOSE_NONE));
    }
    PH_ASSERT(!out.failed);
    ph_writer_fini(&out);
    return 0;
}
