/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and conf/phien.yaml, which must say the same. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/mem.h>

#include "core/conf_check.h"
#include "core/conf_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_reference(size_t *len)
{
    FILE *file = fopen(PHIEN_SOURCE_DIR "/conf/phien.yaml", "rb");
    char *text = ph_alloc(65536);

    assert_non_null(file);
    *len = fread(text, 1, 65535, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* The comment right above line `number` (from 1), its lines joined by spaces. */
static void comment_above(const char *text, unsigned number, char *out, size_t size)
{
    const char *lines[1024];
    unsigned count = 0;

    for (const char *line = text; line != NULL && count < PH_ARRAY_SIZE(lines); count++) {
        lines[count] = line;
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    assert_in_range(number, 1, count);
    unsigned first = number - 1;
    while (first > 0 && lines[first - 1][strspn(lines[first - 1], " ")] == '#') {
        first--;
    }
    out[0] = '\0';
    for (unsigned i = first; i < number - 1; i++) {
        const char *comment = strchr(lines[i], '#') + 1;
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%.*s", (int)strcspn(comment, "\n"), comment);
    }
}

/* conf/phien.yaml has every key of the table, with its default and what is allowed. */
static void reference_explains_every_key(void **state)
{
    (void)state;
    struct ph_conf_lines lines;
    struct ph_conf_error error;
    size_t len;
    char *text = read_reference(&len);
    char comment[2048];
    char said[PH_CONF_TEXT_BYTES + 32];

    assert_int_equal(ph_conf_check(&lines, text, len, &error), PH_OK);
    unsigned channel_line = lines.channels[0].name;
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        char value[PH_CONF_TEXT_BYTES];
        unsigned line = lines.keys[i];
        if (strcmp(key->section, PH_CONF_CHANNELS) == 0) {
            char here[64];
            snprintf(here, sizeof(here), "%s %s:", strcmp(key->name, "name") == 0 ? "-" : " ",
                     key->name);
            const char *at = strstr(text, PH_CONF_CHANNELS ":\n");
            at = at != NULL ? strstr(at, here) : NULL;
            line = 0;
            for (const char *c = text; at != NULL && c <= at; c++) {
                line += c == text || c[-1] == '\n';
            }
        }
        if (line == 0) {
            fail_msg("conf/phien.yaml lacks %s.%s", key->section, key->name);
        }
        comment_above(text, line, comment, sizeof(comment));
        ph_conf_key_format_default(key, value);
        if (key->is_required) {
            snprintf(said, sizeof(said), " No default.");
        } else {
            snprintf(said, sizeof(said), " Default: %s.", value);
        }
        if (strstr(comment, said) == NULL) {
            fail_msg("%s.%s: \"%s\" is not in:%s", key->section, key->name, said, comment);
        }
        ph_conf_key_describe(key, value);
        snprintf(said, sizeof(said), " Allowed: %s.", value);
        if (strstr(comment, said) == NULL) {
            fail_msg("%s.%s: \"%s\" is not in:%s", key->section, key->name, said, comment);
        }
        /* More than its type and range: what it is for. */
        assert_true(strlen(comment) > strlen(said) + 45);
    }
    assert_int_equal(lines.channels_count, 1);
    assert_true(channel_line > 0);
    ph_conf_lines_fini(&lines);
    free(text);
}

/* ... and its values are the defaults: the same as those of a file without them. */
static void reference_has_the_defaults(void **state)
{
    (void)state;
    static const char least[] = "channels:\n  - {name: example, key: change-me-3f9a}\n";
    struct ph_conf *reference = NULL;
    struct ph_conf *defaults = NULL;
    struct ph_conf_error error;

    assert_int_equal(ph_conf_load(&reference, PHIEN_SOURCE_DIR "/conf/phien.yaml", &error), PH_OK);
    assert_int_equal(ph_conf_parse(&defaults, least, strlen(least), &error), PH_OK);
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        bool is_channel = strcmp(key->section, PH_CONF_CHANNELS) == 0;
        const void *a = ph_conf_key_slot(key, is_channel ? (void *)reference->channels : reference);
        const void *b = ph_conf_key_slot(key, is_channel ? (void *)defaults->channels : defaults);
        if (key->type == PH_CONF_TYPE_TEXT) {
            assert_string_equal(*(const char *const *)a, *(const char *const *)b);
        } else if (key->type == PH_CONF_TYPE_BOOL) {
            assert_int_equal(*(const bool *)a, *(const bool *)b);
        } else {
            assert_int_equal(*(const unsigned *)a, *(const unsigned *)b);
        }
    }
    assert_int_equal(reference->channels_count, 1);
    ph_conf_destroy(&reference);
    ph_conf_destroy(&defaults);
}

static void demo_loads(void **state)
{
    (void)state;
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;

    assert_int_equal(ph_conf_load(&conf, PHIEN_SOURCE_DIR "/conf/demo.yaml", &error), PH_OK);
    assert_int_equal(conf->log.level, PH_LOG_INFO);
    assert_int_equal(conf->log.format, PH_LOG_FORMAT_TEXT);
    assert_int_equal(conf->channels_count, 1);
    assert_string_equal(conf->channels[0].name, "sinho");
    assert_string_equal(conf->channels[0].key, "demo-key");
    assert_string_equal(conf->channels[0].title, "Chợ phiên Sìn Hồ");
    assert_true(strlen(conf->admin.token) >= 8);
    ph_conf_destroy(&conf);
}

/* Each row can be loaded, defaulted and described; a slip in the table shows here. */
static void table_is_sound(void **state)
{
    (void)state;
    assert_in_range(ph_conf_keys_count, 1, PH_CONF_KEYS_MAX);
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        char text[PH_CONF_TEXT_BYTES];
        struct ph_conf_error error;
        ph_conf_key_describe(key, text);
        assert_in_range(strlen(text), 4, PH_CONF_TEXT_BYTES - 2);
        assert_int_equal(key->is_required, key->type == PH_CONF_TYPE_TEXT && key->text == NULL);
        assert_int_equal(ph_conf_key_find(key->section, key->name), i);
        if (strcmp(key->section, PH_CONF_CHANNELS) == 0) {
            assert_int_equal(key->number, 0); /* the only default that is filled in */
        }
        ph_conf_section_list(key->section, text);
        assert_non_null(strstr(text, key->name));
        assert_in_range(strlen(text), 4, PH_CONF_TEXT_BYTES - 2);
        if (key->is_required) {
            continue;
        }
        ph_conf_key_format_default(key, text);
        bool is_text = key->type == PH_CONF_TYPE_TEXT;
        const char *value = is_text ? key->text : text;
        assert_int_equal(ph_conf_check_value(key, value, strlen(value), is_text, &error), PH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_explains_every_key),
        cmocka_unit_test(reference_has_the_defaults),
        cmocka_unit_test(demo_loads),
        cmocka_unit_test(table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
