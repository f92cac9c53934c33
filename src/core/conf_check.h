/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_CHECK_H
#define PHIEN_CORE_CONF_CHECK_H

#include "conf_table.h"

/* Where things stand in a config file that passed the check. Lines count from 1. */
struct ph_conf_channel_lines {
    unsigned name;
    unsigned key;
};

struct ph_conf_lines {
    unsigned keys[PH_CONF_KEYS_MAX]; /* by index in ph_conf_keys; 0: not in the file */
    struct ph_conf_channel_lines *channels;
    size_t channels_count;
};

/*
 * Checks all that can be said of one place in the file: its YAML, names, types, ranges, forms,
 * and that nothing is missing or there twice. PH_EINVAL and `error`, or PH_ENOMEM. What passes,
 * libcyaml loads. The caller calls ph_conf_lines_fini in either case.
 */
PH_MUST_CHECK int ph_conf_check(struct ph_conf_lines *lines, const char *yaml, size_t len,
                                struct ph_conf_error *error);
void ph_conf_lines_fini(struct ph_conf_lines *lines);

/* Checks one scalar of the file; the reason of a PH_EINVAL goes to error->text. */
PH_MUST_CHECK int ph_conf_check_value(const struct ph_conf_key *key, const char *value, size_t len,
                                      bool is_quoted, struct ph_conf_error *error);

/*
 * Prints what someone wrote into a short text that can stand in an error: cut after 40 bytes,
 * control characters replaced.
 */
void ph_conf_show(char out[static 48], const char *text, size_t len);

#endif
