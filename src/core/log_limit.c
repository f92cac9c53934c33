/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/log.h>
#include <phien/core/log_limit.h>

static void begin(struct ph_log_limit *limit, const char *event, ph_usec now)
{
    if (limit->withheld > 0) {
        ph_log_warn("log.withheld", ph_kv("of", event), ph_kv_int("count", limit->withheld),
                    ph_kv_real("since_s", (double)(now - limit->since) / PH_USEC_PER_S));
    }
    *limit = (struct ph_log_limit){.since = now};
}

bool ph_log_limit_take(struct ph_log_limit *limit, const char *event, ph_usec now)
{
    if (limit->lines == 0 || now - limit->since >= PH_LOG_LIMIT_TIME) {
        begin(limit, event, now);
    }
    bool is_taken = limit->lines < PH_LOG_LIMIT_LINES;
    limit->lines += is_taken ? 1 : 0;
    limit->withheld += is_taken ? 0 : 1;
    return is_taken;
}
