/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program map tables that libavformat writes (ISO/IEC 13818-1 section 2.4.4.8), completed.
 * Timed metadata of HLS wants two descriptors; FFmpeg (5.1 to 7.1) writes only the one that
 * belongs to the stream, not the one that belongs to the program.
 */
#include "pmt.h"

#include <libavutil/crc.h>
#include <string.h>

enum {
    TS_HEADER = 4,
    TABLE_PROGRAM_MAP = 0x02,
    SECTION_START = 3,  /* what section_length does not count */
    PROGRAM_NUMBER = 3, /* where it is in the section */
    PROGRAM_INFO_LENGTH = 10,
    PROGRAM_INFO = 12,
    CRC_LEN = 4,
};

/* Application format and format are given by their identifier; "carried in this program". */
static const uint8_t pointer[] = {0x25, 0x0f, 0xff, 0xff, 'I', 'D', '3',  ' ',
                                  0xff, 'I',  'D',  '3',  ' ', 0,   0x1f, /* program_number */ 0,
                                  0};

static size_t length_at(const uint8_t *p)
{
    return (p[0] & 0x0fu) << 8 | p[1];
}

static void add_to_length(uint8_t *p, size_t add)
{
    size_t length = length_at(p) + add;

    p[0] = (uint8_t)((p[0] & 0xf0u) | length >> 8);
    p[1] = (uint8_t)length;
}

/* Where the section that begins in this packet begins; 0: none does. */
static size_t find_section(const uint8_t *packet)
{
    bool is_start = (packet[1] & 0x40) != 0;
    bool has_adaptation = (packet[3] & 0x20) != 0;
    size_t at = TS_HEADER + (has_adaptation ? 1u + packet[TS_HEADER] : 0);

    if (!is_start || at >= PH_TS_PACKET) {
        return 0;
    }
    at += 1u + packet[at]; /* the pointer field */
    return at + PROGRAM_INFO + CRC_LEN <= PH_TS_PACKET ? at : 0;
}

static void write_crc(uint8_t *section, size_t len)
{
    uint32_t crc = av_crc(av_crc_get_table(AV_CRC_32_IEEE), UINT32_MAX, section, len);

    memcpy(section + len, &crc, CRC_LEN); /* which av_crc gives in the order of transmission */
}

bool ph_pmt_add_id3_pointer(uint8_t packet[PH_TS_PACKET])
{
    size_t at = find_section(packet);

    if (at == 0 || packet[at] != TABLE_PROGRAM_MAP) {
        return false;
    }
    uint8_t *section = packet + at;
    size_t len = SECTION_START + length_at(section + 1);
    size_t end_of_info = PROGRAM_INFO + length_at(section + PROGRAM_INFO_LENGTH);
    if (end_of_info + CRC_LEN > len || at + len + sizeof(pointer) > PH_TS_PACKET) {
        return false;
    }
    uint8_t *to = section + end_of_info;
    memmove(to + sizeof(pointer), to, len - CRC_LEN - end_of_info);
    memcpy(to, pointer, sizeof(pointer));
    memcpy(to + sizeof(pointer) - 2, section + PROGRAM_NUMBER, 2);
    add_to_length(section + 1, sizeof(pointer));
    add_to_length(section + PROGRAM_INFO_LENGTH, sizeof(pointer));
    write_crc(section, len - CRC_LEN + sizeof(pointer));
    return true;
}
