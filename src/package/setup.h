/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_SETUP_H
#define PHIEN_PACKAGE_SETUP_H

#include "segmenter.h"
#include "window.h"

#include <phien/core/conf.h>

/*
 * What the config file means for one rendition of a channel: its share of the channel's memory,
 * the limits of parts and segments, the numbers that it begins with.
 *
 * `wall` is when the server started. Media sequence numbers and discontinuity sequence numbers
 * count from 2024-01-01, in quarters of a segment's duration and in steps of ten minutes. That is
 * faster than nearly every channel uses them up; for one that does not keep to it, and for clocks
 * that were set back, there is ph_packager_go_on.
 */
struct ph_window_params ph_setup_window(const struct ph_conf *conf, const char *epoch, ph_usec wall,
                                        enum ph_rendition rendition);

struct ph_segmenter_params ph_setup_segmenter(const struct ph_conf *conf,
                                              enum ph_rendition rendition);

#endif
