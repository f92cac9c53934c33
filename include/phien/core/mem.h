/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_MEM_H
#define PHIEN_CORE_MEM_H

#include <stddef.h>

/*
 * Memory for things whose size we choose ourselves: zeroed, and the process aborts when there is
 * none, because nothing useful can be done then. Sizes that a peer chooses are first checked
 * against a limit and then taken with a function that can fail (ph_buf_try_create, malloc).
 */
void *ph_alloc(size_t size);
void *ph_realloc_array(void *ptr, size_t count, size_t size);
char *ph_strdup(const char *text);

#define ph_new(type) ((type *)ph_alloc(sizeof(type)))
#define ph_new_array(type, count) ((type *)ph_realloc_array(NULL, (count), sizeof(type)))

/* Recovers the structure that embeds `member`. */
#define ph_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define PH_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
