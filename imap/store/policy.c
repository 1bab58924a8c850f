/* policy.c - see policy.h */
#include "imap/store/policy.h"

/* One row per operation: all of `all` and, unless 0, one of `any`. */
struct need {
    rights_t all, any;
};

static const struct need needs[OP_NOPS] = {
    [OP_LOOKUP]        = { ACL_L, 0 },
    [OP_SELECT]        = { ACL_R, 0 },
    [OP_STATUS]        = { ACL_R, 0 },
    [OP_APPEND]        = { ACL_I, 0 },
    [OP_COPY_FROM]     = { ACL_R, 0 },
    [OP_STORE_FLAGS]   = { ACL_W, 0 },
    [OP_STORE_SEEN]    = { ACL_S, 0 },
    [OP_STORE_DELETED] = { ACL_T, 0 },
    [OP_EXPUNGE]       = { ACL_E, 0 },
    [OP_POST]          = { ACL_P, 0 },
    [OP_CREATE_BELOW]  = { ACL_K, 0 },
    [OP_DELETE]        = { ACL_X, 0 },
    [OP_RENAME_FROM]   = { ACL_X, 0 },
    [OP_ADMIN_ACL]     = { ACL_A, 0 },
    [OP_LIST_ACL]      = { ACL_A, 0 },
    [OP_GET_QUOTAROOT] = { ACL_R, 0 },
    [OP_SUBSCRIBE]     = { ACL_L, 0 },
    [OP_GET_ANNOTATION] = { ACL_L, ACL_R | ACL_S | ACL_W | ACL_I | ACL_P },     /* RFC 5464 3.3 */
    [OP_ANNOTATE]      = { ACL_L | ACL_W, 0 },
};

err_t policy_check(enum policy_op op, rights_t held)
{
    const struct need *need = &needs[op];

    if ((held & need->all) == need->all && (!need->any || (held & need->any)))
        return ERR_OK;
    return held & ACL_L ? ERR_DENIED : ERR_NOTFOUND;
}
