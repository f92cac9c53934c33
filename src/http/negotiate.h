/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_NEGOTIATE_H
#define PHIEN_SRC_HTTP_NEGOTIATE_H

#include <phien/http/exchange.h>

/*
 * Whether an If-None-Match names `etag`, by the weak comparison of RFC 9110 section 13.1.2. An
 * empty header names none. ph_http_accepts_gzip lies here too.
 */
bool ph_negotiate_etag_matches(const char *if_none_match, const char *etag);

#endif
