/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_EMSG_H
#define PHIEN_PACKAGE_EMSG_H

#include <phien/core/bytes.h>

/*
 * An event message box, version 1 (ISO/IEC 23009-1 section 5.10.3.3), that carries an ID3 tag by
 * the scheme of "Carriage of ID3 Timed Metadata in the Common Media Application Format". Open
 * ended; the same id is the same message said again.
 */
struct ph_emsg {
    uint32_t timescale;
    uint64_t time; /* in it, on the media's timeline, within the fragment that follows */
    uint32_t id;
    const void *tag;
    size_t tag_len;
};

void ph_emsg_write(struct ph_writer *out, const struct ph_emsg *emsg);

#endif
