/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state file as a file. It is never written to where it stands: the next one is written beside
 * it, made durable, and then takes its name, which is one step for whoever looks and for whatever
 * crashes. The folder is made durable as well, or the old name could be back after a power cut.
 */
#include "continuity_file.h"

#include <phien/core/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

static int fail(const char *what, const char *path, char *reason)
{
    char text[128];

    snprintf(reason, PH_CONTINUITY_REASON, "%s %s: %s", what, path,
             strerror_r(errno, text, sizeof(text)));
    return PH_EIO;
}

/* To be freed. */
static char *beside(const char *path, const char *ending)
{
    size_t size = strlen(path) + strlen(ending) + 1;
    char *name = ph_alloc(size);

    snprintf(name, size, "%s%s", path, ending);
    return name;
}

static int make_folders(const char *path, char *reason)
{
    char *folder = ph_strdup(path);
    int err = PH_OK;

    for (char *slash = strchr(folder + 1, '/'); slash != NULL && err == PH_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST) {
            err = fail("cannot create the folder", folder, reason);
        }
        *slash = '/';
    }
    free(folder);
    return err;
}

/* The one that is being written. What a crash has left of another is written over. */
static int open_next(const char *next, int *fd, char *reason)
{
    *fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    return *fd >= 0 ? PH_OK : fail("cannot create", next, reason);
}

/* Of a file of its own, which stays: the state file is another one after each write. */
static int lock(const char *path, int *fd, char *reason)
{
    char *name = beside(path, "-lock");
    int err = PH_OK;

    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (*fd < 0) {
        err = fail("cannot create", name, reason);
    } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(reason, PH_CONTINUITY_REASON, "another phien uses %s", path);
        close(*fd);
        err = PH_EIO;
    }
    free(name);
    return err;
}

static int try_to_create(const char *path, char *reason)
{
    char *next = beside(path, ".new");
    int fd = -1;
    int err = open_next(next, &fd, reason);

    if (err == PH_OK) {
        close(fd);
        unlink(next);
    }
    free(next);
    return err;
}

int ph_continuity_file_claim(const char *path, int *lock_fd, char *reason)
{
    struct stat there;
    int err = make_folders(path, reason);

    if (err == PH_OK && stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        errno = S_ISDIR(there.st_mode) ? EISDIR : EINVAL;
        err = fail("cannot replace", path, reason);
    }
    if (err == PH_OK) {
        err = lock(path, lock_fd, reason);
    }
    if (err == PH_OK) {
        err = try_to_create(path, reason);
        if (err != PH_OK) {
            close(*lock_fd);
        }
    }
    return err;
}

static int read_all(int fd, const char *path, char **out, size_t *len, char *reason)
{
    struct stat there;

    if (fstat(fd, &there) != 0) {
        return fail("cannot read", path, reason);
    }
    if (there.st_size > PH_CONTINUITY_FILE_BYTES_MAX) {
        snprintf(reason, PH_CONTINUITY_REASON, "%s is larger than any state file", path);
        return PH_ELIMIT;
    }
    size_t size = (size_t)there.st_size;
    char *text = ph_alloc(size + 1);
    *len = 0;
    while (*len < size) {
        ssize_t count = read(fd, text + *len, size - *len);
        if (count < 0) {
            free(text);
            return fail("cannot read", path, reason);
        }
        if (count == 0) {
            break;
        }
        *len += (size_t)count;
    }
    *out = text;
    return PH_OK;
}

int ph_continuity_file_read(const char *path, char **out, size_t *len, char *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        int err = errno == ENOENT ? PH_ENOTFOUND : PH_EIO;
        (void)fail("cannot open", path, reason);
        return err;
    }
    int err = read_all(fd, path, out, len, reason);
    close(fd);
    return err;
}

static int write_all(int fd, const char *next, const char *text, size_t len, char *reason)
{
    while (len > 0) {
        ssize_t count = write(fd, text, len);
        if (count < 0 && errno != EINTR) {
            return fail("cannot write", next, reason);
        }
        text += count > 0 ? count : 0;
        len -= count > 0 ? (size_t)count : 0;
    }
    return fdatasync(fd) == 0 ? PH_OK : fail("cannot write", next, reason);
}

static int sync_folder(const char *path, char *reason)
{
    char *copy = ph_strdup(path);
    const char *folder = dirname(copy);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd >= 0 && fsync(fd) == 0 ? PH_OK : fail("cannot sync", folder, reason);

    if (fd >= 0) {
        close(fd);
    }
    free(copy);
    return err;
}

static int write_next(const char *next, const char *text, size_t len, char *reason)
{
    int fd = -1;
    int err = open_next(next, &fd, reason);

    if (err == PH_OK) {
        err = write_all(fd, next, text, len, reason);
        close(fd);
    }
    return err;
}

int ph_continuity_file_write(const char *path, const char *text, size_t len, char *reason)
{
    char *next = beside(path, ".new");
    int err = write_next(next, text, len, reason);

    if (err == PH_OK && rename(next, path) != 0) {
        err = fail("cannot replace", path, reason);
    }
    free(next);
    return err == PH_OK ? sync_folder(path, reason) : err;
}

int ph_continuity_file_put_aside(const char *path, char *reason)
{
    char *aside = beside(path, ".unreadable");
    int err = rename(path, aside) == 0 ? PH_OK : fail("cannot rename", path, reason);

    free(aside);
    return err;
}
