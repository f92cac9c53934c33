/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database as a file: where it is, who may read it, who has it.
 *
 * The lock is a file of its own beside the database. SQLite's exclusive mode would do as well, but
 * then an operator could not look into the database while phien runs. And it is never deleted: one
 * process would hold the lock of a file that is gone, another that of the new one.
 */
#include "store_file.h"

#include <phien/core/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

static int fail(const char *what, const char *path, char *hint, size_t size)
{
    int reason = errno;
    char text[128];
    bool is_forbidden = reason == EACCES || reason == EPERM || reason == EROFS;

    snprintf(hint, size, "%s %s: %s; %s", what, path, strerror_r(reason, text, sizeof(text)),
             is_forbidden ? "let phien's user write there, or set overlay.database to elsewhere"
                          : "set overlay.database to a file that can be created");
    return is_forbidden ? PH_EACCESS : PH_EIO;
}

/* All folders on the way to the file that are missing. */
static int make_folders(const char *path, char *hint, size_t size)
{
    char *folder = ph_strdup(path);
    int err = PH_OK;

    for (char *slash = strchr(folder + 1, '/'); slash != NULL && err == PH_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST) {
            err = fail("cannot create the folder", folder, hint, size);
        }
        *slash = '/';
    }
    free(folder);
    return err;
}

static int open_file(const char *path, int *fd, char *hint, size_t size)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    return *fd >= 0 ? PH_OK : fail("cannot open", path, hint, size);
}

static int lock(const char *path, int *fd, char *hint, size_t size)
{
    size_t name_size = strlen(path) + sizeof("-lock");
    char *name = ph_alloc(name_size);

    snprintf(name, name_size, "%s-lock", path);
    int err = open_file(name, fd, hint, size);
    free(name);
    if (err == PH_OK && flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(hint, size,
                 "another phien uses %s; stop it, or give this one an overlay.database of its own",
                 path);
        close(*fd);
        *fd = -1;
        err = PH_EACCESS;
    }
    return err;
}

int ph_store_file_claim(const char *path, int *lock_fd, char *hint, size_t size)
{
    int fd = -1;
    int err = make_folders(path, hint, size);

    if (err == PH_OK) {
        err = lock(path, lock_fd, hint, size);
    }
    if (err == PH_OK) {
        /* SQLite would create it with whatever the umask leaves of 0644. */
        err = open_file(path, &fd, hint, size);
        if (err == PH_OK) {
            close(fd);
        } else {
            close(*lock_fd);
            *lock_fd = -1;
        }
    }
    return err;
}
