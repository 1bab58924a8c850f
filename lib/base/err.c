/* err.c - names of the kinds of failure, and errno values as kinds; see err.h */
#include "lib/base/err.h"

#include <errno.h>
#include <stddef.h>

static const char *const names[ERR_NKINDS] = {
    [ERR_OK] = "ok",
    [ERR_NOTFOUND] = "not found",
    [ERR_EXISTS] = "already exists",
    [ERR_DENIED] = "permission denied",
    [ERR_OVERQUOTA] = "over quota",
    [ERR_LIMIT] = "limit exceeded",
    [ERR_SYNTAX] = "syntax error",
    [ERR_BADNAME] = "invalid name",
    [ERR_LOCKED] = "locked",
    [ERR_INUSE] = "in use",
    [ERR_AGAIN] = "temporary failure",
    [ERR_TIMEOUT] = "timed out",
    [ERR_IO] = "system error",
    [ERR_CORRUPT] = "corrupt data",
    [ERR_NOSPACE] = "no space",
    [ERR_READONLY] = "read-only",
    [ERR_CLOSED] = "connection closed",
    [ERR_AUTH] = "authentication failed",
    [ERR_UNSUPPORTED] = "unsupported",
    [ERR_STOP] = "stopped",
};

const char *err_name(err_t err)
{
    if ((unsigned)err >= ERR_NKINDS || !names[err])
        return "unknown error";
    return names[err];
}

err_t err_from_errno(int errno_value)
{
    switch (errno_value) {
    case ENOENT:
        return ERR_NOTFOUND;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
        return ERR_NOSPACE;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case EROFS:
        return ERR_READONLY;
    default:
        return ERR_IO;
    }
}
