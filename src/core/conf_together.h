/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_TOGETHER_H
#define PHIEN_CORE_CONF_TOGETHER_H

#include "conf_check.h"

/* Checks what concerns several places of a loaded file. PH_EINVAL and `error`. */
PH_MUST_CHECK int ph_conf_check_together(const struct ph_conf *conf,
                                         const struct ph_conf_lines *lines,
                                         struct ph_conf_error *error);

#endif
