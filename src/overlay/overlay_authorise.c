/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/overlay/overlay.h>

#include <phien/core/secret.h>

#include <string.h>
#include <strings.h>

int ph_overlay_authorise(const struct ph_conf *conf, const struct ph_conf_channel *channel,
                         const struct ph_http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *said = request->authorization;

    if (strncasecmp(said, scheme, strlen(scheme)) != 0) {
        return 401;
    }
    said += strlen(scheme);
    /* Both are compared, so that the time it takes does not tell which one it is. */
    bool is_channels = ph_secret_equal(channel->overlay_token, said, strlen(said));
    bool is_admins = ph_secret_equal(conf->admin.token, said, strlen(said));
    return is_channels || is_admins ? 0 : 403;
}
