/* real_files.h - databases made by Cyrus 3.6.1 (cunit/data/db)
 *
 * All from one list of commands: for i in 0..39 key k(i*7 mod 40) = "value i"; every third
 * key then "other n"; every fifth deleted; k10 to k13 set to "new" and k30 to k33 deleted, in
 * one transaction each.
 */
#ifndef CUNIT_DB_REAL_FILES_H
#define CUNIT_DB_REAL_FILES_H

#include "lib/db/db.h"

void copy_real(const char *name, const char *to);
bool is_real_content(struct db *);

#endif
