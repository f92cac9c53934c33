/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_WEB_ASSETS_H
#define PHIEN_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The web pages, built by npm when phien is built and linked into it: no file is read at run
 * time. Everything here is constant, so any thread may use it.
 *
 * A page ("watch.html"), and what others load by its name ("phien-overlay.js"), keeps that from
 * build to build and must be revalidated: serve it with "Cache-Control: no-cache", its entity tag
 * and, for other people's pages, CORS. What pages load has the hash of its content in
 * its name ("watch-0f3a5c9e1b7d2468.js"), is immutable, and lies under /assets/, which is where
 * the pages look for it: serve it with "public, max-age=31536000, immutable". No name has a '/'.
 */
struct ph_asset {
    const char *name;
    const char *content_type; /* with its charset */
    const char *etag;         /* of `data`, with quotes, from its hash */
    const uint8_t *data;
    size_t len;
    const char *gzip_etag; /* of `gzip`: a strong tag names one encoding (RFC 9110 8.8.3.3) */
    const uint8_t *gzip;   /* the same, gzipped; NULL where that does not make it smaller */
    size_t gzip_len;
    bool is_immutable;
};

/* The asset of that exact name, or NULL. The name may be anything that a peer sends. */
const struct ph_asset *ph_asset_find(const char *name);

/* All of them, by index; NULL behind the last. For tests and for logs. */
const struct ph_asset *ph_asset_at(size_t index);

#endif
