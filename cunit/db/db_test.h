/* db_test.h - helpers of the database tests */
#ifndef CUNIT_DB_DB_TEST_H
#define CUNIT_DB_DB_TEST_H

#include "cunit/base/syslog_double.h"
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/db/db.h"

/* Engines under test, with the flags that make a difference.  plain: keys and values must look
 * like quota roots and quotas. */
struct engine_row {
    const char *name;
    unsigned flags;
    bool plain;
};
extern const struct engine_row engine_rows[];
extern const size_t nengine_rows;

/* Load a configuration with these lines more (quotalegacy looks into it); NULL: the plain one,
 * unless one is loaded. */
void use_conf(const char *lines);

/* A new empty directory below that of the run; and a path in the newest one (static, in turn). */
const char *fresh_dir(void);
const char *in_dir(const char *name);

/* Path for a database of the row in a fresh directory. */
const char *fresh_path(const struct engine_row *);

/* Open with DB_CREATE and the row's flags, or end the program. */
struct db *must_open(const struct engine_row *, const char *path, unsigned more_flags);
struct db *open_named(const char *engine, const char *path, unsigned flags);

/* Is that the value of key?  value NULL: is it absent? */
bool has(struct db *, struct db_txn *, const char *key, const char *value);

/* All records as "key=value key=value ", static. */
const char *content(struct db *, struct db_txn *);
const char *content_of(const char *engine, const char *path);

/* Store or delete (value NULL) in a transaction of its own. */
err_t put(struct db *, const char *key, const char *value);

/* Whole file in and out. */
void read_file(const char *path, struct buf *out);
void write_file(const char *path, struct slice bytes);

/* Run fn(arg) in a child; its exit status, or 256 + signal. */
int in_child(int (*fn)(void *), void *arg);

/* Number of open descriptors of this process. */
int open_descriptors(void);

/* Lines "DBERROR" since the last call. */
int dberrors(void);

#endif
