/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_PMT_H
#define PHIEN_PACKAGE_PMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PH_TS_PACKET = 188 };

/*
 * Puts a metadata_pointer_descriptor (ISO/IEC 13818-1 section 2.6.58) for ID3 into the program
 * descriptors of a program map table that lies, whole, in this TS packet. False: the packet holds
 * no such table, or no room in it, and is left as it was.
 */
bool ph_pmt_add_id3_pointer(uint8_t packet[PH_TS_PACKET]);

#endif
