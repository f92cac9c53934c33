/* SPDX-License-Identifier: Apache-2.0 */
#include "invite_fixture.h"

#include <phien/app/invite.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One run of the command, and what it said on both its outputs. */
struct run {
    int err;
    char *out;
    char *notes;
};

static struct run run_invite(const struct market *market, struct ph_invite_options options)
{
    struct run run = {0};
    size_t out_len = 0;
    size_t notes_len = 0;
    FILE *out = open_memstream(&run.out, &out_len);
    FILE *notes = open_memstream(&run.notes, &notes_len);

    run.err = ph_invite_print(&market->conf, &options, out, notes);
    fclose(out);
    fclose(notes);
    return run;
}

static void run_free(struct run *run)
{
    free(run->out);
    free(run->notes);
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        count++;
    }
    return count;
}

static void test_four_ways_are_printed(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    struct run run = run_invite(&market, (struct ph_invite_options){.channel = "sinho"});
    assert_int_equal(run.err, PH_OK);
    assert_string_equal(run.notes, "");
    assert_non_null(strstr(run.out, "Ch\u1ee3 phi\u00ean (sinho)"));
    assert_non_null(strstr(run.out, "server      rtmp://phien.example/live\n"
                                    "  stream key  7f3a19c255d0\n"
                                    "  in one      rtmp://phien.example/live/sinho?key=7f"));
    assert_int_equal(count_of(run.out, "  srt://phien.example:8890?streamid="), 1);
    assert_int_equal(count_of(run.out, "  larix://set/v1?"), 1);
    assert_int_equal(count_of(run.out, "  moblin://?"), 1);
    /* The second row of a QR code: two finders' upper edges, inside the quiet zone. */
    assert_int_equal(count_of(run.out, "\n    \u2588\u2580\u2580\u2580\u2580\u2580\u2588 "), 8);
    assert_int_equal(count_of(run.out, "\x1b"), 0); /* no terminal */
    run_free(&run);
}

static void test_one_way_alone(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    struct run run = run_invite(
        &market, (struct ph_invite_options){
                     .channel = "sinho", .only = "larix", .host = "10.0.0.7", .is_portrait = true});
    assert_int_equal(run.err, PH_OK);
    assert_non_null(strstr(run.out, "larix://set/v1?conn[][url]=srt:%2F%2F10.0.0.7:8890&"));
    assert_non_null(strstr(run.out, "=vertical&"));
    assert_null(strstr(run.out, "rtmp"));
    assert_null(strstr(run.out, "moblin"));
    assert_non_null(strstr(run.notes, "Moblin"));
    run_free(&run);
}

static void test_the_studio_is_for_channels_with_a_token(void **state)
{
    struct market market;
    const struct ph_invite_options options = {.channel = "sinho", .only = "studio"};

    (void)state;
    market_init(&market);
    struct run run = run_invite(&market, options);
    assert_int_equal(run.err, PH_EINVAL);
    run_free(&run);
    market.channels[0].overlay_token = "a-token";
    run = run_invite(&market, options);
    assert_int_equal(run.err, PH_OK);
    assert_non_null(strstr(run.out, "/studio/sinho?token=a-token\n"));
    assert_null(strstr(run.out, market.channels[0].key));
    run_free(&run);
}

static void test_localhost_is_told_of(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.http.public_url = "http://localhost:8080";
    struct run run = run_invite(&market, (struct ph_invite_options){.channel = "sinho"});
    assert_int_equal(run.err, PH_OK);
    assert_string_equal(run.notes, "phien: a phone cannot reach localhost: set http.public_url in "
                                   "the config, or give --host NAME\n");
    run_free(&run);
}

static void test_what_is_off_is_left_out_and_said(void **state)
{
    struct market market;

    (void)state;
    market_init(&market);
    market.conf.srt.listen = "";
    struct run run = run_invite(&market, (struct ph_invite_options){.channel = "sinho"});
    assert_int_equal(run.err, PH_OK);
    assert_non_null(strstr(run.notes, "SRT is off (srt.listen is empty)"));
    assert_null(strstr(run.out, "srt"));
    run_free(&run);

    market_init(&market);
    market.conf.rtmp.listen = "";
    run = run_invite(&market, (struct ph_invite_options){.channel = "sinho"});
    assert_int_equal(run.err, PH_OK);
    assert_non_null(strstr(run.notes, "RTMP is off (rtmp.listen is empty)"));
    assert_null(strstr(run.out, "rtmp"));
    run_free(&run);
    run = run_invite(&market, (struct ph_invite_options){.channel = "sinho", .only = "rtmp"});
    assert_int_equal(run.err, PH_EINVAL);
    assert_string_equal(run.out, "");
    run_free(&run);
}

static void test_an_unknown_channel_is_answered_with_the_known(void **state)
{
    struct ph_conf_channel channels[12];
    char names[12][4];
    struct market market;

    (void)state;
    market_init(&market);
    struct run run = run_invite(&market, (struct ph_invite_options){.channel = "muong-te"});
    assert_int_equal(run.err, PH_ENOTFOUND);
    assert_string_equal(run.notes,
                        "phien: there is no channel \"muong-te\"; there are sinho, bac-ha\n");
    assert_string_equal(run.out, "");
    run_free(&run);

    for (size_t i = 0; i < 12; i++) {
        channels[i] = market.channels[0];
        snprintf(names[i], sizeof(names[i]), "c%zu", i);
        channels[i].name = names[i];
    }
    market.conf.channels = channels;
    market.conf.channels_count = 12;
    run = run_invite(&market, (struct ph_invite_options){.channel = "x"});
    assert_string_equal(run.notes, "phien: there is no channel \"x\"; there are c0, c1, c2, c3, "
                                   "c4, c5, c6, c7, c8, c9, and 2 more\n");
    run_free(&run);
}

static void test_wrong_options_are_refused(void **state)
{
    static const struct {
        struct ph_invite_options options;
        const char *said;
    } rows[] = {
        {{.channel = "sinho", .only = "obs"},
         "--only takes rtmp, srt, larix, moblin or studio, not"},
        {{.channel = "sinho", .host = "a:1"}, "--host takes a name or an address"},
        {{.channel = "sinho", .out_dir = "/dev/null/x"}, "/dev/null/x cannot be made: Not a dir"},
        {{.channel = "sinho", .out_dir = "/dev/null"}, "/sinho-rtmp.png cannot be written: Not"},
    };
    struct market market;

    (void)state;
    market_init(&market);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct run run = run_invite(&market, rows[i].options);
        assert_true(run.err < 0);
        assert_non_null(strstr(run.notes, rows[i].said));
        run_free(&run);
    }
}

static void test_an_output_that_is_full_is_told_of(void **state)
{
    const struct ph_invite_options options = {.channel = "sinho"};
    struct market market;
    char *said = NULL;
    size_t said_len = 0;
    FILE *full = fopen("/dev/full", "w");
    FILE *notes = open_memstream(&said, &said_len);

    (void)state;
    market_init(&market);
    assert_non_null(full);
    assert_int_equal(ph_invite_print(&market.conf, &options, full, notes), PH_EIO);
    fclose(full);
    fclose(notes);
    assert_string_equal(said, "phien: the invitation cannot be written\n");
    free(said);
}

/* Files of the folder; each is its owner's alone, and deleted. */
static size_t empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char file[1024];
        struct stat status;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        assert_int_equal(lstat(file, &status), 0);
        if (S_ISREG(status.st_mode)) {
            assert_int_equal(status.st_mode & 07777, 0600);
            assert_true(status.st_size > 500);
            count++;
        }
        if (!S_ISDIR(status.st_mode)) {
            unlink(file);
        }
    }
    closedir(folder);
    return count;
}

static void test_files_are_their_owner_s_alone(void **state)
{
    static const char *const kinds[] = {"rtmp", "srt", "larix", "moblin"};
    char root[] = "/tmp/phien-invite-XXXXXX";
    char folder[64];
    char path[128];
    struct market market;

    (void)state;
    market_init(&market);
    assert_non_null(mkdtemp(root));
    snprintf(folder, sizeof(folder), "%s/out", root);
    for (int round = 0; round < 2; round++) { /* the second time they are there already */
        const struct ph_invite_options options = {.channel = "sinho", .out_dir = folder};
        struct run run = run_invite(&market, options);
        assert_int_equal(run.err, PH_OK);
        assert_null(strstr(run.out, "\u2588"));
        for (size_t i = 0; i < 4; i++) {
            snprintf(path, sizeof(path), "  %s/sinho-%s.png\n", folder, kinds[i]);
            assert_non_null(strstr(run.out, path));
            snprintf(path, sizeof(path), "%s/sinho-%s.svg", folder, kinds[i]);
            assert_non_null(strstr(run.out, path));
            assert_int_equal(chmod(path, round == 0 ? 0644 : 0600), 0);
        }
        run_free(&run);
    }
    assert_int_equal(empty_folder(folder), 8);
    rmdir(folder);
    rmdir(root);
}

/* Nobody leads the secret elsewhere by a link that lies there already. */
static void test_links_are_not_followed(void **state)
{
    char root[] = "/tmp/phien-invite-XXXXXX";
    char link_path[64];
    char elsewhere[64];
    struct market market;

    (void)state;
    market_init(&market);
    assert_non_null(mkdtemp(root));
    snprintf(link_path, sizeof(link_path), "%s/sinho-srt.png", root);
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", root);
    assert_int_equal(symlink(elsewhere, link_path), 0);
    struct run run = run_invite(
        &market, (struct ph_invite_options){.channel = "sinho", .only = "srt", .out_dir = root});
    assert_int_equal(run.err, PH_EIO);
    assert_non_null(strstr(run.notes, "sinho-srt.png cannot be written"));
    assert_int_not_equal(access(elsewhere, F_OK), 0);
    run_free(&run);
    assert_int_equal(empty_folder(root), 0);
    rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_ways_are_printed),
        cmocka_unit_test(test_one_way_alone),
        cmocka_unit_test(test_the_studio_is_for_channels_with_a_token),
        cmocka_unit_test(test_localhost_is_told_of),
        cmocka_unit_test(test_what_is_off_is_left_out_and_said),
        cmocka_unit_test(test_an_unknown_channel_is_answered_with_the_known),
        cmocka_unit_test(test_wrong_options_are_refused),
        cmocka_unit_test(test_an_output_that_is_full_is_told_of),
        cmocka_unit_test(test_files_are_their_owner_s_alone),
        cmocka_unit_test(test_links_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
