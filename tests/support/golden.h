/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_GOLDEN_H
#define PHIEN_TESTS_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Compares bytes with tests/golden/NAME. With PHIEN_UPDATE_GOLDEN in the environment it writes
 * the file instead: read the difference before you commit it.
 */
static inline void assert_golden(const char *name, const void *data, size_t len)
{
    char path[512];
    size_t size = 0;

    snprintf(path, sizeof(path), "%s/tests/golden/%s", PHIEN_SOURCE_DIR, name);
    if (getenv("PHIEN_UPDATE_GOLDEN") != NULL) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(data, 1, len, out), len);
        fclose(out);
        return;
    }
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        fail_msg("%s is not there; PHIEN_UPDATE_GOLDEN=1 writes it", path);
    }
    char *wanted = malloc(len + 1);
    assert_non_null(wanted);
    size = fread(wanted, 1, len + 1, in);
    fclose(in);
    if (size != len || memcmp(wanted, data, len) != 0) {
        print_error("got:\n%.*s\nbut %s says otherwise\n", (int)len, (const char *)data, path);
    }
    assert_int_equal(size, len);
    assert_memory_equal(wanted, data, len);
    free(wanted);
}

#endif
