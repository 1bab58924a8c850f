/* instance.h - what tools that work on the store do first: open it, spell names
 */
#ifndef ADMIN_INSTANCE_H
#define ADMIN_INSTANCE_H

#include "imap/store/namespace.h"
#include "imap/store/store.h"

/* store_open(), or the end of the program with its sentence (75 or 78). */
struct store *admin_store(void);

/* The name as an administrator writes it, in UTF-8 or (is_utf7) modified UTF-7, to internal.
 * ERR_BADNAME. */
err_t admin_name(const struct namespace *, const char *word, bool is_utf7,
                 struct buf *intname) NODISCARD;

/* The internal name as an administrator sees it; what has no such name is given as it is. */
void admin_show_name(const struct namespace *, struct slice intname, struct buf *ext);

#endif
