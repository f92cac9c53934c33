/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include "text_buf.h"

#include <phien/core/text.h>

#include <jansson.h>

static json_t *list_faults(const struct ph_faults *faults)
{
    json_t *list = json_array();
    size_t told = faults->count < PH_FAULTS_MAX ? faults->count : PH_FAULTS_MAX;

    for (size_t i = 0; i < told; i++) {
        /* They may quote what the client sent, and be cut within a character. */
        struct ph_fault fault;
        ph_text_copy(fault.pointer, sizeof(fault.pointer), faults->items[i].pointer);
        ph_text_copy(fault.detail, sizeof(fault.detail), faults->items[i].detail);
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "pointer", fault.pointer, "detail", fault.detail));
    }
    return list;
}

static const char *find_headers(int status)
{
    switch (status) {
    case 401:
        return "WWW-Authenticate: Bearer realm=\"phien\"\r\n";
    case 429:
    case 503:
        return "Retry-After: 1\r\n";
    default:
        return NULL;
    }
}

void ph_problem_respond(struct ph_http_exchange *exchange, int status, const char *detail,
                        const struct ph_faults *faults)
{
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                                ph_http_status_text(status), "status", status, "detail", detail);

    if (faults != NULL && faults->count > 0) {
        json_object_set_new(problem, "errors", list_faults(faults));
    }
    char *text = json_dumps(problem, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(problem);
    struct ph_slice body = ph_slice_of(ph_text_buf_wrap(text));
    const struct ph_http_response response = {
        .status = status,
        .content_type = "application/problem+json",
        .headers = find_headers(status),
        .body = &body,
        .body_count = 1,
    };
    ph_http_respond(exchange, &response);
}
