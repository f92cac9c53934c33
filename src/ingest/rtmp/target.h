/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_TARGET_H
#define PHIEN_INGEST_RTMP_TARGET_H

/*
 * What a publisher asks for, in one form whatever mixture of app, tcUrl and name its application
 * made of the address that was typed in. Contains secrets.
 */
struct ph_rtmp_target {
    char *app;   /* path without query, decoded, without leading, trailing or doubled slashes */
    char *name;  /* likewise */
    char *query; /* of app, tcUrl and name, joined by '&'; as it was sent */
};

/* The texts of connect and publish; "" where one was absent. */
void ph_rtmp_target_init(struct ph_rtmp_target *target, const char *app, const char *tc_url,
                         const char *name);
void ph_rtmp_target_fini(struct ph_rtmp_target *target);

#endif
