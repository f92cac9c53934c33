/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CONF_FORM_H
#define PHIEN_CORE_CONF_FORM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a text of the config has the form that its key asks for. How long it may be is the
 * table's business, except for addresses and URLs.
 */
bool ph_conf_form_is_address(const char *text); /* 127.0.0.1:80, [::1]:80, *:80; port 0..65535 */
bool ph_conf_form_is_url(const char *text);     /* http(s)://host[:port][/path] */
bool ph_conf_form_is_name(const char *text);    /* [a-z0-9_-]* */
bool ph_conf_form_is_key(const char *text);     /* what travels unescaped in an URL's query */
bool ph_conf_form_is_token(const char *text);   /* what travels in an Authorization header */
bool ph_conf_form_is_title(const char *text);   /* no control characters */

/*
 * Whether two addresses that passed ph_conf_form_is_address, or are empty, stand for the same
 * port of the same interface, "every interface" included.
 */
bool ph_conf_form_addresses_clash(const char *a, const char *b);

/* Characters (code points) of valid UTF-8. */
size_t ph_conf_form_length(const char *text);

#endif
