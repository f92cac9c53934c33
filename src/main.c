/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/app/invite.h>
#include <phien/app/server.h>
#include <phien/core/conf.h>
#include <phien/core/log.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct arguments {
    const char *conf_path;
    bool is_check;
    struct ph_invite_options invite; /* of no channel, unless that is what to do */
};

static const char usage[] =
    "Usage: phien -c FILE [--check]\n"
    "       phien invite NAME -c FILE [--only WHAT] [--host HOST] [--portrait] [--out DIR]\n"
    "\n"
    "Takes live streams from phones and puts them on air as HLS and Low-Latency HLS.\n"
    "\n"
    "  -c, --config FILE  the config file; conf/phien.yaml explains every key\n"
    "      --check        check the config file and exit: 0 if it is right, else 1\n"
    "      --version      print the version and exit\n"
    "  -h, --help         print this and exit\n"
    "\n"
    "invite prints what a seller's phone needs to push to the channel NAME: the RTMP and SRT\n"
    "addresses, and links that set up Larix Broadcaster, IRL Pro and Moblin, and a helper's phone\n"
    "the studio's, with QR codes.\n"
    "\n"
    "      --only WHAT    rtmp, srt, larix, moblin or studio alone\n"
    "      --host HOST    what phones call this server, if it is not http.public_url's host\n"
    "      --portrait     the phone is held upright\n"
    "      --out DIR      QR codes as DIR/NAME-larix.png, .svg and so on, not on the terminal\n";

enum { GO_ON = -1 };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 'k'},
    {"only", required_argument, NULL, 'y'},
    {"host", required_argument, NULL, 'a'},
    {"portrait", no_argument, NULL, 'p'},
    {"out", required_argument, NULL, 'o'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* GO_ON, or what to exit with. */
static int take_option(struct arguments *out, int option)
{
    switch (option) {
    case 'c':
        out->conf_path = optarg;
        return GO_ON;
    case 'k':
        out->is_check = true;
        return GO_ON;
    case 'y':
        out->invite.only = optarg;
        return GO_ON;
    case 'a':
        out->invite.host = optarg;
        return GO_ON;
    case 'p':
        out->invite.is_portrait = true;
        return GO_ON;
    case 'o':
        out->invite.out_dir = optarg;
        return GO_ON;
    case 'v':
        puts("phien " PHIEN_VERSION);
        return 0;
    case 'h':
        fputs(usage, stdout);
        return 0;
    default:
        fputs("Try: phien --help\n", stderr);
        return 2;
    }
}

/* What is wrong with what was asked for; NULL if nothing is. */
static const char *take_words(struct arguments *out, int count, char **words)
{
    const struct ph_invite_options *invite = &out->invite;
    bool is_invite = count > 0 && strcmp(words[0], "invite") == 0;

    if (is_invite && count == 1) {
        return "invite to which channel? Give its NAME";
    }
    if (count > (is_invite ? 2 : 0)) {
        return "an argument too many";
    }
    if (!is_invite && (invite->only || invite->host || invite->out_dir || invite->is_portrait)) {
        return "--only, --host, --portrait and --out belong to phien invite";
    }
    out->invite.channel = is_invite ? words[1] : NULL;
    return out->conf_path == NULL ? "which config file? Give -c FILE" : NULL;
}

/* GO_ON, or what to exit with. */
static int parse_arguments(struct arguments *out, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        int status = take_option(out, option);
        if (status != GO_ON) {
            return status;
        }
    }
    const char *wrong = take_words(out, argc - optind, argv + optind);
    if (wrong != NULL) {
        fprintf(stderr, "phien: %s\n\n%s", wrong, usage);
        return 2;
    }
    return GO_ON;
}

static int run(const struct ph_conf *conf)
{
    struct ph_server *server = NULL;
    int err = ph_server_create(&server, conf);

    if (err == PH_OK) {
        if (ph_log_start() != PH_OK) {
            ph_log_warn("log.no_thread", ph_kv("reason", "the log may hold everything up"));
        }
        err = ph_server_run(server);
    }
    ph_server_destroy(&server);
    ph_log_stop();
    return err == PH_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct ph_conf_error error = {0};
    struct ph_conf *conf = NULL;
    int status = parse_arguments(&arguments, argc, argv);

    if (status != GO_ON) {
        return status;
    }
    if (ph_conf_load(&conf, arguments.conf_path, &error) != PH_OK) {
        char text[1024];
        ph_conf_error_format(&error, arguments.conf_path, text, sizeof(text));
        fprintf(stderr, "phien: %s\n", text);
        return 1;
    }
    if (arguments.is_check) {
        printf("%s: right, %zu channel%s\n", arguments.conf_path, conf->channels_count,
               conf->channels_count == 1 ? "" : "s");
        status = 0;
    } else if (arguments.invite.channel != NULL) {
        status = ph_invite_print(conf, &arguments.invite, stdout, stderr) == PH_OK ? 0 : 1;
    } else {
        ph_log_setup(conf->log.level, conf->log.format);
        status = run(conf);
    }
    ph_conf_destroy(&conf);
    return status;
}
