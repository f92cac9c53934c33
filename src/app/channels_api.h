/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_CHANNELS_API_H
#define PHIEN_APP_CHANNELS_API_H

#include "worker.h"

/*
 * Answers with the state of all channels as JSON. Asks every home by mail and answers when all
 * have replied; the thread of worker `index`.
 */
void ph_channels_api_list(struct ph_http_exchange *exchange, const struct ph_shared *shared,
                          unsigned index);

#endif
