/* procfiles.h - the files proc/<pid> by which sessions show what they do
 *
 * Each process writes its own (and removes it); master removes those of processes that could
 * not: all at start, and that of every child that ends.
 */
#ifndef MASTER_PROCFILES_H
#define MASTER_PROCFILES_H

#include <sys/types.h>

#include "lib/base/buf.h"

/* The directory: option proc_path, or proc below the configuration directory. */
void procfiles_dir(struct buf *out);

/* Remove every file whose name is a number.  A missing directory is fine. */
void procfiles_clean(const char *dir);

/* Remove the file of one process, if there is one. */
void procfiles_remove(const char *dir, pid_t pid);

#endif
