/* cyrusconf_impl.h - shared by the reader of lines and the table of keys */
#ifndef MASTER_CYRUSCONF_IMPL_H
#define MASTER_CYRUSCONF_IMPL_H

#include "master/cyrusconf.h"

struct cyrusconf_reader {
    struct cyrusconf *conf;
    enum cyrusconf_duplicates duplicates;
    cyrusconf_remark_fn *remark;
    void *arg;
    int line;                           /* the line that remarks are about */
};

/* Remark with CYRUSCONF_WARNING about the line that is being read. */
void cyrusconf_warn(struct cyrusconf_reader *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Remark with CYRUSCONF_ERROR; always ERR_SYNTAX. */
err_t cyrusconf_refuse(struct cyrusconf_reader *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- cyrusconf_keys.c ---- */

/* Values of an entry before anything was said about it. */
void cyrusconf_entry_init(struct cyrusconf_entry *, enum cyrusconf_section, int line);

/* Take one key=value.  Unknown keys and impossible values are warned about. */
err_t cyrusconf_entry_set(struct cyrusconf_reader *, struct cyrusconf_entry *, struct slice key,
                          struct slice value) NODISCARD;

/* All pairs are in: what is missing, what contradicts itself, what follows from what. */
err_t cyrusconf_entry_finish(struct cyrusconf_reader *, struct cyrusconf_entry *) NODISCARD;

#endif
