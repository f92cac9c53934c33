/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes libcyaml's schema of the table of keys and loads by it. What libcyaml cannot know, the
 * defaults, is filled in after.
 */
#include "conf_load.h"

#include <phien/core/mem.h>

#include <stdio.h>
#include <string.h>

/* Fields of all mappings, one mapping behind the other, each ended by a field without a name. */
struct schema {
    cyaml_schema_value_t root;
    cyaml_schema_value_t channel;
    cyaml_schema_field_t top[PH_CONF_KEYS_MAX];
    cyaml_schema_field_t inner[2 * PH_CONF_KEYS_MAX];
    size_t inner_count;
};

static size_t size_of(const struct ph_conf_key *key)
{
    switch (key->type) {
    case PH_CONF_TYPE_NUMBER:
        return sizeof(unsigned);
    case PH_CONF_TYPE_BOOL:
        return sizeof(bool);
    case PH_CONF_TYPE_CHOICE:
        return sizeof(enum ph_log_level);
    case PH_CONF_TYPE_TEXT:
        return sizeof(char);
    case PH_CONF_TYPE_NONE:
        break;
    }
    return 0;
}

_Static_assert(sizeof(enum ph_log_level) == sizeof(enum ph_log_format), "one size of enum");
_Static_assert(sizeof(enum ph_log_level) == sizeof(enum ph_conf_on_loss), "one size of enum");

static cyaml_schema_field_t make_field(const struct ph_conf_key *key)
{
    static const enum cyaml_type types[] = {
        [PH_CONF_TYPE_NUMBER] = CYAML_UINT,
        [PH_CONF_TYPE_BOOL] = CYAML_BOOL,
        [PH_CONF_TYPE_CHOICE] = CYAML_ENUM,
        [PH_CONF_TYPE_TEXT] = CYAML_STRING,
    };
    unsigned flags = key->is_required ? CYAML_FLAG_DEFAULT : CYAML_FLAG_OPTIONAL;

    flags |= key->type == PH_CONF_TYPE_TEXT ? CYAML_FLAG_POINTER : CYAML_FLAG_STRICT;
    cyaml_schema_field_t field = {
        .key = key->name,
        .data_offset = (uint32_t)key->offset,
        .value = {.type = types[key->type],
                  .flags = (enum cyaml_flag)flags,
                  .data_size = (uint32_t)size_of(key)},
    };
    if (key->type == PH_CONF_TYPE_CHOICE) {
        field.value.enumeration.strings = key->choices;
        field.value.enumeration.count = (uint32_t)key->choices_count;
    } else if (key->type == PH_CONF_TYPE_TEXT) {
        field.value.string.max = CYAML_UNLIMITED; /* ph_conf_check has seen to the lengths */
    }
    return field;
}

/* The fields of one section, in the schema's store. */
static const cyaml_schema_field_t *make_fields(struct schema *schema, const char *section)
{
    const cyaml_schema_field_t *first = &schema->inner[schema->inner_count];

    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        if (strcmp(ph_conf_keys[i].section, section) == 0) {
            schema->inner[schema->inner_count++] = make_field(&ph_conf_keys[i]);
        }
    }
    schema->inner[schema->inner_count++] = (cyaml_schema_field_t)CYAML_FIELD_END;
    return first;
}

static cyaml_schema_field_t make_section(struct schema *schema, const char *section)
{
    /* The keys' offsets count from the start of struct ph_conf, and so does the section. */
    cyaml_schema_field_t field = {
        .key = section,
        .value = {.type = CYAML_MAPPING,
                  .flags = CYAML_FLAG_OPTIONAL,
                  .data_size = sizeof(struct ph_conf)},
    };

    field.value.mapping.fields = make_fields(schema, section);
    return field;
}

static cyaml_schema_field_t make_channels(struct schema *schema)
{
    cyaml_schema_field_t field = {
        .key = PH_CONF_CHANNELS,
        .data_offset = offsetof(struct ph_conf, channels),
        .count_offset = offsetof(struct ph_conf, channels_count),
        .count_size = sizeof(size_t),
        .value = {.type = CYAML_SEQUENCE,
                  .flags = CYAML_FLAG_POINTER,
                  .data_size = sizeof(struct ph_conf_channel)},
    };

    schema->channel = (cyaml_schema_value_t){.type = CYAML_MAPPING,
                                             .flags = CYAML_FLAG_DEFAULT,
                                             .data_size = sizeof(struct ph_conf_channel)};
    schema->channel.mapping.fields = make_fields(schema, PH_CONF_CHANNELS);
    field.value.sequence.entry = &schema->channel;
    field.value.sequence.min = 1;
    field.value.sequence.max = PH_CONF_CHANNELS_MAX;
    return field;
}

static void make_schema(struct schema *schema)
{
    size_t count = 0;

    memset(schema, 0, sizeof(*schema));
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        if (key->section[0] == '\0') {
            schema->top[count++] = make_field(key);
        } else if (strcmp(key->section, PH_CONF_CHANNELS) == 0) {
            schema->top[count++] = make_channels(schema);
        } else {
            schema->top[count++] = make_section(schema, key->section);
        }
        while (key->section[0] != '\0' && i + 1 < ph_conf_keys_count &&
               strcmp(key->section, ph_conf_keys[i + 1].section) == 0) {
            i++;
        }
    }
    schema->root = (cyaml_schema_value_t){
        .type = CYAML_MAPPING, .flags = CYAML_FLAG_POINTER, .data_size = sizeof(struct ph_conf)};
    schema->root.mapping.fields = schema->top;
}

static void fill_in(const struct ph_conf_key *key, void *base, bool is_in_file)
{
    void *slot = ph_conf_key_slot(key, base);

    if (key->type == PH_CONF_TYPE_TEXT) {
        char **text = slot;
        *text = *text != NULL ? *text : ph_strdup(key->text != NULL ? key->text : "");
    } else if (is_in_file) {
        return;
    } else if (key->type == PH_CONF_TYPE_BOOL) {
        *(bool *)slot = key->number != 0;
    } else {
        memcpy(slot, &key->number, sizeof(key->number));
    }
}

static void fill_in_all(struct ph_conf *conf, const struct ph_conf_lines *lines)
{
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        if (strcmp(key->section, PH_CONF_CHANNELS) != 0) {
            fill_in(key, conf, lines->keys[i] != 0);
            continue;
        }
        /* A channel's numbers default to 0, and that is what libcyaml leaves in them. */
        for (size_t n = 0; n < conf->channels_count; n++) {
            fill_in(key, &conf->channels[n], true);
        }
    }
}

int ph_conf_load_yaml(struct ph_conf **out, const char *yaml, size_t len,
                      const struct ph_conf_lines *lines, struct ph_conf_error *error)
{
    const cyaml_config_t config = {
        .mem_fn = cyaml_mem, /* realloc and free, so that ph_conf_destroy can free */
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    struct schema schema;
    cyaml_data_t *data = NULL;

    make_schema(&schema);
    cyaml_err_t err =
        cyaml_load_data((const uint8_t *)yaml, len, &config, &schema.root, &data, NULL);
    if (err != CYAML_OK) {
        snprintf(error->text, sizeof(error->text), "cannot be loaded: %s", cyaml_strerror(err));
        return err == CYAML_ERR_OOM ? PH_ENOMEM : PH_EINVAL;
    }
    *out = data;
    fill_in_all(*out, lines);
    return PH_OK;
}
