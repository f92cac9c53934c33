/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/media/registry.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { CHANNELS = 300, WORKERS = 4 };

static char names[CHANNELS][24];
static char keys[CHANNELS][24];
static struct ph_conf_channel channels[CHANNELS];
static struct ph_stats stats[WORKERS];
static struct ph_stats *const stats_of[WORKERS] = {&stats[0], &stats[1], &stats[2], &stats[3]};
static struct ph_conf conf = {.workers = WORKERS, .channels = channels, .channels_count = CHANNELS};

static int set_up(void **state)
{
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(names[i], sizeof(names[i]), "channel-%d", i);
        snprintf(keys[i], sizeof(keys[i]), "s3cret-%d", i);
        channels[i] = (struct ph_conf_channel){
            .name = names[i], .key = keys[i], .title = "", .overlay_token = ""};
    }
    *state = ph_registry_create(&conf, stats_of);
    return 0;
}

static int tear_down(void **state)
{
    struct ph_registry *registry = *state;

    ph_registry_destroy(&registry);
    assert_null(registry);
    ph_registry_destroy(&registry);
    return 0;
}

static void every_channel_is_found_by_name_and_key(void **state)
{
    const struct ph_registry *registry = *state;

    assert_int_equal(ph_registry_count(registry), CHANNELS);
    for (unsigned i = 0; i < CHANNELS; i++) {
        const struct ph_registry_entry *entry =
            ph_registry_find(registry, names[i], strlen(names[i]));
        assert_ptr_equal(entry, ph_registry_at(registry, i));
        assert_ptr_equal(entry, ph_registry_find_by_key(registry, keys[i], strlen(keys[i])));
        assert_int_equal(entry->index, i);
        assert_ptr_equal(entry->conf, &channels[i]);
        assert_string_equal(ph_channel_name(entry->channel), names[i]);
        assert_string_equal(ph_channel_title(entry->channel), names[i]); /* it has none */
    }
    assert_null(ph_registry_at(registry, CHANNELS));
}

static void what_is_not_there_is_not_found(void **state)
{
    const struct ph_registry *registry = *state;

    assert_null(ph_registry_find(registry, "", 0));
    assert_null(ph_registry_find(registry, "channel-", 8));
    assert_null(ph_registry_find(registry, "channel-300", 11));
    assert_null(ph_registry_find(registry, "Channel-1", 9));
    assert_null(ph_registry_find(registry, "channel-1\0", 10));
    assert_null(ph_registry_find_by_key(registry, "", 0));
    assert_null(ph_registry_find_by_key(registry, "s3cret-", 7));
    assert_null(ph_registry_find_by_key(registry, "s3cret-1\0", 9));
    assert_null(ph_registry_find_by_key(registry, "channel-1", 9));
}

static void names_need_no_terminator(void **state)
{
    const struct ph_registry *registry = *state;

    assert_int_equal(ph_registry_find(registry, "channel-12/av.m3u8", 10)->index, 12);
    assert_int_equal(ph_registry_find_by_key(registry, "s3cret-12&x=y", 9)->index, 12);
}

static void homes_are_spread_and_lasting(void **state)
{
    const struct ph_registry *registry = *state;
    struct ph_registry *again = ph_registry_create(&conf, stats_of);
    int at[WORKERS] = {0};

    for (size_t i = 0; i < CHANNELS; i++) {
        unsigned home = ph_registry_at(registry, i)->home;
        assert_true(home < WORKERS);
        assert_int_equal(home, ph_registry_at(again, i)->home);
        at[home]++;
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_true(at[i] > CHANNELS / WORKERS / 2);
    }
    ph_registry_destroy(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_channel_is_found_by_name_and_key),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(names_need_no_terminator),
        cmocka_unit_test(homes_are_spread_and_lasting),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
