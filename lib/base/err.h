/* err.h - the kinds of failure, by what a caller can do about them
 *
 * A function that can fail returns err_t.  The place that knows the cause (path,
 * errno, offset) logs it once; callers pass the kind upward and the protocol's own
 * table turns it into words for the client.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

typedef enum err {
    ERR_OK = 0,
    ERR_NOTFOUND,    /* the thing named does not exist */
    ERR_EXISTS,      /* it exists already */
    ERR_DENIED,      /* the identity lacks a right */
    ERR_OVERQUOTA,   /* a quota root would pass its limit */
    ERR_LIMIT,       /* larger, longer or deeper than a configured bound */
    ERR_SYNTAX,      /* malformed input */
    ERR_BADNAME,     /* not a permitted name */
    ERR_LOCKED,      /* a lock was not to be had before its deadline */
    ERR_INUSE,       /* held exclusively by another session */
    ERR_AGAIN,       /* temporary: the same call may succeed later */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_IO,          /* the operating system refused; errno was logged */
    ERR_CORRUPT,     /* stored bytes contradict themselves */
    ERR_NOSPACE,     /* disk, inodes or descriptors exhausted */
    ERR_READONLY,    /* opened or configured for reading only */
    ERR_CLOSED,      /* the other side has gone */
    ERR_AUTH,        /* authentication failed */
    ERR_UNSUPPORTED, /* not built in, not enabled or not applicable here */
    ERR_STOP,        /* a walk was ended by its callback; not a failure */
    ERR_NKINDS
} err_t;

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))

/* Short lower-case name of a kind for logs ("not found").  Never NULL. */
const char *err_name(err_t);

/* The kind that fits an errno value: ENOENT -> NOTFOUND, ENOSPC/EDQUOT/EMFILE/ENFILE
 * -> NOSPACE, EACCES/EPERM -> DENIED, EROFS -> READONLY, anything else -> IO. */
err_t err_from_errno(int errno_value);

#endif
