/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_REQUEST_H
#define PHIEN_SRC_HTTP_REQUEST_H

#include <phien/http/exchange.h>

/*
 * The texts of a request, whatever framing they came in: the target, Host.
 */

/*
 * Splits a request target (RFC 9112 section 3.2) in place and sets path, query and, for a target
 * in absolute form, host. PH_EPROTO: malformed. PH_ENOTFOUND: well-formed, but no path that this
 * server could ever have: "//", "." and "..", a backslash or an encoded slash, which proxies and
 * caches in front of us may read in different ways.
 */
PH_MUST_CHECK int ph_request_parse_target(char *target, struct ph_http_request *request);

/* Whether a Host holds nothing but what names, addresses and ports are made of. */
bool ph_request_host_is_valid(const char *host);

/* "GET"; "OTHER" for what has no name here. */
const char *ph_request_method_name(enum ph_http_method method);

#endif
