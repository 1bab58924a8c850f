/* idle_table.h - who waits for changes of which mailbox: the memory of idled
 *
 * A client is the path of its socket; it may wait for several mailboxes.  What it waits for is a key:
 * the name of a mailbox behind a letter of enum idle_format_scope.  Pure: no sockets, times are given.  Bounded: beyond IDLE_TABLE_CLIENTS_MAX clients, or IDLE_TABLE_NAMES_MAX mailboxes of
 * one, new ones are refused; they poll instead.
 */
#ifndef SMALL_IDLE_TABLE_H
#define SMALL_IDLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    IDLE_TABLE_CLIENTS_MAX = 100000,
    IDLE_TABLE_NAMES_MAX = 1000,
};

struct idle_table;
struct idle_mark;

struct idle_table *idle_table_new(void);        /* nobody waits */
void idle_table_free(struct idle_table **);

/* The client waits for the key (again): it was heard of now.  ERR_LIMIT: too many. */
err_t idle_table_add(struct idle_table *, struct slice client, struct slice key,
                     uint64_t now_ms) NODISCARD;

/* It does not wait for that key any more, or (drop) for any. */
void idle_table_remove(struct idle_table *, struct slice client, struct slice key);
void idle_table_drop(struct idle_table *, struct slice client);

/* Forget whoever was not heard of for that long.  Returns how many. */
size_t idle_table_expire(struct idle_table *, uint64_t now_ms, uint64_t silence_ms);

/* The client watches, as of this generation: keys of another one that are not IDLE_SCOPE_WAIT go,
 * and its events are numbered from 1. */
void idle_table_generation(struct idle_table *, struct slice client, uint32_t generation);

/* Its mark, and it was heard of now.  NULL: not known, or it does not watch.  Borrowed until the
 * table changes. */
struct idle_mark *idle_table_mark(struct idle_table *, struct slice client, uint64_t now_ms);

/* Call tell() for each client that waits for the key, or for all; those for which it
 * returns false are dropped afterwards.  It must not change the table, but for the mark (generation
 * 0: the client watches nothing). */
typedef bool idle_table_tell_fn(void *arg, const char *client, struct idle_mark *);
void idle_table_tell(struct idle_table *, struct slice key, idle_table_tell_fn *, void *arg);
/* The same, but for clients that idle_table_tell_once() has told since idle_table_round(). */
void idle_table_round(struct idle_table *);
void idle_table_tell_once(struct idle_table *, struct slice key, idle_table_tell_fn *, void *arg);
void idle_table_tell_all(struct idle_table *, idle_table_tell_fn *, void *arg);

size_t idle_table_clients(const struct idle_table *);           /* how many wait */

#endif
