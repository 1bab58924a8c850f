/* imap.h - an IMAP client that counts what comes back
 *
 * A command is one write; its reply is read to the tagged line, counted and checked for OK.
 */
#ifndef BENCH_IMAP_H
#define BENCH_IMAP_H

#include "bench/driver/conn.h"

struct imap {
    struct conn *conn;
    unsigned tag;
};

/* What a command brought.  The caller sets the first three before the call (zero: not wanted). */
struct imap_reply {
    const char *want;     /* count the untagged responses that contain this */
    struct buf *literals; /* append the bytes of all literals here */
    struct vec *sizes;    /* of uint64_t: RFC822.SIZE of each FETCH response */

    uint64_t wanted;
    uint64_t fetches, expunges, lists;
    uint64_t hits;     /* numbers in SEARCH, SORT and THREAD responses */
    uint64_t exists;   /* last EXISTS */
    uint64_t messages; /* MESSAGES of the last STATUS */
    uint64_t uidvalidity, modseq; /* of the last SELECT */
    uint64_t literal_bytes;
    uint64_t bytes; /* of lines and literals */
    bool has_exists;
};

/* Connect and read the greeting; LOGIN as well with the one password of the bench. */
struct imap imap_connect(bool quickack);
struct imap imap_open(const char *user, bool quickack);
void imap_close(struct imap *);  /* just the connection */
void imap_logout(struct imap *); /* LOGOUT, then the connection */

/* Send "TAG text" and read the reply into *r, which keeps its wishes and is counted anew;
 * NULL: nobody wants to know.  Anything but a tagged OK is a wrong answer. */
void imap_command(struct imap *, struct imap_reply *r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* APPEND of n messages (more than one: MULTIAPPEND) with non-synchronising literals; flags such as
 * "\\Seen"; internaldate 0 means now. */
void imap_append(struct imap *, const char *box, const char *flags, time_t internaldate,
                 const struct slice *messages, size_t n);

/* Does CAPABILITY list that word? */
bool imap_can(struct imap *, const char *word);

/* Number of messages by SELECT, and make the mailbox selected. */
uint64_t imap_select(struct imap *, const char *box);

/* How many messages are in the INBOXes of users prefix00 ...; the same, and take them out. */
uint64_t imap_count_users(const char *prefix, uint64_t users);
uint64_t imap_empty_users(const char *prefix, uint64_t users);

#endif
