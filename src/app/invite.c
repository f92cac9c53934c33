/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `phien invite`: the links of invite_links.c with their QR codes, on a terminal or as files.
 */
#include "invite_links.h"
#include "qr.h"

#include <phien/app/invite.h>
#include <phien/core/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHANNELS_LISTED = 10,
    PICTURE_BYTES_MAX = 4 * 1024 * 1024, /* the largest QR code takes some 100 kB */
};

struct invitation {
    const char *name; /* in file names and for --only */
    const char *title;
};

static const struct invitation invitations[PH_INVITE_COUNT] = {
    [PH_INVITE_RTMP] = {"rtmp", "RTMP, for any app"},
    [PH_INVITE_SRT] = {"srt", "SRT, for any app that speaks it"},
    [PH_INVITE_LARIX] = {"larix", "Larix Broadcaster or IRL Pro: scan it with the phone's camera"},
    [PH_INVITE_MOBLIN] = {"moblin", "Moblin: scan it with the phone's camera"},
    [PH_INVITE_STUDIO] = {"studio", "The studio, for another phone: whoever helps pins products"},
};

static int say_unknown_channel(const struct ph_conf *conf, const char *name, FILE *notes)
{
    size_t count = conf->channels_count < CHANNELS_LISTED ? conf->channels_count : CHANNELS_LISTED;

    fprintf(notes, "phien: there is no channel \"%s\"; there %s", name,
            conf->channels_count == 1 ? "is" : "are");
    for (size_t i = 0; i < count; i++) {
        fprintf(notes, "%s %s", i > 0 ? "," : "", conf->channels[i].name);
    }
    if (conf->channels_count > count) {
        fprintf(notes, ", and %zu more", conf->channels_count - count);
    }
    fputc('\n', notes);
    return PH_ENOTFOUND;
}

static int find_kind(const char *name, FILE *notes)
{
    for (int kind = PH_INVITE_RTMP; kind < PH_INVITE_COUNT; kind++) {
        if (strcmp(name, invitations[kind].name) == 0) {
            return kind;
        }
    }
    fprintf(notes, "phien: --only takes rtmp, srt, larix, moblin or studio, not \"%s\"\n", name);
    return PH_EINVAL;
}

/* What the reader cannot see in the links. */
static void note_surprises(const struct ph_invite_target *target, FILE *notes)
{
    if (ph_invite_target_is_local(target)) {
        fprintf(notes,
                "phien: a phone cannot reach %s: set http.public_url in the config, or give "
                "--host NAME\n",
                target->host);
    }
    if (!target->has_srt) {
        fputs("phien: SRT is off (srt.listen is empty): the apps' links are to RTMP\n", notes);
    }
    if (!target->has_rtmp) {
        fputs("phien: RTMP is off (rtmp.listen is empty): there is no RTMP address\n", notes);
    }
    if (target->is_portrait) {
        fputs("phien: Moblin's links cannot ask for portrait: switch it on in the app\n", notes);
    }
}

/* A file that its owner alone can read, whoever could read one of this name before. */
static int write_file(const char *path, const struct ph_writer *bytes, FILE *notes)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_written = file >= 0 && fchmod(file, 0600) == 0;

    for (size_t done = 0; done < bytes->len && is_written;) {
        ssize_t n = write(file, bytes->data + done, bytes->len - done);
        is_written = n > 0 || (n < 0 && errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
    int reason = errno;
    if (file >= 0 && close(file) != 0 && is_written) {
        is_written = false;
        reason = errno;
    }
    if (!is_written) {
        fprintf(notes, "phien: %s cannot be written: %s\n", path, strerror(reason));
        return PH_EIO;
    }
    return PH_OK;
}

static int write_picture(const struct ph_qr *qr, const char *path, bool is_png, FILE *out,
                         FILE *notes)
{
    struct ph_writer bytes;
    int err = PH_OK;

    ph_writer_init(&bytes, PICTURE_BYTES_MAX);
    if (is_png) {
        err = ph_qr_write_png(qr, &bytes);
    } else {
        ph_qr_write_svg(qr, &bytes);
    }
    if (err != PH_OK || bytes.failed) {
        fprintf(notes, "phien: %s cannot be drawn: %s\n", path, ph_err_text(err));
        err = err != PH_OK ? err : PH_ENOMEM;
    } else {
        err = write_file(path, &bytes, notes);
    }
    if (err == PH_OK) {
        fprintf(out, "  %s\n", path);
    }
    ph_writer_fini(&bytes);
    return err;
}

static int write_pictures(const struct ph_qr *qr, const char *dir, const char *channel,
                          const char *kind, FILE *out, FILE *notes)
{
    static const char *const endings[] = {"png", "svg"};
    int err = PH_OK;

    for (size_t i = 0; i < PH_ARRAY_SIZE(endings) && err == PH_OK; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s-%s.%s", dir, channel, kind, endings[i]) < 0) {
            return PH_ENOMEM;
        }
        err = write_picture(qr, path, i == 0, out, notes);
        free(path);
    }
    return err;
}

/* Columns of the terminal that `out` is; 0 if it is none or does not tell. */
static unsigned columns_of(FILE *out)
{
    struct winsize size = {0};

    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void print_qr(const struct ph_qr *qr, FILE *out, FILE *notes)
{
    unsigned columns = columns_of(out);
    struct ph_writer text;

    if (columns > 0 && columns < ph_qr_size(qr)) {
        fprintf(notes, "phien: the QR code needs %u columns and the terminal has %u: %s\n",
                ph_qr_size(qr), columns, "widen it or choose a smaller font, or give --out DIR");
        return;
    }
    ph_writer_init(&text, PICTURE_BYTES_MAX);
    ph_qr_write_text(qr, isatty(fileno(out)) == 1, &text);
    fwrite(text.data, 1, text.len, out);
    ph_writer_fini(&text);
}

static void print_link(const struct ph_invite_target *target, enum ph_invite_kind kind,
                       const char *link, FILE *out)
{
    fprintf(out, "\n%s\n", invitations[kind].title);
    if (kind == PH_INVITE_RTMP) {
        char *server = ph_invite_rtmp_server(target);
        fprintf(out, "  server      %s\n  stream key  %s\n  in one      %s\n", server,
                target->channel->key, link);
        free(server);
    } else {
        fprintf(out, "  %s\n", link);
    }
}

/* One kind of invitation; nothing if the config has it off. */
static int invite(const struct ph_invite_target *target, enum ph_invite_kind kind,
                  const struct ph_invite_options *options, FILE *out, FILE *notes)
{
    char *link = ph_invite_link(target, kind);
    struct ph_qr *qr = NULL;

    if (link == NULL) {
        return PH_OK;
    }
    print_link(target, kind, link, out);
    /* A file may be printed and hung up at the market; a screen is never dirty, but small. */
    int err = ph_qr_create(&qr, link, options->out_dir != NULL);
    if (err != PH_OK) {
        fprintf(notes, "phien: no QR code of the link for %s: %s\n", invitations[kind].name,
                ph_err_text(err));
    } else if (options->out_dir != NULL) {
        err = write_pictures(qr, options->out_dir, target->channel->name, invitations[kind].name,
                             out, notes);
    } else {
        print_qr(qr, out, notes);
    }
    ph_qr_destroy(&qr);
    free(link);
    return err;
}

/* PH_OK: there is something to invite to, and a place for files. */
static int prepare(const struct ph_invite_target *target, int only,
                   const struct ph_invite_options *options, FILE *notes)
{
    if ((!target->has_rtmp && !target->has_srt) || (only == PH_INVITE_RTMP && !target->has_rtmp) ||
        (only == PH_INVITE_SRT && !target->has_srt) ||
        (only == PH_INVITE_STUDIO && *target->channel->overlay_token == '\0')) {
        fputs("phien: nothing to invite to: that is off in the config\n", notes);
        return PH_EINVAL;
    }
    if (options->out_dir != NULL && mkdir(options->out_dir, 0700) != 0 && errno != EEXIST) {
        fprintf(notes, "phien: %s cannot be made: %s\n", options->out_dir, strerror(errno));
        return PH_EIO;
    }
    return PH_OK;
}

int ph_invite_print(const struct ph_conf *conf, const struct ph_invite_options *options, FILE *out,
                    FILE *notes)
{
    struct ph_invite_target target;
    int only = options->only != NULL ? find_kind(options->only, notes) : PH_INVITE_NONE;

    if (only < 0) {
        return only;
    }
    int err = ph_invite_target_init(&target, conf, options->channel, options->host);
    if (err == PH_ENOTFOUND) {
        return say_unknown_channel(conf, options->channel, notes);
    }
    if (err != PH_OK) {
        fputs("phien: --host takes a name or an address, without a port\n", notes);
        return err;
    }
    target.is_portrait = options->is_portrait;
    note_surprises(&target, notes);
    err = prepare(&target, only, options, notes);
    if (err == PH_OK) {
        fprintf(out, "Push to %s (%s). Keep this secret: it has the key in it.\n",
                target.channel->title, target.channel->name);
    }
    for (int kind = PH_INVITE_RTMP; kind < PH_INVITE_COUNT && err == PH_OK; kind++) {
        if (only == PH_INVITE_NONE || only == kind) {
            err = invite(&target, (enum ph_invite_kind)kind, options, out, notes);
        }
    }
    if (err == PH_OK && (fflush(out) != 0 || ferror(out))) {
        fputs("phien: the invitation cannot be written\n", notes);
        err = PH_EIO;
    }
    return err;
}
