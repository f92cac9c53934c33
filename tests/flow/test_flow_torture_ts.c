/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps as they should not be, over MPEG-TS. */
#include "torture.h"

int main(void)
{
    return torture_main("MPEG-TS", TORTURE_WIRE_TS);
}
