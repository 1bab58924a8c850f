/* idle_table.h - who waits for changes of which mailbox: the memory of idled
 *
 * A client is the path of its socket; it may wait for several mailboxes.  Pure: no sockets, times
 * are given.  Bounded: beyond IDLE_TABLE_CLIENTS_MAX clients, or IDLE_TABLE_NAMES_MAX mailboxes of
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

struct idle_table *idle_table_new(void);        /* nobody waits */
void idle_table_free(struct idle_table **);

/* The client waits for the mailbox (again): it was heard of now.  ERR_LIMIT: too many. */
err_t idle_table_add(struct idle_table *, struct slice client, struct slice mailbox,
                     uint64_t now_ms) NODISCARD;

/* It does not wait for that mailbox any more, or (drop) for any. */
void idle_table_remove(struct idle_table *, struct slice client, struct slice mailbox);
void idle_table_drop(struct idle_table *, struct slice client);

/* Forget whoever was not heard of for that long.  Returns how many. */
size_t idle_table_expire(struct idle_table *, uint64_t now_ms, uint64_t silence_ms);

/* Call tell() for each client that waits for the mailbox, or for all; those for which it
 * returns false are dropped afterwards.  It must not change the table. */
typedef bool idle_table_tell_fn(void *arg, const char *client);
void idle_table_tell(struct idle_table *, struct slice mailbox, idle_table_tell_fn *, void *arg);
void idle_table_tell_all(struct idle_table *, idle_table_tell_fn *, void *arg);

size_t idle_table_clients(const struct idle_table *);           /* how many wait */

#endif
