/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream ids as applications and people write them: what is made of them, which channel the
 * publish logic finds with that, and that no log line shows the key.
 */
#include "ingest/publisher.h"
#include "ingest/srt/streamid.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define KEY "k3y-of-sinho"

struct row {
    const char *raw;
    const char *path;
    const char *query;
    const char *channel; /* that may be published to with it; NULL: none */
    const char *redacted;
};

static struct ph_registry *registry;

static int create_registry(void **state)
{
    static struct ph_conf_channel channels[] = {
        {.name = "sinho", .key = KEY},
        {.name = "chilang", .key = "k3y:of,chilang"},
        {.name = "live", .key = "k3y-of-live"},
    };
    static const struct ph_conf conf = {.workers = 1, .channels = channels, .channels_count = 3};
    static struct ph_stats stats;
    struct ph_stats *all_stats[] = {&stats};

    (void)state;
    registry = ph_registry_create(&conf, all_stats);
    return 0;
}

static int destroy_registry(void **state)
{
    (void)state;
    ph_registry_destroy(&registry);
    return 0;
}

static int is_name(void *arg, const char *word, size_t len)
{
    assert_ptr_equal(arg, registry);
    return ph_registry_find(arg, word, len) != NULL;
}

static void check_row(const struct row *row, enum ph_srt_mode mode)
{
    const struct ph_registry_entry *entry = NULL;
    struct ph_srt_streamid id;
    char redacted[600];

    memset(&id, 0xaa, sizeof(id));
    int err = ph_srt_streamid_parse(&id, row->raw);
    if (err != PH_OK || id.mode != mode || strcmp(id.path, row->path) != 0 ||
        strcmp(id.query, row->query) != 0) {
        fail_msg("\nraw:      %s\nexpected: %d, mode %d, %s | %s\nseen:     %d, mode %d, %s | %s",
                 row->raw, PH_OK, mode, row->path, row->query, err, id.mode, id.path, id.query);
    }
    enum ph_close_reason reason = ph_publish_authorise(registry, id.path, id.query, &entry);
    const char *channel = reason == PH_CLOSE_NONE ? entry->conf->name : "nothing";
    if (strcmp(channel, row->channel != NULL ? row->channel : "nothing") != 0) {
        fail_msg("%s gives %s (%s) instead of %s", row->raw, channel, ph_close_reason_name(reason),
                 row->channel);
    }
    ph_srt_streamid_redact(redacted, sizeof(redacted), row->raw, is_name, registry);
    if (strcmp(redacted, row->redacted) != 0) {
        fail_msg("\nraw:      %s\nexpected: %s\nseen:     %s", row->raw, row->redacted, redacted);
    }
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i], PH_SRT_MODE_PUBLISH);
    }
}

/* SRT Access Control: typed into OBS and Larix, and what our own invitations carry. */
static const struct row pairs[] = {
    {"#!::r=live/sinho,m=publish,s=" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,m=publish,s=***"},
    {"#!::s=" KEY ",m=publish,r=sinho", "sinho", "key=" KEY, "sinho",
     "#!::s=***,m=publish,r=sinho"},
    {"#!::r=sinho,u=" KEY, "sinho", "key=" KEY, "sinho", "#!::r=sinho,u=***"},
    {"#!::r=live/sinho,m=publish,u=seller,s=" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,m=publish,u=***,s=***"},
    {"#!::r=live/sinho,u=" KEY ",s=", "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,u=***,s="},
    {"#!::m=publish,r=" KEY, KEY, "", "sinho", "#!::m=publish,r=***"},
    {"#!::m=publish,r=live/" KEY, "live/" KEY, "", "sinho", "#!::m=publish,r=live/***"},
    {"#!::m=publish,r=/live/" KEY, "live/" KEY, "", "sinho", "#!::m=publish,r=/live/***"},
    {"#!::r=" KEY ",s=anything", KEY, "key=anything", "sinho", "#!::r=***,s=***"},
    {"#!::s=" KEY, "", "key=" KEY, "sinho", "#!::s=***"},
    {"#!::u=" KEY ",m=publish", "", "key=" KEY, "sinho", "#!::u=***,m=publish"},
    /* As SRS documents it: host first, the key in the resource's query. */
    {"#!::h=live.example.com,r=live/sinho?secret=" KEY ",m=publish", "live/sinho", "key=" KEY,
     "sinho", "#!::h=***,r=live/sinho?secret=***,m=publish"},
    {"#!::h=" KEY ",r=live/sinho,m=publish", "live/sinho", "", NULL,
     "#!::h=***,r=live/sinho,m=publish"},
    {"#!::r=live/sinho?token=wrong,s=" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho?token=***,s=***"},
    /* Unknown names, every type of stream, bidirectional, capitals, spaces, a comma at the end. */
    {"#!::bmd_name=" KEY ",t=stream,r=sinho,m=bidirectional,s=" KEY ",x=1", "sinho", "key=" KEY,
     "sinho", "#!::***=***,t=stream,r=sinho,m=bidirectional,s=***,***=***"},
    {"#!::R=sinho,M=Publish,S=" KEY ",T=Stream", "sinho", "key=" KEY, "sinho",
     "#!::r=sinho,m=publish,s=***,t=stream"},
    {" #!::r=sinho, m=publish, s=" KEY " ", "sinho", "key=" KEY, "sinho",
     "#!::r=sinho,m=publish,s=***"},
    {"#!::r=sinho,s=" KEY ",", "sinho", "key=" KEY, "sinho", "#!::r=sinho,s=***,"},
    {"#!::r=sinho,s=" KEY ",m=,t=", "sinho", "key=" KEY, "sinho", "#!::r=sinho,s=***,m=,t="},
    /* Escaped word by word, which is how a comma in a key arrives, or as a whole. */
    {"#!::r=live%2Fsinho,m=publish,s=k3y%2Dof-sinho", "live/sinho", "key=" KEY, "sinho",
     "#!::r=***,m=publish,s=***"},
    {"#!::r=chilang,s=k3y:of%2cchilang", "chilang", "key=k3y:of,chilang", "chilang",
     "#!::r=chilang,s=***"},
    {"%23!::r=live/sinho,m=publish,s=" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,m=publish,s=***"},
    {"%23%21%3A%3Ar%3Dlive%2Fsinho%2Cm%3Dpublish%2Cs%3D" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,m=publish,s=***"},
    {"#!%3A%3Ar=live/sinho,s=" KEY, "live/sinho", "key=" KEY, "sinho", "#!::r=live/sinho,s=***"},
    {"%23!::r=live/sinho?secret=" KEY ",m=publish", "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho?secret=***,m=publish"},
    /* Refused later, by the publish logic. */
    {"#!::r=live/sinho,m=publish", "live/sinho", "", NULL, "#!::r=live/sinho,m=publish"},
    {"#!::r=live/sinho,s=wrong", "live/sinho", "key=wrong", NULL, "#!::r=live/sinho,s=***"},
    {"#!::r=live/chilang,s=" KEY, "live/chilang", "key=" KEY, NULL, "#!::r=live/chilang,s=***"},
    {"#!::", "", "", NULL, "#!::"},
    {"#!::,", "", "", NULL, "#!::,"},
};

static void pairs_are_read(void **state)
{
    (void)state;
    check_rows(pairs, PH_ARRAY_SIZE(pairs));
}

/* MediaMTX's form, in configs copied from there, with what it knows and what people make of it. */
static const struct row fields[] = {
    {"publish:sinho:" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:live/sinho:" KEY, "live/sinho", "key=" KEY, "sinho", "publish:live/sinho:***"},
    {"publish:/live/sinho:" KEY, "live/sinho", "key=" KEY, "sinho", "publish:/live/sinho:***"},
    {"publish:sinho:seller:" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:sinho:" KEY ":", "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:" KEY, KEY, "", "sinho", "publish:***"},
    {"publish:live/" KEY, "live/" KEY, "", "sinho", "publish:live/***"},
    {"publish:sinho?key=" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho?key=***"},
    {"publish:sinho:key=" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:sinho:user=seller&pass=" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:sinho:seller:" KEY ":a=b", "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:sinho:::key=" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"Publish:sinho:" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish:chilang:k3y%3Aof,chilang", "chilang", "key=k3y:of,chilang", "chilang",
     "publish:chilang:***"},
    {"publish%3Asinho%3A" KEY, "sinho", "key=" KEY, "sinho", "publish:sinho:***"},
    {"publish%3Alive%2Fsinho%3A" KEY, "live/sinho", "key=" KEY, "sinho", "publish:live/sinho:***"},
    {"publish:", "", "", NULL, "publish:"},
    {"publish::", "", "", NULL, "publish::"},
    {"publish:sinho", "sinho", "", NULL, "publish:sinho"},
    /* The colon within the key has to be escaped. */
    {"publish:chilang:k3y:of,chilang", "chilang", "key=of,chilang", NULL, "publish:chilang:***"},
};

static void fields_are_read(void **state)
{
    (void)state;
    check_rows(fields, PH_ARRAY_SIZE(fields));
}

/* An address' path and query: what one has who fills in one field, and the habits from RTMP. */
static const struct row paths[] = {
    {KEY, KEY, "", "sinho", "***"},
    {"/" KEY, KEY, "", "sinho", "/***"},
    {"//" KEY, KEY, "", "sinho", "//***"},
    {"live/" KEY, "live/" KEY, "", "sinho", "live/***"},
    {"/live/" KEY, "live/" KEY, "", "sinho", "/live/***"},
    {"input/" KEY, "input/" KEY, "", "sinho", "***/***"},
    {"sinho?key=" KEY, "sinho", "key=" KEY, "sinho", "sinho?key=***"},
    {"live/sinho?key=" KEY, "live/sinho", "key=" KEY, "sinho", "live/sinho?key=***"},
    {"/live/sinho?key=" KEY, "live/sinho", "key=" KEY, "sinho", "/live/sinho?key=***"},
    {"live/sinho?token=" KEY, "live/sinho", "key=" KEY, "sinho", "live/sinho?token=***"},
    {"live/sinho?secret=" KEY, "live/sinho", "key=" KEY, "sinho", "live/sinho?secret=***"},
    {"live/sinho?user=seller&pass=" KEY, "live/sinho", "key=" KEY, "sinho",
     "live/sinho?***=***&pass=***"},
    {"live/sinho?token=wrong&a=b&key=" KEY "&c", "live/sinho", "key=" KEY, "sinho",
     "live/sinho?token=***&***=***&key=***&***"},
    {"?key=" KEY, "", "key=" KEY, "sinho", "?key=***"},
    {"live?key=k3y-of-live", "live", "key=k3y-of-live", "live", "live?key=***"},
    {"live/live?key=k3y-of-live", "live/live", "key=k3y-of-live", "live", "live/live?key=***"},
    {"/live/live?key=k3y-of-live", "live/live", "key=k3y-of-live", "live", "/live/live?key=***"},
    {"sinho/" KEY, "sinho/" KEY, "", "sinho", "sinho/***"},
    {"live/sinho/" KEY, "live/sinho/" KEY, "", "sinho", "live/sinho/***"},
    {"any.example.com/stream/" KEY, "any.example.com/stream/" KEY, "", "sinho", "***/***/***"},
    {"  " KEY "  ", KEY, "", "sinho", "***"},
    /* Colons and commas mean nothing here, and a host with a port is no mode. */
    {"k3y:of,chilang", "k3y:of,chilang", "", "chilang", "***"},
    {"live/chilang?key=k3y:of,chilang", "live/chilang", "key=k3y:of,chilang", "chilang",
     "live/chilang?key=***"},
    {"k3y%3Aof%2Cchilang", "k3y:of,chilang", "", "chilang", "***"},
    /* Escaped as a whole, or word by word. */
    {"live%2Fsinho%3Fkey%3D" KEY, "live/sinho", "key=" KEY, "sinho", "live/sinho?key=***"},
    {"live%2Fsinho?key=k3y%2Dof-sinho", "live/sinho", "key=" KEY, "sinho", "***?key=***"},
    {"%6b3y-of-sinho", KEY, "", "sinho", "***"},
    /* Once only. */
    {"%256b3y-of-sinho", "%6b3y-of-sinho", "", NULL, "***"},
    {"sinho?key=%256b3y-of-sinho", "sinho", "key=%256b3y-of-sinho", NULL, "sinho?key=***"},
    /* Escapes that are none stay, and those of what no key has can't end the value. */
    {"50%", "50%", "", NULL, "***"},
    {"live/sinho?key=a%26key%3D" KEY, "live/sinho", "key=a%26key%3D" KEY, NULL,
     "live/sinho?key=***"},
    {"live/sinho?key=a%00b", "live/sinho", "key=a%2500b", NULL, "live/sinho?key=***"},
    {"live/sinho?key=a b\xe1\xbb\x9f#", "live/sinho", "key=a%20b%E1%BB%9F%23", NULL,
     "live/sinho?key=***"},
    {"live/sinho?key", "live/sinho", "", NULL, "live/sinho?***"},
    {"live/sinho?key=", "live/sinho", "", NULL, "live/sinho?key="},
    {"live/sinho?", "live/sinho", "", NULL, "live/sinho?"},
    {"sinho", "sinho", "", NULL, "sinho"},
    {"live/s\xc3\xacnho", "live/s\xc3\xacnho", "", NULL, "live/***"},
    {"#" KEY, "#" KEY, "", NULL, "***"},
    {"/", "", "", NULL, "/"},
    {"", "", "", NULL, ""},
};

static void paths_are_read(void **state)
{
    (void)state;
    check_rows(paths, PH_ARRAY_SIZE(paths));
}

/* Who wants to watch is told so; the rest is read as with publishing. */
static const struct row requests[] = {
    {"#!::r=live/sinho,m=request,s=" KEY, "live/sinho", "key=" KEY, "sinho",
     "#!::r=live/sinho,m=request,s=***"},
    {"#!::m=request,r=sinho", "sinho", "", NULL, "#!::m=request,r=sinho"},
    {"read:sinho", "sinho", "", NULL, "read:sinho"},
    {"play:live/sinho:" KEY, "live/sinho", "key=" KEY, "sinho", "play:live/sinho:***"},
    {"request:sinho", "sinho", "", NULL, "request:sinho"},
};

static void requests_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(requests); i++) {
        check_row(&requests[i], PH_SRT_MODE_REQUEST);
    }
}

static void malformed_ids_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        int err;
        const char *redacted;
    } rows[] = {
        {"#!:{m:publish,s:" KEY "}", PH_EPROTO, "#!***"},
        {"#!", PH_EPROTO, "#!"},
        {"#!:", PH_EPROTO, "#!***"},
        {"#!r=sinho,s=" KEY, PH_EPROTO, "#!***"},
        {"#!:r=sinho,s=" KEY, PH_EPROTO, "#!***"},
        {"%23!:%7Bs:" KEY, PH_EPROTO, "#!***"},
        {"#!::" KEY, PH_EPROTO, "#!::***"},
        {"#!::r=sinho,s=ab," KEY, PH_EPROTO, "#!::r=sinho,s=***,***"},
        {"#!::r=sinho,m=watch,s=" KEY, PH_EPROTO, "#!::r=sinho,m=***,s=***"},
        {"#!::r=sinho,t=file,s=" KEY, PH_EUNSUPPORTED, "#!::r=sinho,t=file,s=***"},
        {"#!::r=sinho,t=auth", PH_EUNSUPPORTED, "#!::r=sinho,t=auth"},
        {"#!::r=sinho,t=" KEY, PH_EUNSUPPORTED, "#!::r=sinho,t=***"},
        {"publish:sinho:a:b:c:" KEY, PH_EPROTO, "publish:sinho:***"},
        {"sinho\n?key=" KEY, PH_EPROTO, "***?key=***"},
        {"sinho%0a?key=" KEY, PH_EPROTO, "***?key=***"},
        {"sinho?key=%1b[2J", PH_EPROTO, "sinho?key=***"},
        {"\x7f", PH_EPROTO, "***"},
        {"live%2f%09", PH_EPROTO, "live/***"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_srt_streamid id;
        char redacted[600];
        int err = ph_srt_streamid_parse(&id, rows[i].raw);
        if (err != rows[i].err) {
            fail_msg("%s: %d instead of %d", rows[i].raw, err, rows[i].err);
        }
        ph_srt_streamid_redact(redacted, sizeof(redacted), rows[i].raw, is_name, registry);
        if (strcmp(redacted, rows[i].redacted) != 0) {
            fail_msg("\nraw:      %s\nexpected: %s\nseen:     %s", rows[i].raw, rows[i].redacted,
                     redacted);
        }
    }
}

/* `head`, and so many of `c` behind it that all are `len` bytes; the caller frees them. */
static char *fill(const char *head, char c, size_t len)
{
    char *raw = malloc(len + 1);

    assert_non_null(raw);
    memset(raw, c, len);
    memcpy(raw, head, strlen(head));
    raw[len] = '\0';
    return raw;
}

static void long_ids_end_at_the_protocols_limit(void **state)
{
    (void)state;
    static const char *const heads[] = {"", "/", "sinho?key=", "publish:sinho:", "#!::r=sinho,s="};
    struct ph_srt_streamid id;

    for (size_t i = 0; i < PH_ARRAY_SIZE(heads); i++) {
        const struct ph_registry_entry *entry = NULL;
        char *raw = fill(heads[i], 'x', 512);
        assert_int_equal(ph_srt_streamid_parse(&id, raw), PH_OK);
        assert_true(strlen(id.path) + strlen(id.query) >= 500);
        assert_int_not_equal(ph_publish_authorise(registry, id.path, id.query, &entry),
                             PH_CLOSE_NONE);
        free(raw);
        raw = fill(heads[i], 'x', 513);
        assert_int_equal(ph_srt_streamid_parse(&id, raw), PH_EPROTO);
        free(raw);
    }
}

/* Each byte of the key becomes three: the query is full before it ends, and stays terminated. */
static void hostile_keys_fill_the_query(void **state)
{
    (void)state;
    static const char *const heads[] = {"sinho?key=" KEY, "publish:sinho:" KEY,
                                        "#!::r=sinho,s=" KEY};

    for (size_t i = 0; i < PH_ARRAY_SIZE(heads); i++) {
        const struct ph_registry_entry *entry = NULL;
        struct ph_srt_streamid id;
        char *raw = fill(heads[i], '\xff', 512);
        memset(&id, 0xaa, sizeof(id));
        assert_int_equal(ph_srt_streamid_parse(&id, raw), PH_OK);
        assert_in_range(strnlen(id.query, sizeof(id.query)), 500, sizeof(id.query) - 1);
        assert_string_equal(id.path, "sinho");
        assert_int_equal(ph_publish_authorise(registry, id.path, id.query, &entry),
                         PH_CLOSE_BAD_KEY);
        free(raw);
    }
}

static void redaction_ends_where_its_buffer_does(void **state)
{
    (void)state;
    static const char raw[] = "#!::r=live/sinho,m=publish,s=" KEY;
    static const char wanted[] = "#!::r=live/sinho,m=publish,s=***";

    for (size_t size = 0; size <= sizeof(wanted); size++) {
        char *out = malloc(size > 0 ? size : 1);
        assert_non_null(out);
        ph_srt_streamid_redact(out, size, raw, is_name, registry);
        if (size > 0) {
            assert_int_equal(strlen(out), size - 1);
            assert_memory_equal(out, wanted, size - 1);
        }
        free(out);
    }
}

/* Whatever is cut off at the end: no key, and no part of one, is ever shown. */
static void redaction_hides_every_beginning(void **state)
{
    (void)state;
    static const struct {
        const struct row *rows;
        size_t count;
    } tables[] = {
        {pairs, PH_ARRAY_SIZE(pairs)},
        {fields, PH_ARRAY_SIZE(fields)},
        {paths, PH_ARRAY_SIZE(paths)},
        {requests, PH_ARRAY_SIZE(requests)},
    };

    for (size_t t = 0; t < PH_ARRAY_SIZE(tables); t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const char *raw = tables[t].rows[i].raw;
            for (size_t len = 0; len <= strlen(raw); len++) {
                char redacted[600];
                char *cut = strndup(raw, len);
                assert_non_null(cut);
                ph_srt_streamid_redact(redacted, sizeof(redacted), cut, is_name, registry);
                /* All keys of the tables have a digit, and nothing that may be shown has. */
                if (strpbrk(redacted, "0123456789%") != NULL) {
                    fail_msg("%s is shown as %s", cut, redacted);
                }
                free(cut);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_read),
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(paths_are_read),
        cmocka_unit_test(requests_are_told_apart),
        cmocka_unit_test(malformed_ids_are_refused),
        cmocka_unit_test(long_ids_end_at_the_protocols_limit),
        cmocka_unit_test(hostile_keys_fill_the_query),
        cmocka_unit_test(redaction_ends_where_its_buffer_does),
        cmocka_unit_test(redaction_hides_every_beginning),
    };

    return cmocka_run_group_tests(tests, create_registry, destroy_registry);
}
