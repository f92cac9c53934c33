/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of a packet's life: a viewer's request is answered from the newest snapshot, or
 * held until a snapshot satisfies it. RFC 8216bis sections 6.2.5.2 (blocking reload) and 6.2.6
 * (preload hints) say which.
 */
#include <phien/delivery/hls.h>

#include "policy.h"
#include "target.h"
#include "view.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>
#include <phien/package/packager.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_INTERVAL (5 * PH_USEC_PER_S)

struct ph_hls {
    struct ph_loop *loop;
    unsigned worker;
    struct ph_audience *audience;
    const struct ph_feeds_params *params;
    struct ph_policy policy;
    struct ph_views *views;
    struct ph_holds *holds;
    struct ph_timer *sweep_timer;
    bool is_draining;
};

static const char PLAYLIST_TYPE[] = "application/vnd.apple.mpegurl";

static void answer_playlist(struct ph_hls *hls, struct ph_http_exchange *exchange,
                            struct ph_snapshot *snapshot, const struct ph_target *target)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    bool is_gzip = ph_http_accepts_gzip(request->accept_encoding);
    struct ph_buf *text = ph_snapshot_playlist(snapshot, target->form, is_gzip);

    if (text == NULL && target->form == PH_PLAYLIST_DELTA) {
        text = ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, is_gzip);
    }
    if (text == NULL) {
        ph_http_respond_problem(exchange, 404, "there is no such playlist now",
                                hls->policy.missing);
        return;
    }
    struct ph_slice body = ph_slice_of(ph_buf_ref(text));
    const struct ph_http_response response = {
        .status = 200,
        .content_type = PLAYLIST_TYPE,
        .cache_control = target->msn >= 0 ? hls->policy.playlist_blocked : hls->policy.playlist,
        .is_gzip = is_gzip,
        .vary_encoding = true,
        .body = &body,
        .body_count = 1,
    };
    ph_http_respond(exchange, &response);
}

static void answer_media(struct ph_http_exchange *exchange, enum ph_rendition rendition,
                         struct ph_slice *body, size_t count)
{
    const struct ph_http_response response = {
        .status = 200,
        .content_type = ph_policy_media_type(rendition),
        .cache_control = ph_policy_media,
        .allow_ranges = true,
        .body = body,
        .body_count = count,
    };

    ph_http_respond(exchange, &response);
}

static void answer_buf(struct ph_http_exchange *exchange, enum ph_rendition rendition,
                       struct ph_buf *bytes)
{
    struct ph_slice body = ph_slice_of(ph_buf_ref(bytes));

    answer_media(exchange, rendition, &body, 1);
}

static void answer_segment(struct ph_http_exchange *exchange, enum ph_rendition rendition,
                           const struct ph_segment *segment)
{
    struct ph_slice *body = ph_new_array(struct ph_slice, segment->part_count);

    for (size_t i = 0; i < segment->part_count; i++) {
        body[i] = ph_slice_of(ph_buf_ref(segment->parts[i].bytes));
    }
    answer_media(exchange, rendition, body, segment->part_count);
    free(body);
}

/* Public facts of a channel, for the watch page. */
static void answer_info(struct ph_http_exchange *exchange, const struct ph_view *view)
{
    json_t *info = json_pack("{s:s, s:s, s:b, s:b}", "name", view->entry->conf->name, "title",
                             ph_channel_title(view->entry->channel), "live", (int)view->is_on_air,
                             "away", (int)view->is_away);
    char *text = info != NULL ? json_dumps(info, JSON_COMPACT) : NULL;

    json_decref(info);
    if (text == NULL) {
        ph_http_respond_problem(exchange, 500, "out of memory", NULL);
        return;
    }
    struct ph_slice body = ph_slice_of(ph_buf_copy(text, strlen(text)));
    free(text);
    const struct ph_http_response response = {
        .status = 200,
        .content_type = "application/json",
        .cache_control = "public, max-age=1",
        .body = &body,
        .body_count = 1,
    };
    ph_http_respond(exchange, &response);
}

static bool answer_missing(struct ph_hls *hls, struct ph_http_exchange *exchange)
{
    ph_http_respond_problem(exchange, 404, "it is not there (any more, or yet)",
                            hls->policy.missing);
    return true;
}

/* It lies ahead and did not come in time, but may still come: no cache may keep that it is not. */
static bool answer_late(struct ph_http_exchange *exchange)
{
    ph_http_respond_problem(exchange, 404, "it did not come in time", ph_policy_unsatisfied);
    return true;
}

static bool answer_unsatisfied(struct ph_http_exchange *exchange)
{
    ph_http_respond_problem(exchange, 503, "what was waited for did not come in time",
                            ph_policy_unsatisfied);
    return true;
}

/* There is no snapshot: nobody is on air, or somebody is about to be. */
static bool try_without_snapshot(struct ph_hls *hls, struct ph_http_exchange *exchange,
                                 const struct ph_view *view, const struct ph_target *target,
                                 bool is_last_try)
{
    if (view->is_known[target->rendition] && !view->is_expected) {
        ph_http_respond_problem(exchange, 404, "the channel is not on air", hls->policy.missing);
        return true;
    }
    return is_last_try && answer_unsatisfied(exchange);
}

static bool try_playlist(struct ph_hls *hls, struct ph_http_exchange *exchange,
                         struct ph_snapshot *snapshot, const struct ph_target *target,
                         bool is_last_try)
{
    if (target->msn >= 0 && !snapshot->is_ended) {
        if (ph_snapshot_check_ahead(snapshot, target->msn, target->part) != PH_OK) {
            ph_http_respond_problem(exchange, 400, "_HLS_msn or _HLS_part lies too far ahead",
                                    hls->policy.refused);
            return true;
        }
        if (!ph_snapshot_has(snapshot, target->msn, target->part)) {
            return is_last_try && answer_unsatisfied(exchange);
        }
    }
    answer_playlist(hls, exchange, snapshot, target);
    return true;
}

/* Media that somebody takes; captions go beside them. */
static void count(struct ph_hls *hls, const struct ph_http_exchange *exchange,
                  const struct ph_view *view, enum ph_rendition rendition, ph_usec duration)
{
    if (rendition != PH_RENDITION_CARDS &&
        ph_http_exchange_request(exchange)->method == PH_HTTP_GET) {
        ph_audience_serve(hls->audience, hls->worker, view->entry->index, duration);
    }
}

static bool try_segment(struct ph_hls *hls, struct ph_http_exchange *exchange,
                        const struct ph_view *view, const struct ph_target *target,
                        bool is_last_try)
{
    const struct ph_snapshot *snapshot = view->snapshots[target->rendition];
    const struct ph_segment *segment = ph_snapshot_segment(snapshot, target->number);

    if (segment != NULL) {
        count(hls, exchange, view, target->rendition, segment->duration);
        answer_segment(exchange, target->rendition, segment);
        return true;
    }
    /* Another worker may have listed it a moment before its snapshot reaches us. */
    if (target->number != snapshot->next_msn || snapshot->is_ended) {
        return answer_missing(hls, exchange);
    }
    return is_last_try && answer_late(exchange);
}

static bool try_part(struct ph_hls *hls, struct ph_http_exchange *exchange,
                     const struct ph_view *view, const struct ph_target *target, bool is_last_try)
{
    const struct ph_snapshot *snapshot = view->snapshots[target->rendition];
    const struct ph_part *part = ph_snapshot_part(snapshot, target->number);

    if (part != NULL) {
        count(hls, exchange, view, target->rendition, part->duration);
        answer_buf(exchange, target->rendition, part->bytes);
        return true;
    }
    /*
     * The one hinted at; two more for the same reason as with segments, for a newer snapshot may
     * have a part and leave out the number after it. What is left out is not there for good.
     */
    if (target->number < snapshot->next_part || target->number > snapshot->next_part + 2 ||
        snapshot->is_ended) {
        return answer_missing(hls, exchange);
    }
    return is_last_try && answer_late(exchange);
}

/* The number of the init segment that was listed last; -1: none was. */
static int64_t newest_init(const struct ph_snapshot *snapshot)
{
    const struct ph_segment *newest =
        snapshot->open != NULL ? snapshot->open
                               : ph_snapshot_segment(snapshot, ph_snapshot_last_msn(snapshot));

    return newest != NULL && newest->init != NULL ? newest->init->number : -1;
}

static bool try_init(struct ph_hls *hls, struct ph_http_exchange *exchange,
                     const struct ph_snapshot *snapshot, const struct ph_target *target,
                     bool is_last_try)
{
    const struct ph_init *init = ph_snapshot_init(snapshot, target->number);

    if (init != NULL) {
        answer_buf(exchange, target->rendition, init->bytes);
        return true;
    }
    /* For the same reason as with segments. */
    if (target->number != newest_init(snapshot) + 1 || snapshot->is_ended) {
        return answer_missing(hls, exchange);
    }
    return is_last_try && answer_late(exchange);
}

static bool try_answer(void *arg, struct ph_http_exchange *exchange, struct ph_view *view,
                       const struct ph_target *target, bool is_last_try)
{
    struct ph_hls *hls = arg;
    struct ph_snapshot *snapshot = view->snapshots[target->rendition];

    if (target->kind == PH_TARGET_INFO && (view->is_known[target->rendition] || is_last_try)) {
        answer_info(exchange, view);
        return true;
    }
    if (snapshot == NULL) {
        return try_without_snapshot(hls, exchange, view, target, is_last_try);
    }
    switch (target->kind) {
    case PH_TARGET_PLAYLIST:
        return try_playlist(hls, exchange, snapshot, target, is_last_try);
    case PH_TARGET_SEGMENT:
        return try_segment(hls, exchange, view, target, is_last_try);
    case PH_TARGET_PART:
        return try_part(hls, exchange, view, target, is_last_try);
    case PH_TARGET_INIT:
        return try_init(hls, exchange, snapshot, target, is_last_try);
    case PH_TARGET_INFO:
    case PH_TARGET_NONE:
        break;
    }
    return answer_missing(hls, exchange);
}

/* /live/{channel}/{rest} */
static void handle_live(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                        void *arg)
{
    struct ph_hls *hls = arg;
    struct ph_target target;
    struct ph_view *view = ph_views_find(hls->views, params[0].text, params[0].len);

    if (view == NULL) {
        ph_http_respond_problem(exchange, 404, "there is no such channel", hls->policy.missing);
        return;
    }
    int err = ph_target_parse(&target, params[1].text, params[1].len,
                              ph_http_exchange_request(exchange)->query, hls->params->epoch);
    if (err == PH_EINVAL) {
        ph_http_respond_problem(exchange, 400, "the _HLS_ directives are not valid",
                                hls->policy.refused);
        return;
    }
    if (err != PH_OK || (target.rendition == PH_RENDITION_TS && !hls->params->conf->hls.mpegts)) {
        (void)answer_missing(hls, exchange);
        return;
    }
    ph_views_use(hls->views, view, target.rendition, ph_loop_now(hls->loop));
    if (!try_answer(hls, exchange, view, &target, hls->is_draining) &&
        !ph_holds_add(hls->holds, &view->holds[target.rendition], exchange, view, &target)) {
        (void)answer_unsatisfied(exchange);
    }
}

static void on_news(void *arg, struct ph_view *view, enum ph_rendition rendition)
{
    struct ph_hls *hls = arg;

    ph_holds_wake(hls->holds, &view->holds[rendition]);
}

static void on_sweep(void *arg)
{
    struct ph_hls *hls = arg;
    ph_usec now = ph_loop_now(hls->loop);

    ph_views_sweep(hls->views, now);
    ph_audience_sweep(hls->audience, hls->worker, now);
    ph_timer_set(hls->sweep_timer, now + SWEEP_INTERVAL);
}

struct ph_hls *ph_hls_create(struct ph_feeds *feeds, unsigned worker)
{
    struct ph_hls *hls = ph_new(struct ph_hls);
    const struct ph_feeds_params *params = ph_feeds_get_params(feeds);
    unsigned target_duration_s = ph_conf_target_duration_s(params->conf);

    hls->params = params;
    hls->worker = worker;
    hls->audience = ph_feeds_audience(feeds);
    hls->loop = params->loops[worker];
    ph_policy_init(&hls->policy, target_duration_s);
    hls->views = ph_views_create(feeds, worker, on_news, hls);
    hls->holds = ph_holds_create(hls->loop, ph_policy_hold(target_duration_s),
                                 params->stats[worker], try_answer, hls);
    hls->sweep_timer = ph_timer_create(hls->loop, on_sweep, hls);
    ph_timer_set(hls->sweep_timer, ph_loop_now(hls->loop) + SWEEP_INTERVAL);
    return hls;
}

void ph_hls_add_routes(struct ph_hls *hls, struct ph_router *router)
{
    ph_router_add(router, 1U << PH_HTTP_GET, "/live/{}/{*}", handle_live, hls);
}

void ph_hls_drain(struct ph_hls *hls)
{
    hls->is_draining = true;
    ph_holds_flush(hls->holds);
}

void ph_hls_destroy(struct ph_hls **ref)
{
    struct ph_hls *hls = *ref;

    *ref = NULL;
    if (hls == NULL) {
        return;
    }
    ph_timer_destroy(&hls->sweep_timer);
    ph_holds_destroy(&hls->holds);
    ph_views_destroy(&hls->views);
    free(hls);
}
