/* partition.h - which partition, which directories (formats/mailbox-store.md 3)
 *
 * Names and roots of partitions: lib/conf/partitions.h.  Paths come from names and ids that are
 * stored in databases: what could leave the root (a level "..", a slash) is refused with
 * ERR_CORRUPT.
 */
#ifndef STORE_PARTITION_H
#define STORE_PARTITION_H

#include "imap/store/mblist.h"
#include "lib/conf/partitions.h"

enum store_file { FILE_HEADER, FILE_INDEX, FILE_CACHE, FILE_ANNOTATIONS, FILE_SQUAT, FILE_MESSAGE };

/* Directory of a mailbox for a kind of file (metapartitions!), without trailing slash.  Replaces
 * *out. ERR_UNSUPPORTED: no such partition. */
err_t partition_dir(const struct mbentry *, enum store_file, struct buf *out) NODISCARD;
/* Full path of cyrus.index etc.; FILE_MESSAGE: the directory. */
err_t partition_file(const struct mbentry *, enum store_file, struct buf *out) NODISCARD;
/* Root directory of a kind of file: nothing above it is ever removed.  NULL: no such partition. */
const char *partition_root_of(const struct mbentry *, enum store_file);
/* Staging directory "<root>/stage." of a partition.  ERR_UNSUPPORTED: no such partition. */
err_t partition_stage_dir(struct slice partition, struct buf *out) NODISCARD;

/* Path below a partition's root: "uuid/a/b/<id>", or the levels of the name (legacy).  Appends "/"
 * and it. */
err_t partition_relative(const struct mbentry *, struct buf *out) NODISCARD;
/* Append "/uuid/<c1>/<c2>/<uniqueid>"; also used below <configdirectory>/user.  ERR_CORRUPT: not an
 * id. */
err_t partition_add_uuid(struct slice uniqueid, struct buf *out) NODISCARD;
/* Append "[/domain/<hd>/<domain>][/<h>]/level/level..." as for a legacy mailbox or a lock. */
err_t partition_add_name(struct slice intname, struct buf *out) NODISCARD;

/* Partition of a new mailbox without parent: defaultpartition, or chosen by free space (PT-02,
 * PT-06, PT-07; space is measured at every choice).  ERR_UNSUPPORTED: there is none to choose. */
err_t partition_choose(struct buf *out) NODISCARD;

/* Path of the lock of a mailbox; of a lock named `name`. */
err_t partition_lock_path(const struct mbentry *, struct buf *out) NODISCARD;
err_t partition_named_lock_path(struct slice name, struct buf *out) NODISCARD;

struct partition_usage {
    struct slice name;
    uint64_t free_kib, total_kib;
};
/* Space on the file system of the messages of a partition.  False: it cannot be asked (logged). */
bool partition_measure(struct slice name, struct partition_usage *out);

/* ---- the choice alone, for tests ---- */

/* Index of the chosen one of n >= 1, by partition_select_mode `mode`; soft_limit: percent used from
 * which one is passed over unless all are (0: no limit).  random: a number below 2^32. */
size_t partition_pick(const char *mode, const struct partition_usage *, size_t n,
                      unsigned soft_limit, uint32_t random);

#endif
