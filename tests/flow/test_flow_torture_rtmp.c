/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps as they should not be, over RTMP. */
#include "torture.h"

int main(void)
{
    return torture_main("RTMP", TORTURE_WIRE_RTMP);
}
