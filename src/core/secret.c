/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/err.h>
#include <phien/core/secret.h>

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

bool ph_secret_equal(const char *secret, const char *said, size_t said_len)
{
    size_t secret_len = strlen(secret);
    volatile uint8_t difference = secret_len != said_len || secret_len == 0;

    /* Every byte that was said is compared, with some byte of the secret, whatever its length. */
    for (size_t i = 0; i < said_len; i++) {
        uint8_t ours = secret_len > 0 ? (uint8_t)secret[i % secret_len] : 0;
        difference = (uint8_t)(difference | (ours ^ (uint8_t)said[i]));
    }
    return difference == 0;
}

void ph_secret_random_hex(char *out, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t done = 0; done < len;) {
        uint8_t bytes[64];
        ssize_t got = getrandom(bytes, sizeof(bytes), 0);
        PH_ASSERT(got > 0); /* requests of up to 256 bytes are never interrupted */
        for (ssize_t i = 0; i < got && done < len; i++) {
            out[done++] = digits[bytes[i] & 15];
        }
    }
    out[len] = '\0';
}
