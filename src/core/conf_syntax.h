/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_SYNTAX_H
#define PHIEN_CORE_CONF_SYNTAX_H

#include <phien/core/conf.h>

#include <yaml.h>

/*
 * Says in `error` why libyaml's parser stopped in `yaml`. PH_EINVAL, or PH_ENOMEM if that is why.
 */
int ph_conf_syntax_describe(const yaml_parser_t *parser, const char *yaml, size_t len,
                            struct ph_conf_error *error);

#endif
