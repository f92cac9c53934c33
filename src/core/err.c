/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/err.h>
#include <phien/core/log.h>

#include <stdio.h>
#include <stdlib.h>

const char *ph_err_name(int err)
{
    switch (err) {
    case PH_OK:
        return "OK";
#define X(code, name, text)                                                                        \
    case PH_##name:                                                                                \
        return #name;
        PH_ERR_MAP(X)
#undef X
    default:
        return "EUNKNOWN";
    }
}

const char *ph_err_text(int err)
{
    switch (err) {
    case PH_OK:
        return "no error";
#define X(code, name, text)                                                                        \
    case PH_##name:                                                                                \
        return text;
        PH_ERR_MAP(X)
#undef X
    default:
        return "unknown error";
    }
}

_Noreturn void ph_assert_failed(const char *condition, const char *file, int line,
                                const char *function)
{
    ph_log_stop(); /* what led here comes before it */
    fprintf(stderr, "phien: assertion failed: %s (%s:%d, %s)\n", condition, file, line, function);
    abort();
}
