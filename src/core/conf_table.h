/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_TABLE_H
#define PHIEN_CORE_CONF_TABLE_H

#include <phien/core/conf.h>

#include <cyaml/cyaml.h>

/*
 * The one table of the config's keys. The schema that libcyaml loads by, the defaults, the checks
 * and the texts of their errors are all made from it, and a test holds conf/phien.yaml to it.
 */
enum ph_conf_type {
    PH_CONF_TYPE_NONE,
    PH_CONF_TYPE_NUMBER, /* unsigned */
    PH_CONF_TYPE_BOOL,   /* bool */
    PH_CONF_TYPE_CHOICE, /* an enum */
    PH_CONF_TYPE_TEXT,   /* const char *, owned by the struct ph_conf */
};

struct ph_conf_key {
    const char *section; /* "" at the top, PH_CONF_CHANNELS for what each channel has */
    const char *name;
    enum ph_conf_type type;
    size_t offset; /* of the member in struct ph_conf, or in struct ph_conf_channel */
    bool is_required;
    bool is_secret;   /* its value never stands in an error text */
    unsigned number;  /* the default of a number, a bool, a choice */
    const char *text; /* the default of a text */
    unsigned min;     /* of a number; of a text's characters, if max is not 0 */
    unsigned max;
    const char *what;  /* what to write: "a number of seconds", "characters" */
    const char *empty; /* what 0 or "" means, where it may stand beside min..max; or NULL */
    const cyaml_strval_t *choices;
    size_t choices_count;
    bool (*is_valid)(const char *text); /* of a text's form; NULL if every text will do */
};

#define PH_CONF_CHANNELS "channels"

enum {
    PH_CONF_KEYS_MAX = 64,
    PH_CONF_CHANNELS_MAX = 10000,
    PH_CONF_FILE_BYTES_MAX = 1024 * 1024,
    PH_CONF_TEXT_BYTES = 320, /* of the lists and descriptions below */
};

extern const struct ph_conf_key ph_conf_keys[];
extern const size_t ph_conf_keys_count;

/*
 * The index of the key `name` of `section`. At the top, the name of a section gives the index of
 * the section's first key. PH_CONF_KEYS_MAX if nothing has this name.
 */
size_t ph_conf_key_find(const char *section, const char *name);

/* Where the key's value lies; `base` is the struct ph_conf or ph_conf_channel. */
void *ph_conf_key_slot(const struct ph_conf_key *key, void *base);

/*
 * What may be written, as the end of the sentence "write ...": "a number of milliseconds from 100
 * to 1000".
 */
void ph_conf_key_describe(const struct ph_conf_key *key, char out[static PH_CONF_TEXT_BYTES]);

/* The default as one writes it in the file: 250, info, true, "0.0.0.0:1935". */
void ph_conf_key_format_default(const struct ph_conf_key *key, char out[static PH_CONF_TEXT_BYTES]);

/* The names that may stand in a section, in the order of the table: "part_ms, segment_ms". */
void ph_conf_section_list(const char *section, char out[static PH_CONF_TEXT_BYTES]);

/*
 * The name that was most likely meant by `name` in `section`: one that differs by a letter or
 * two, or a key of another section as "hls.part_ms". Empty if there is none.
 */
void ph_conf_section_suggest(const char *section, const char *name,
                             char out[static PH_CONF_TEXT_BYTES]);

#endif
