/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_LOOP_UV_H
#define PHIEN_NET_LOOP_UV_H

#include <phien/net/loop.h>

#include <uv.h>

/* What the files of this folder share of a loop. */
uv_loop_t *ph_loop_uv(struct ph_loop *loop);

/* A read buffer that all connections of the loop use in turn. */
#define PH_LOOP_SCRATCH_BYTES (64 * 1024)
uint8_t *ph_loop_scratch(struct ph_loop *loop);

/*
 * Connections that were closed and are still sending what was queued; the loop cuts them when it
 * is destroyed.
 */
struct ph_tcp_conn **ph_loop_lingering(struct ph_loop *loop);
void ph_tcp_cut_lingering(struct ph_loop *loop);

/* Translates libuv's error codes. */
int ph_err_of_uv(int status);

#endif
