/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_API_ANSWER_H
#define PHIEN_OVERLAY_API_ANSWER_H

#include "desk_write.h"

/* What writes are answered, as JSON. The texts are the caller's to free, never NULL. */

/* {"seq","rev","product":{...}} */
char *ph_api_answer_product(int64_t seq, int64_t rev, const struct ph_product *product);

/* Of a write that was done, by its kind; also of one that was done before. */
char *ph_api_answer_write(const struct ph_desk_write *write, const char *channel);

/* {"image","width","height","bytes"} */
char *ph_api_answer_image(const char *channel, const char *name, unsigned width, unsigned height,
                          size_t bytes);

#endif
