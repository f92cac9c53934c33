/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_LOAD_H
#define PHIEN_CORE_CONF_LOAD_H

#include "conf_check.h"

/*
 * Lets libcyaml load a file that ph_conf_check passed, and fills in the defaults of what is not
 * in it. The values are as the file has them; every text is on the heap and not NULL.
 */
PH_MUST_CHECK int ph_conf_load_yaml(struct ph_conf **out, const char *yaml, size_t len,
                                    const struct ph_conf_lines *lines, struct ph_conf_error *error);

#endif
