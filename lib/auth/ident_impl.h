/* ident_impl.h - modules that know the groups of a user */
#ifndef AUTH_IDENT_IMPL_H
#define AUTH_IDENT_IMPL_H

#include "lib/auth/ident.h"
#include "lib/base/vec.h"

/* Names of the groups of a user, one `char *` each, appended to *out (freed by the caller with
 * mem_free).  An unknown user has none. */
void ident_unix_groups(struct slice userid, struct vec *out);

#endif
