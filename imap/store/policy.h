/* policy.h - which rights an operation needs: the one list
 */
#ifndef STORE_POLICY_H
#define STORE_POLICY_H

#include "imap/store/acl.h"

enum policy_op {
    OP_LOOKUP, /* be told that it exists: l */
    OP_SELECT, /* r */
    OP_STATUS,
    OP_APPEND,
    OP_COPY_FROM,
    OP_STORE_FLAGS,
    OP_STORE_SEEN,
    OP_STORE_DELETED,
    OP_EXPUNGE,
    OP_POST,         /* p */
    OP_CREATE_BELOW, /* k, on the parent */
    OP_DELETE,
    OP_RENAME_FROM,
    OP_ADMIN_ACL,
    OP_LIST_ACL,
    OP_GET_QUOTAROOT,
    OP_SUBSCRIBE,
    OP_GET_ANNOTATION, /* and set private ones: l and one of rswip */
    OP_ANNOTATE,       /* set shared ones */
    OP_NOPS
};

/* ERR_OK; ERR_DENIED if the right is missing but the mailbox may be known; ERR_NOTFOUND if not even
 * that (no l), so that existence does not leak (AC-37). */
err_t policy_check(enum policy_op, rights_t held) NODISCARD;

#endif
