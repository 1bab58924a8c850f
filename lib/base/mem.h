/* mem.h - memory that is there or the process ends; sizes that cannot overflow */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* None of these returns NULL: exhaustion is logged and ends the process. */
void *mem_alloc(size_t n);                      /* not cleared */
void *mem_zalloc(size_t n);                     /* cleared */
void *mem_array(size_t n, size_t size);         /* cleared; overflow of n*size ends the process */
void *mem_realloc(void *, size_t n);
void *mem_rearray(void *, size_t n, size_t size);
void *mem_dup(const void *, size_t n);
char *mem_strdup(const char *);
char *mem_strndup(const char *, size_t n);      /* exactly n bytes plus NUL */
void mem_free(void *);                          /* NULL is fine */

/* The same end, for whoever finds that a library could not get memory; n: bytes, 0 if unknown. */
NORETURN void mem_exhausted(size_t n);

/* Overwrite a secret in a way the compiler keeps. */
void mem_wipe(void *, size_t n);

/* Equal? In time that depends on n only. */
bool mem_equal_secret(const void *, const void *, size_t n);

#endif
