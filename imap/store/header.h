/* header.h - cyrus.header: quota root, ACL, names of user flags of one mailbox
 *
 * The mailbox list is the authority for name, type and ACL; the copies here are for rebuilding it.
 * The CRC-32 of the whole file stands in the index header; 0 there means "not recorded".
 */
#ifndef STORE_HEADER_H
#define STORE_HEADER_H

#include "imap/store/record.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct header {                         /* owned: header_init() ... header_fini() */
    struct buf type;                    /* letters, "e"; empty in plain form */
    struct buf name;                    /* internal name; empty: NIL or plain form */
    struct buf uniqueid;                /* empty in very old files */
    struct buf quotaroot;               /* empty: none */
    struct buf acl;                     /* text form, acl.h */
    struct buf flag[USER_FLAGS_MAX];    /* empty: free */
    uint32_t crc;                       /* of the bytes parsed or last formatted */
};

/* Empty. */
void header_init(struct header *);
/* Frees what it holds. */
void header_fini(struct header *);
void header_reset(struct header *);     /* empties, keeps memory */

/* Parse a whole file, either form.  ERR_CORRUPT: magic or text is wrong. */
err_t header_parse(struct slice file, struct header *out) NODISCARD;

/* The bytes of the file in the present form; sets h->crc. */
void header_format(struct header *, struct buf *out);

struct mbentry;
/* Type, name, uniqueid and ACL as the mailbox list has them. */
void header_set_entry(struct header *, const struct mbentry *);

/* Number of the flag with this name (without case), or -1. */
int header_flag_find(const struct header *, struct slice name);
/* First free slot below limit, or -1. */
int header_flag_free(const struct header *, unsigned limit);

/* Load and parse.  ERR_NOTFOUND, ERR_CORRUPT (logged), ERR_IO. */
err_t header_load(const char *path, struct header *out) NODISCARD;

/* As header_load() for a file whose checksum should be `crc`, but was damaged in one byte: that
 * byte is put right in *bytes, which are then the whole file.  ERR_CORRUPT: not so. */
err_t header_correct(const char *path, uint32_t crc, struct header *out,
                     struct buf *bytes) NODISCARD;

/* May this be the name of a user flag: an IMAP atom without leading backslash, at most 1023
 * bytes? */
bool header_flag_name_ok(struct slice name);

#endif
