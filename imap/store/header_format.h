/* header_format.h - cyrus.header (formats/mailbox-store.md 5)
 *
 * Magic, then in the present form one dlist line
 *     %(T type N name I uniqueid [Q quotaroot] [A %(user rights ...)] [U (flag ...)])
 * or in the plain form three lines: "quotaroot TAB uniqueid", flag names separated by single
 * blanks, the ACL's text.  A free flag slot is NIL, or nothing between two blanks.
 */
#ifndef STORE_HEADER_FORMAT_H
#define STORE_HEADER_FORMAT_H

#define HEADER_MAGIC \
    "\xa1\x02\x8b\x0d" "Cyrus mailbox header\n" \
    "\"The best thing about this system was that it had lots of goals.\"\n" \
    "\t--Jim Morris on Andrew\n"

enum {
    HEADER_MAGIC_SIZE = sizeof(HEADER_MAGIC) - 1,
    HEADER_FILE_MAX = 4 * 1024 * 1024   /* larger ones are refused */
};

_Static_assert(HEADER_MAGIC_SIZE == 115, "length of the magic");

#endif
