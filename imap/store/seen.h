/* seen.h - what non-owners have seen (formats/mailbox-store.md 15)
 *
 * The owner's \Seen (everybody's with sharedseen) is the record's bit; seen_is_internal() tells.
 */
#ifndef STORE_SEEN_H
#define STORE_SEEN_H

#include "imap/store/mailbox.h"
#include "lib/base/ranges.h"

struct seen {
    time_t last_read, last_change;
    uint32_t last_uid;                          /* highest UID shown as not recent */
    struct ranges uids;
};

bool seen_is_internal(const struct mailbox *, struct slice userid);
void seen_init(struct seen *);
void seen_fini(struct seen *);
err_t seen_read(struct store *, struct slice userid, struct slice uniqueid,
                struct seen *out) NODISCARD; /* absent: empty, ERR_OK */
/* Add/remove UIDs and raise last_uid under the database lock.  durable false: \Recent only. */
struct seen_change {
    const struct ranges *add, *remove;          /* may be NULL */
    uint32_t last_uid;                          /* 0: keep */
    time_t last_change;
    bool durable;
};
err_t seen_update(struct store *, struct slice userid, struct slice uniqueid,
                  const struct seen_change *, struct seen *after) NODISCARD;

#endif
