/* dbtool_batch.h - the batch language of cyr_dbtool (install contract section 9)
 *
 * Lines, ended by LF or CRLF:
 *   BEGIN | COMMIT | ABORT | SHOW [prefix] | GET key | SET key value | DELETE key
 * An argument is a word, "text" (a backslash takes the next byte as it is), or a literal
 * {n}CRLF or {n+}CRLF and n bytes.  Answers: "key value" LF, both as word, "text" or literal.
 * Without BEGIN each command is a transaction of its own.
 */
#ifndef ADMIN_DBTOOL_BATCH_H
#define ADMIN_DBTOOL_BATCH_H

#include <stdio.h>

#include "lib/db/db.h"

/* Run commands until the end of `in`.  The first failure is told on `errors` and ends it, an
 * open transaction is given up; so is one that is open at the end (ERR_SYNTAX). */
err_t dbtool_batch(struct db *, FILE *in, FILE *out, FILE *errors) NODISCARD;

#endif
