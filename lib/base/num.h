/* num.h - numbers from and to text; overflow, signs and left-over bytes are refused */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

/* The whole slice must be decimal digits (i64: with an optional '-').  ERR_SYNTAX for
 * anything else, ERR_LIMIT when it does not fit; *out is then untouched. */
err_t num_u32(struct slice, uint32_t *out) NODISCARD;
err_t num_u64(struct slice, uint64_t *out) NODISCARD;
err_t num_i64(struct slice, int64_t *out) NODISCARD;
err_t num_hex64(struct slice, uint64_t *out) NODISCARD;     /* 1..16 hex digits, either case */
err_t num_oct32(struct slice, uint32_t *out) NODISCARD;

/* Decimal digits of v into dst, which holds NUM_U64_MAX bytes; returns their count. */
#define NUM_U64_MAX 20
size_t num_put_u64(char *dst, uint64_t v);

/* Hex text of n bytes; dst holds 2*n+1.  And back: exactly 2*n digits. */
void num_hex(char *dst, const void *src, size_t n);
err_t num_unhex(void *dst, size_t n, struct slice hex) NODISCARD;

#endif
