/* annotation.h - annotations of messages (RFC 5257): what a client asks for and sets, and how it is told
 *
 * annotation_args.c reads, annotation_tell.c answers FETCH and tells what others changed, annotation_set.c sets for
 * STORE, APPEND and COPY.  Private values are those of the user of the session alone.
 */
#ifndef IMAPD_ANNOTATION_H
#define IMAPD_ANNOTATION_H

#include "imap/imapd/fetch.h"
#include "imap/store/annot_entry.h"
#include "imap/store/msgannot.h"
#include "lib/text/glob.h"

enum { ANNOTATION_WANTS_MAX = 100, ANNOTATION_CHANGES_MAX = 1000 };

/* In the order of the answer. */
enum annotation_attribute {
    AN_VALUE_PRIV = 1, AN_VALUE_SHARED = 2, AN_SIZE_PRIV = 4, AN_SIZE_SHARED = 8
};

/* ---- FETCH ---- */

struct annotation_name {
    struct slice name;
    struct glob *glob;                          /* NULL: this entry alone */
    const uint32_t *parts;                      /* of the message, that it is about */
    size_t nparts;
};

struct annotation_want {
    struct annotation_name *names;              /* in the command arena, like all that they point to */
    size_t n;
    unsigned attributes;                        /* enum annotation_attribute */
};

/* SP "(" entries SP attribs ")", added to what is wanted already.  ERR_SYNTAX, ERR_LIMIT: tok.why. */
err_t annotation_read_want(struct session *, struct annotation_want *) NODISCARD;

/* The same with all that it points to in another arena. */
struct annotation_want *annotation_keep(const struct annotation_want *, struct arena *);

/* Does an entry that was named speak of a part of the message? */
bool annotation_wants_parts(const struct annotation_want *);
/* Are all these parts there?  ERR_BADNAME. */
err_t annotation_check_parts(const struct annotation_want *, const struct record *,
                             const struct cache_record *) NODISCARD;

/* "ANNOTATION (...)"; the view's annotations were opened (view_annotations_open). */
void annotation_put(const struct fetch_message *, const struct annotation_want *);

/* "ANNOTATION (/comment ...)" appended: names of those that changed behind `since`, without values (RFC 5257 4.4).
 * Nothing if there are none. */
void annotation_put_changed(struct session *, uint32_t uid, uint64_t since, struct buf *);

/* ---- SEARCH and SORT ---- */

/* SP attribute: "value.priv" or "value.shared", for SEARCH also "value"; bits of enum annot_attribute.  ERR_SYNTAX. */
err_t annotation_read_attribute(struct session *, bool both_too, unsigned *out) NODISCARD;
/* One entry name without wildcards; in the command arena. */
err_t annotation_read_entry(struct session *, struct slice *name) NODISCARD;

/* ---- STORE, APPEND, COPY ---- */

enum annotation_fault {
    ANNOTATION_FINE, ANNOTATION_TOOBIG, ANNOTATION_TOOMANY, ANNOTATION_NO_PART, ANNOTATION_BAD_VALUE
};

struct annotation_change {
    struct slice entry;
    const uint32_t *parts;
    size_t nparts;
    enum annot_attribute attribute;
    struct slice value;                         /* p NULL: remove it */
    bool is_size;                               /* "size", which nobody can set */
};

struct annotation_changes {
    struct annotation_change *all;              /* in the command arena, like all that they point to */
    size_t n;
    uint64_t bytes;
    enum annotation_fault fault;                /* what went wrong, beyond its err_t */
};

/* A literal that is still on the wire: its octets, which live as long as the command, and the text behind it into the
 * tokeniser.  ERR_CLOSED: the wire. */
typedef err_t annotation_literal_fn(struct session *, const struct imaptok_literal *, struct slice *value);

/* "(" entry-att *(SP entry-att) ")".  literal: NULL where all literals were read (not APPEND).  ERR_CLOSED, or tok.why,
 * or fault. */
err_t annotation_read_changes(struct session *, annotation_literal_fn *literal,
                              struct annotation_changes *) NODISCARD;

/* Before any message: may the user set them, with these rights on the mailbox?  ERR_DENIED, ERR_LIMIT,
 * ERR_SYNTAX (fault says what is to be answered). */
err_t annotation_check(struct annotation_changes *, rights_t) NODISCARD;

/* For one message of the commit.  cache: needed if an entry is about a part, may be NULL else; facts likewise, of a
 * message that comes. */
err_t annotation_set(struct session *, struct commit *, struct slice mailbox, uint32_t uid,
                     struct annotation_changes *) NODISCARD;
/* The parts that the changes are about are there: in a message of the mailbox, or in one that is staged. */
err_t annotation_check_stored_parts(struct mailbox *, uint32_t recno, struct annotation_changes *) NODISCARD;
err_t annotation_check_staged_parts(const struct facts *, struct annotation_changes *) NODISCARD;

/* Answer a failure; fault says more than err. */
void annotation_refuse(struct session *, err_t, const struct annotation_changes *);

/* What goes along to a mailbox where the user has these rights (RFC 5257 4.6). */
struct annot_copy annotation_copy_rule(struct session *, struct slice from_mailbox, struct slice to_mailbox,
                                       rights_t target);

#endif
