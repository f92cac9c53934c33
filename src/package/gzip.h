/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_GZIP_H
#define PHIEN_PACKAGE_GZIP_H

#include <phien/core/buf.h>

/* `text` in gzip's format (RFC 1952); the caller owns the reference. */
struct ph_buf *ph_gzip_pack(const struct ph_buf *text);

#endif
