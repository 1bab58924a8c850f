/* msgannot_entry.h - which annotations a message may have, and what they may say (RFC 5257 3.2)
 *
 * Names are with case.  Entries below a part of the message begin with its number: "/1.2/comment".
 * Besides those of the RFC there are those that 3.6 keeps for itself, and those of
 * annotation_definitions with scope message, for the message and for its parts.
 */
#ifndef STORE_MSGANNOT_ENTRY_H
#define STORE_MSGANNOT_ENTRY_H

#include "imap/store/annot_entry.h"

enum { MSGANNOT_NAME_MAX = 1024, MSGANNOT_PARTS_MAX = 100 };

/* Names without a part that a wildcard tells of, NULL at the end; those of the site:
 * annot_defined(). */
extern const char *const msgannot_names[];

/* A name in its form alone: "/a/b", no "*", "%", empty component, 8-bit or control character; what
 * begins with a digit is the number of a part.  The numbers go to parts, *nparts of them (0: the
 * message itself).  ERR_SYNTAX. */
err_t msgannot_name_check(struct slice name, uint32_t parts[MSGANNOT_PARTS_MAX],
                          size_t *nparts) NODISCARD;

/* May a client set that attribute (one of enum annot_attribute) of this entry, whose form is right,
 * to the value (value.p NULL: remove it)?  *need: rights besides those that RFC 5257 3.4 asks for.
 * ERR_DENIED: nobody defined the entry, or it is not for clients to set; ERR_SYNTAX: not a value of
 * its type. */
err_t msgannot_may_set(struct slice name, enum annot_attribute, struct slice value,
                       rights_t *need) NODISCARD;

#endif
