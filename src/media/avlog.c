/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/log.h>
#include <phien/media/avlog.h>

#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>

static void write_line(void *context, int level, const char *format, va_list args)
{
    char text[256];

    if (level > av_log_get_level()) {
        return;
    }
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    const AVClass *class = context != NULL ? *(const AVClass *const *)context : NULL;
    ph_log_at(level <= AV_LOG_ERROR ? PH_LOG_WARN : PH_LOG_DEBUG, "ffmpeg.log",
              ph_kv("from", class != NULL ? class->class_name : NULL), ph_kv("text", text));
}

void ph_avlog_setup(void)
{
    av_log_set_level(AV_LOG_WARNING);
    av_log_set_callback(write_line);
}
