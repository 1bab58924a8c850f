/* metadata.h - annotations of mailboxes and of the server as IMAP shows them
 *
 * Shared by GETMETADATA and SETMETADATA (RFC 5464), LIST RETURN (METADATA ...) (RFC 9590) and the
 * older GETANNOTATION and SETANNOTATION.
 */
#ifndef IMAPD_METADATA_H
#define IMAPD_METADATA_H

#include "imap/imapd/imapd.h"
#include "imap/store/annot_entry.h"
#include "lib/base/vec.h"

enum {
    METADATA_WANTS_MAX = 256,   /* entries of a command */
    METADATA_NAME_MAX = 1000,   /* bytes of an entry's name */
    METADATA_VALUE_MAX = 65536, /* [METADATA MAXSIZE 65536] */
    METADATA_INFINITE = -1      /* DEPTH infinity */
};

/* One entry that is asked for. */
struct metadata_want {
    unsigned attributes; /* enum annot_attribute */
    struct slice name;   /* without "/shared"; may have "*" and "%" */
    int depth;           /* 0, 1, METADATA_INFINITE */
};

/* Where: a mailbox, or the server. */
struct metadata_target {
    struct session *s;
    const struct mbentry *entry; /* NULL: the server */
};

/* One value that is told; has_value false: NIL. */
struct metadata_item {
    struct slice name; /* without "/shared" */
    enum annot_attribute attribute;
    bool has_value;
    struct slice value; /* borrowed for the call */
};
typedef void metadata_visit_fn(void *arg, const struct metadata_item *);

/* Each entry that one of the wants names, once.  The database is read once. */
err_t metadata_visit(const struct metadata_target *, const struct metadata_want *, size_t n,
                     metadata_visit_fn *, void *arg) NODISCARD;

/* Value that is not in the database.  False: there is none (NIL). */
bool metadata_computed(const struct metadata_target *, const struct annot_entry *, struct buf *out);

/* "/shared/x" or "/private/x" to attribute and rest.  False: neither. */
bool metadata_split(struct slice full, unsigned *attribute, struct slice *name);

/* Entry names, in parentheses or one alone.  A name that is none, or none at all: ERR_SYNTAX. */
err_t metadata_read_wants(struct session *, int depth, struct vec *out) NODISCARD;

/* After a failed read: as args_bad(), in the words of 3.6 where cyradm shows them. */
extern const char metadata_no_prefix[];
void metadata_bad(struct session *, err_t);

/* "METADATA name (...)" of what the wants name; nothing when that is empty.  Values longer than
 * maxsize are left out, the length of the longest is in *longest (0: none was). */
err_t metadata_put(const struct metadata_target *, const struct vec *wants, uint32_t maxsize,
                   uint32_t *longest) NODISCARD;

/* May this user be told annotations of the mailbox with these rights? */
bool metadata_may_read(const struct session *, const struct mbentry *, rights_t);

/* One value that a client wants to set. */
struct metadata_set {
    unsigned attribute;
    struct slice name, value; /* value empty: remove */
};
/* Check all, then set all or nothing; answers the command.  intname empty: of the server. */
void metadata_set_all(struct session *, struct slice intname, const struct vec *sets);
/* The same for a mailbox as the client names it (empty: the server). */
void metadata_set_named(struct session *, struct slice extname, const struct vec *sets);

/* Text files below <configdirectory>/msg that are shown as annotations of the server. */
bool metadata_msg_read(const char *file, struct buf *out);
err_t metadata_msg_write(const char *file, struct slice text) NODISCARD;

/* Patterns of mailbox names, for GETMETADATA and GETANNOTATION: each visible mailbox that matches
 * and may be read.  ERR_NOTFOUND: none. */
typedef err_t metadata_mailbox_fn(void *arg, const struct mbentry *);
err_t metadata_mailboxes(struct session *, struct slice pattern, metadata_mailbox_fn *,
                         void *arg) NODISCARD;

#endif
