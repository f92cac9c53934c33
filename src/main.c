/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/app/server.h>
#include <phien/core/conf.h>
#include <phien/core/log.h>

#include <getopt.h>
#include <stdio.h>

struct arguments {
    const char *conf_path;
    bool is_check;
};

static const char usage[] =
    "Usage: phien -c FILE [--check]\n"
    "\n"
    "Takes live streams from phones and puts them on air as HLS and Low-Latency HLS.\n"
    "\n"
    "  -c, --config FILE  the config file; conf/phien.yaml explains every key\n"
    "      --check        check the config file and exit: 0 if it is right, else 1\n"
    "      --version      print the version and exit\n"
    "  -h, --help         print this and exit\n";

enum { GO_ON = -1 };

/* GO_ON, or what to exit with. */
static int parse_arguments(struct arguments *out, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            out->conf_path = optarg;
            break;
        case 'k':
            out->is_check = true;
            break;
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
    if (optind < argc || out->conf_path == NULL) {
        fprintf(stderr, "phien: %s\n\n%s",
                optind < argc ? "an argument too many" : "which config file? Give -c FILE", usage);
        return 2;
    }
    return GO_ON;
}

static int run(const struct ph_conf *conf)
{
    struct ph_server *server = NULL;
    int err = ph_server_create(&server, conf);

    if (err == PH_OK) {
        err = ph_server_run(server);
    }
    ph_server_destroy(&server);
    return err == PH_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {NULL, false};
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
    } else {
        ph_log_setup(conf->log.level, conf->log.format);
        status = run(conf);
    }
    ph_conf_destroy(&conf);
    return status;
}
