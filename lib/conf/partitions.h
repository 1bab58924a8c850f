/* partitions.h - names of partitions and the directories behind them
 *
 * Lines of imapd.conf (formats/mailbox-store.md 3):
 *     partition-NAME                  root of mail
 *     metapartition-NAME              root of the kinds of metadata listed in metapartition_files
 *     metadir-KIND-NAME               root of one kind of metadata; goes before metapartition-NAME
 *     archivepartition-NAME           root of archived messages (archive_enabled)
 * NAME is letters, digits, "_" and "-", in either case.  conf_load() has checked that every
 * directory begins with "/", that there is a partition, and that defaultpartition is one (members
 * of a murder without mail of their own, mupdate_server, need none).
 */
#ifndef CONF_PARTITIONS_H
#define CONF_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

/* Kinds of metadata, in the order of the words of metapartition_files; PARTITION_DATA are the
 * messages. */
enum partition_file {
    PARTITION_HEADER,
    PARTITION_INDEX,
    PARTITION_CACHE,
    PARTITION_EXPUNGE,
    PARTITION_SQUAT,
    PARTITION_ANNOTATIONS,
    PARTITION_LOCK,
    PARTITION_DAV,
    PARTITION_ARCHIVECACHE,
    PARTITION_NMETA,
    PARTITION_DATA = PARTITION_NMETA
};

/* Is there a partition-NAME? */
bool partition_exists(struct slice name);

/* Root directory of a kind of file, without "/" at its end: metadir-KIND-NAME, else
 * metapartition-NAME if the kind is listed, else partition-NAME.  Annotations go with
 * metadir-index-NAME; the cache of the archive goes to the archive root before partition-NAME.
 * Borrowed until conf_unload(); NULL: no such partition. */
const char *partition_root(struct slice name, enum partition_file);

/* Root of archived messages: archivepartition-NAME; NULL when it is missing or
 * archive_enabled is off. */
const char *partition_archive_root(struct slice name);

/* Walk the names (lower-case) in the order of the file: size_t pos = 0.  False ends. */
bool partition_next(size_t *pos, struct slice *name);
size_t partition_count(void);

#endif
