/* annot_define.h - annotations that a site defines: the file annotation_definitions (AN-07)
 *
 *   name, scope, type, proxy type, attributes, rights
 *   /vendor/example/colour, mailbox, string, backend, value.shared value.priv, w
 *
 * One line each; blank lines and those that begin with "#" say nothing.  scope: server, mailbox or
 * message; type: string, boolean, int, uint, content-type; attributes: value.shared, value.priv,
 * value (both); rights: letters that are needed besides to set the shared value.
 */
#ifndef STORE_ANNOT_DEFINE_H
#define STORE_ANNOT_DEFINE_H

#include "imap/store/annot_entry.h"
#include "lib/base/err.h"

enum { ANNOT_DEFINITIONS_MAX = 1000, ANNOT_DEFINITIONS_BYTES = 256 * 1024 };

struct annot_definition {
    struct slice name;        /* of the line */
    struct annot_entry entry; /* but for its name */
};

/* One line without its end.  ERR_NOTFOUND: it says nothing.  ERR_SYNTAX: *why says what is wrong.
 */
err_t annot_definition_parse(struct slice line, struct annot_definition *out,
                             const char **why) NODISCARD;

/* Among those of the file, which is read once in a process; lines that cannot be read are logged
 * and passed over.  NULL: not defined. */
const struct annot_entry *annot_defined_find(enum annot_scope, struct slice name);
/* All of them. */
const struct annot_entry *annot_defined(size_t *n);

#endif
