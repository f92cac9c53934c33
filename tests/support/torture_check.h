/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_TORTURE_CHECK_H
#define PHIEN_TESTS_TORTURE_CHECK_H

#include "torture.h"

/* Whether viewers got what the row promises, once its session has ended. */
void torture_check(const struct flow *flow, const struct torture_row *row,
                   const struct torture_source *source);

#endif
