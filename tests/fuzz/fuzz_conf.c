/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/conf.h>
#include <phien/core/err.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes either load into a whole config or are refused with a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_conf *conf = NULL;
    struct ph_conf_error error;
    char message[640];

    int err = ph_conf_parse(&conf, (const char *)data, size, &error);
    ph_conf_error_format(&error, "fuzz.yaml", message, sizeof(message));
    PH_ASSERT((err == PH_OK) == (conf != NULL));
    PH_ASSERT((err == PH_OK) == (error.text[0] == '\0'));
    /* What passes our check, libcyaml loads too. */
    PH_ASSERT(strncmp(error.text, "cannot be loaded", 16) != 0);
    if (conf != NULL) {
        PH_ASSERT(conf->channels_count > 0 && conf->workers > 0 && conf->hls.part_ms >= 100);
        for (size_t i = 0; i < conf->channels_count; i++) {
            PH_ASSERT(strlen(conf->channels[i].name) > 0 && strlen(conf->channels[i].key) >= 4);
            PH_ASSERT(conf->channels[i].title[0] != '\0' && conf->channels[i].overlay_token);
        }
    }
    ph_conf_destroy(&conf);
    return 0;
}
