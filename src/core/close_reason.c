/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/close_reason.h>
#include <phien/core/err.h>

struct row {
    const char *name;
    const char *text;
    bool is_error;
};

static const struct row rows[PH_CLOSE_COUNT] = {
    [PH_CLOSE_NONE] = {"none", "it has not ended", false},
#define X(id, name, is_error, text) [PH_CLOSE_##id] = {(name), (text), (is_error)},
    PH_CLOSE_REASON_MAP(X)
#undef X
};

static const struct row *find(enum ph_close_reason reason)
{
    PH_ASSERT(reason >= PH_CLOSE_NONE && reason < PH_CLOSE_COUNT);
    return &rows[reason];
}

const char *ph_close_reason_name(enum ph_close_reason reason)
{
    return find(reason)->name;
}

const char *ph_close_reason_text(enum ph_close_reason reason)
{
    return find(reason)->text;
}

bool ph_close_reason_is_error(enum ph_close_reason reason)
{
    return find(reason)->is_error;
}
