/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploaded images. One that is uploaded again is only made young again; where there are too many,
 * those go that no product shows, the oldest first.
 */
#include "image.h"
#include "store_db.h"

#include <phien/core/mem.h>

#include <string.h>

static int touch_image(struct ph_store_db *db, const struct ph_store_image *image, bool *is_there)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_TOUCH_IMAGE);

    ph_sqlite_bind_text(&run, image->channel);
    ph_sqlite_bind_text(&run, image->name);
    ph_sqlite_bind_int(&run, ph_clock_wall());
    int code = ph_sqlite_finish(&run);
    *is_there = code == SQLITE_OK && sqlite3_changes(db->sqlite) > 0;
    return code;
}

static int count_images(struct ph_store_db *db, const char *channel, int64_t *count)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_COUNT_IMAGES);

    ph_sqlite_bind_text(&run, channel);
    *count = ph_sqlite_step(&run) ? ph_sqlite_int(&run) : 0;
    return ph_sqlite_end(&run);
}

static int delete_images(struct ph_store_db *db, const char *channel, int64_t count)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_DELETE_IMAGES);

    ph_sqlite_bind_text(&run, channel);
    ph_sqlite_bind_int(&run, count);
    return ph_sqlite_finish(&run);
}

/* Sees to it that there is room for one more. */
static int make_room(struct ph_store_db *db, const char *channel, bool *has_room)
{
    int64_t count;
    int code = count_images(db, channel, &count);

    *has_room = count < PH_IMAGES_MAX;
    if (code == SQLITE_OK && !*has_room) {
        int64_t spare = count - PH_IMAGES_MAX + 1;
        code = delete_images(db, channel, spare);
        *has_room = code == SQLITE_OK && sqlite3_changes(db->sqlite) >= spare;
    }
    return code;
}

static int insert_image(struct ph_store_db *db, const struct ph_store_image *image)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_PUT_IMAGE);

    ph_sqlite_bind_text(&run, image->channel);
    ph_sqlite_bind_text(&run, image->name);
    ph_sqlite_bind_int(&run, ph_clock_wall());
    ph_sqlite_bind_bytes(&run, image->bytes->data, image->bytes->len);
    return ph_sqlite_finish(&run);
}

int ph_store_images_put(struct ph_store_db *db, struct ph_store_job *job)
{
    struct ph_store_image *image = ph_container_of(job, struct ph_store_image, job);
    bool is_there;
    bool has_room = false;
    int code = touch_image(db, image, &is_there);

    image->is_new = !is_there;
    if (code != SQLITE_OK || is_there) {
        return code;
    }
    code = make_room(db, image->channel, &has_room);
    if (code == SQLITE_OK && !has_room) {
        job->err = PH_ELIMIT;
        return SQLITE_OK;
    }
    return code == SQLITE_OK ? insert_image(db, image) : code;
}

int ph_store_images_get(struct ph_store_db *db, struct ph_store_job *job)
{
    struct ph_store_image *image = ph_container_of(job, struct ph_store_image, job);
    struct ph_sqlite_run run = ph_store_db_begin(db, PH_STORE_SQL_GET_IMAGE);

    image->bytes = NULL;
    image->type = ph_image_name_type(image->name, strlen(image->name));
    ph_sqlite_bind_text(&run, image->channel);
    ph_sqlite_bind_text(&run, image->name);
    if (ph_sqlite_step(&run)) {
        size_t len;
        const void *bytes = ph_sqlite_bytes(&run, &len);
        image->bytes = ph_buf_copy(bytes, len);
    }
    return ph_sqlite_end(&run);
}
