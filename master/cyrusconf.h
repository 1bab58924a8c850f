/* cyrusconf.h - cyrus.conf: what master starts, and when
 *
 *   file    = *( section / comment / blank line )
 *   section = NAME "{" end of line *( entry ) "}"     START SERVICES EVENTS DAEMON, any case
 *   entry   = name *( blank key "=" value )           name: ASCII letters and digits
 *   value   = DQUOTE text without DQUOTE DQUOTE / text without blanks
 *   comment = "#" to the end of the line, inside quotes too
 *
 * Sections may be repeated and come in any order.  What 3.6.1 passes over in silence
 * (sections of other names, sections written on one line, unknown keys, values that are no
 * numbers) is passed over here with a warning; what ends 3.6.1 is fatal here.
 * Reading is pure: text in, entries and remarks out.  See cyrus.conf(5).
 */
#ifndef MASTER_CYRUSCONF_H
#define MASTER_CYRUSCONF_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/vec.h"

enum {
    CYRUSCONF_FILE_MAX = 1 << 20,       /* bytes of a file */
    CYRUSCONF_LINE_MAX = 4096,          /* bytes of a line, its end not counted */
    CYRUSCONF_ARGS_MAX = 64,            /* key=value pairs of an entry, words of a command */
    CYRUSCONF_NUMBER_MAX = 1000000,     /* larger numbers are taken for mistakes */
    CYRUSCONF_NO_TIME = -1,             /* at_min of an entry without at= */
};

enum cyrusconf_section { CYRUSCONF_START, CYRUSCONF_SERVICES, CYRUSCONF_EVENTS, CYRUSCONF_DAEMON,
                         CYRUSCONF_NSECTIONS };

/* One entry, checked; keys that do not belong to its section have their defaults. */
struct cyrusconf_entry {
    enum cyrusconf_section section;
    int line;                           /* where it stands */
    const char *name;
    const char *const *argv;            /* cmd, split at blanks; NULL at the end */
    const char *listen;
    const char *proto;                  /* tcp tcp4 tcp6 udp udp4 udp6 */
    int prefork;                        /* babysit and datagrams are already counted in */
    int maxchild;                       /* -1: no limit */
    int maxforkrate;                    /* forks per second; 0: no limit */
    int maxfds;                         /* 0: as master's own */
    bool babysit;
    bool wait;                          /* DAEMON: writes "ok\r\n" to descriptor 3 when ready */
    bool unusable;                      /* SERVICES: of an unknown proto, not to be started */
    int period_min;                     /* EVENTS: minutes; 0: once */
    int at_min;                         /* EVENTS: minutes after midnight */
};

enum cyrusconf_level {
    CYRUSCONF_WARNING,                  /* it goes on with what the text says */
    CYRUSCONF_ERROR,                    /* reading has ended with an error */
};

/* Hears of every remark: one sentence without file and line, with what to do about it. */
typedef void cyrusconf_remark_fn(void *arg, enum cyrusconf_level, int line, const char *text);

/* What a second SERVICES entry of one name is. */
enum cyrusconf_duplicates {
    CYRUSCONF_REFUSE_DUPLICATES,        /* an error: at start */
    CYRUSCONF_SKIP_DUPLICATES,          /* a warning, the first one counts: when read again */
};

struct cyrusconf {
    struct arena *arena;                /* owns all strings */
    struct vec entries;                 /* struct cyrusconf_entry, in the order of the file */
};

/* Empty, and the end of all that it holds. */
void cyrusconf_init(struct cyrusconf *);
void cyrusconf_fini(struct cyrusconf *);        /* entries and strings are gone */

/* Read a text into an initialised, empty *out.  ERR_SYNTAX: refused, remark was called with
 * CYRUSCONF_ERROR once; *out holds what came before and only waits for cyrusconf_fini. */
err_t cyrusconf_parse(struct slice text, enum cyrusconf_duplicates, struct cyrusconf *out,
                      cyrusconf_remark_fn *, void *arg) NODISCARD;

/* The same for a file.  ERR_NOTFOUND, ERR_DENIED, ERR_LIMIT, ERR_IO: the file, told through
 * remark with line 0. */
err_t cyrusconf_load(const char *path, enum cyrusconf_duplicates, struct cyrusconf *out,
                     cyrusconf_remark_fn *, void *arg) NODISCARD;

static inline const struct cyrusconf_entry *cyrusconf_at(const struct cyrusconf *c, size_t i)
{
    return VEC_AT(&c->entries, struct cyrusconf_entry, i);
}

/* "START" ... "DAEMON". */
const char *cyrusconf_section_name(enum cyrusconf_section);

#endif
