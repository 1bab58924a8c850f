/* annot_entry.h - the annotations of mailboxes and of the server that are known by name
 *
 * Names have no "/shared" or "/private" in front.  A value is either in annotations.db or stands
 * somewhere else (enum annot_source) and is made when it is asked for.  annotation_definitions adds
 * to the table.
 */
#ifndef STORE_ANNOT_ENTRY_H
#define STORE_ANNOT_ENTRY_H

#include "imap/store/acl.h"
#include "lib/base/buf.h"

enum annot_scope { ANNOT_SERVER = 1, ANNOT_MAILBOX = 2, ANNOT_MESSAGE = 4 };
/* Of readable and writable. */
enum annot_attribute { ANNOT_SHARED = 1, ANNOT_PRIVATE = 2 };
enum annot_type {
    ANNOT_STRING,
    ANNOT_BOOL,
    ANNOT_SWITCH,
    ANNOT_INT,
    ANNOT_UINT,
    ANNOT_DATE,
    ANNOT_USE
};

enum annot_source {
    ANNOT_IN_DB,
    ANNOT_OPTION_POP3_NEW_UIDL, /* bits of the index header */
    ANNOT_OPTION_SHAREDSEEN,
    ANNOT_OPTION_DUPDELIVER,
    ANNOT_POP3_SHOW_AFTER, /* fields of the index header */
    ANNOT_ANNOTSIZE,
    ANNOT_FOLDERMODSEQ,
    ANNOT_HASALARMS,
    ANNOT_LASTPOP,
    ANNOT_LASTUPDATE,
    ANNOT_PARTITION,
    ANNOT_SIZE,
    ANNOT_SYNCCRCS,
    ANNOT_UNIQUEID,
    ANNOT_MOTD, /* files below <configdirectory>/msg */
    ANNOT_SHUTDOWN,
    ANNOT_FREESPACE, /* figures of the partitions */
    ANNOT_FREESPACE_TOTAL,
    ANNOT_FREESPACE_MOST,
    ANNOT_USERMODSEQ,
    ANNOT_USERCOUNTERS
};

struct annot_entry {
    const char *name;
    enum annot_scope scope;
    unsigned readable, writable; /* enum annot_attribute */
    enum annot_type type;
    rights_t all, any; /* more rights for setting the shared value: all of these,
                        * or one of those */
    enum annot_source source;
};

/* All that are known, in the order in which they are told; *n of them. */
const struct annot_entry *annot_entries(size_t *n);
/* Names are without case (RFC 5464 3.2).  NULL: unknown. */
const struct annot_entry *annot_entry_find(enum annot_scope, struct slice name);

/* May an entry have this name (RFC 5464 3.2: "/x/y"; no "*", "%", empty component, 8-bit or control
 * character)? */
bool annot_name_is_valid(struct slice name);

/* The value as it is stored: booleans as "true" and "false" (switches also as imapd.conf has them,
 * as they are), uses in their usual spelling. ERR_SYNTAX: not of that type; ERR_UNSUPPORTED: a
 * special use that is not known here. */
err_t annot_value_check(enum annot_type, struct slice value, struct buf *out) NODISCARD;

/* Special uses that a mailbox may have (RFC 6154, 8457; specialuse_extra). */
err_t annot_uses_parse(struct slice words, struct buf *out) NODISCARD;

#endif
