/* journal_ops.h - a user with three mailboxes, and changes to them that go through the journal */
#ifndef CUNIT_STORE_JOURNAL_OPS_H
#define CUNIT_STORE_JOURNAL_OPS_H

#include "cunit/store/boxes.h"

enum { OPS_BOXES = 3, OPS_BEFORE = 6 };

/* user.fred, user.fred.a, user.fred.b: OPS_BEFORE messages in the first, one in the others; a quota
 * for all. */
struct ops_boxes {
    struct mbentry e[OPS_BOXES];
};

void ops_setup(struct store *, struct ops_boxes *);
void ops_fini(struct ops_boxes *);

/* The name of a mailbox. */
const char *ops_name(unsigned box);

/* Every promise about the three and their quota.  NULL, or what is wrong (static). */
const char *ops_fault(struct store *, const struct ops_boxes *);

/* Operations: 0 when all of it was acknowledged. */
int op_append(struct store *);
int op_append_many(struct store *);             /* 4 in one commit, then 2 more */
int op_deliver(struct store *);                 /* one message to all three */
int op_flags(struct store *);
int op_keyword(struct store *);                 /* a new user flag: cyrus.header changes */
int op_append_keyword(struct store *);
int op_expunge(struct store *);
int op_copy(struct store *);
int op_move(struct store *);
int op_come_and_go(struct store *);             /* delivered, and expunged */
int op_set_header(struct store *);
int op_set_uidvalidity(struct store *);
int op_large(struct store *);                   /* one that does not go into the journal */
int op_many_bytes(struct store *);              /* more than one record can hold */
int op_many_bytes_each(struct store *);         /* the same in several mailboxes at once */
int op_fill(struct store *);                    /* more than the journal holds */
int op_annotate(struct store *);                /* values of messages that are there, copied and new */
int op_day(struct store *);                     /* a bit of everything */

#endif
