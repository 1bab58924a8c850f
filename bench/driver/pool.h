/* pool.h - messages made before the clock starts, for works that store mail
 *
 * Option read here: size (bytes of each message; without it "real" mail of mixed sizes).
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include "bench/driver/load.h"

struct pool;

/* `end` is put behind each message ("": nothing).  One for each worker: messages are changed. */
struct pool *pool_new(const char *nonce, const char *end);
void pool_free(struct pool **);

/* A message that no other call gives: its Message-ID says worker, round and `part`.  Borrowed until
 * the same place of the pool is asked for again: up to POOL_PARTS parts may be held at once. */
enum { POOL_PARTS = 100 };
struct slice pool_message(struct pool *, const struct worker *, unsigned part);

#endif
