/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A config file's way into struct ph_conf: read, check place by place (conf_check), load by
 * schema (conf_load), check what concerns several places (conf_together), and at last put values
 * that the struct holds in another form than the file into that form.
 */
#include "conf_load.h"
#include "conf_together.h"

#include <phien/core/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, BYTES_PER_MB = 1024 * 1024 };

/* The cores that this process may use, which in a container are fewer than the machine has. */
static unsigned count_cores(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

static char *take_text(const char **text)
{
    char *owned;

    memcpy(&owned, text, sizeof(owned));
    *text = NULL;
    return owned;
}

/* From what the file says to what the program needs. */
static void resolve(struct ph_conf *conf)
{
    char *url = take_text(&conf->http.public_url);
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/') {
        url[--len] = '\0';
    }
    conf->http.public_url = url;
    conf->workers = conf->workers > 0 ? conf->workers : count_cores();
    conf->hls.max_channel_bytes *= BYTES_PER_MB;
    for (size_t i = 0; i < conf->channels_count; i++) {
        struct ph_conf_channel *channel = &conf->channels[i];
        if (channel->title[0] == '\0') {
            free(take_text(&channel->title));
            channel->title = ph_strdup(channel->name);
        }
    }
}

static int parse(struct ph_conf **out, const char *yaml, size_t len, struct ph_conf_lines *lines,
                 struct ph_conf_error *error)
{
    struct ph_conf *conf = NULL;
    int err = ph_conf_check(lines, yaml, len, error);

    if (err != PH_OK) {
        return err;
    }
    memset(error, 0, sizeof(*error));
    err = ph_conf_load_yaml(&conf, yaml, len, lines, error);
    if (err != PH_OK || (err = ph_conf_check_together(conf, lines, error)) != PH_OK) {
        ph_conf_destroy(&conf);
        return err;
    }
    resolve(conf);
    *out = conf;
    return PH_OK;
}

int ph_conf_parse(struct ph_conf **out, const char *yaml, size_t len, struct ph_conf_error *error)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct ph_conf_lines lines = {0};

    memset(error, 0, sizeof(*error));
    if (len > PH_CONF_FILE_BYTES_MAX) {
        snprintf(error->text, sizeof(error->text), "larger than 1 MB, which no config should be");
        return PH_EINVAL;
    }
    if (len >= 3 && memcmp(yaml, byte_order_mark, 3) == 0) {
        yaml += 3;
        len -= 3;
    }
    int err = parse(out, yaml, len, &lines, error);
    ph_conf_lines_fini(&lines);
    return err;
}

/* Up to one byte more than is allowed, so that ph_conf_parse sees that it is too large. */
static ssize_t read_all(int fd, char *data, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, data + len, size - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)len;
        }
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static int refuse_file(struct ph_conf_error *error, int system_error)
{
    memset(error, 0, sizeof(*error));
    snprintf(error->text, sizeof(error->text), "cannot be read: %s", strerror(system_error));
    return system_error == ENOENT || system_error == ENOTDIR ? PH_ENOTFOUND : PH_EIO;
}

int ph_conf_load(struct ph_conf **out, const char *path, struct ph_conf_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return refuse_file(error, errno);
    }
    char *yaml = ph_alloc(PH_CONF_FILE_BYTES_MAX + 1);
    ssize_t len = read_all(fd, yaml, PH_CONF_FILE_BYTES_MAX + 1);
    int err = len < 0 ? refuse_file(error, errno) : ph_conf_parse(out, yaml, (size_t)len, error);
    close(fd);
    free(yaml);
    return err;
}

static void free_texts(void *base, bool is_channel)
{
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        if (key->type == PH_CONF_TYPE_TEXT &&
            (strcmp(key->section, PH_CONF_CHANNELS) == 0) == is_channel) {
            free(*(char **)ph_conf_key_slot(key, base));
        }
    }
}

void ph_conf_destroy(struct ph_conf **ref)
{
    struct ph_conf *conf = *ref;

    *ref = NULL;
    if (conf == NULL) {
        return;
    }
    for (size_t i = 0; i < conf->channels_count; i++) {
        free_texts(&conf->channels[i], true);
    }
    free(conf->channels);
    free_texts(conf, false);
    free(conf);
}

const char *ph_conf_srt_passphrase(const struct ph_conf *conf,
                                   const struct ph_conf_channel *channel)
{
    return *channel->srt_passphrase != '\0' ? channel->srt_passphrase : conf->srt.passphrase;
}

unsigned ph_conf_srt_latency_ms(const struct ph_conf *conf, const struct ph_conf_channel *channel)
{
    return channel->srt_latency_ms != 0 ? channel->srt_latency_ms : conf->srt.latency_ms;
}

void ph_conf_error_format(const struct ph_conf_error *error, const char *path, char *out,
                          size_t size)
{
    char place[16] = "";

    if (error->line > 0) {
        snprintf(place, sizeof(place), path != NULL ? ":%u" : "line %u", error->line);
    }
    snprintf(out, size, "%s%s%s%s%s%s", path != NULL ? path : "", place,
             path != NULL || error->line > 0 ? ": " : "", error->key,
             error->key[0] != '\0' ? ": " : "", error->text);
}
