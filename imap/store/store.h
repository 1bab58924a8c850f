/* store.h - the mailbox store of one server: what is open process-wide
 *
 * Opened once per process after conf_load() and log_open(); databases are opened on first use
 * and kept across sessions.  The store never speaks a protocol and never asks who is logged in
 * beyond the identity it is handed.  Mailbox names that cross these headers are internal names
 * ("user.fred.Work", "dom.example!user.ann"), see mbname.h.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct store;
struct db;

/* On failure one sentence naming file or option and cure in *why.  Creates missing state
 * directories (install contract 4). */
err_t store_open(struct store **out, struct buf *why) NODISCARD;
void store_close(struct store **);

/* The server is about to start: partitions that were closed after failed syncs (health.h) are
 * trusted again. */
err_t store_trust_disks(struct store *) NODISCARD;

/* A session has ended: forget cached per-user state (handles of per-user databases). */
void store_session_end(struct store *);

#endif
