/* conf.h - imapd.conf: read once at start, then constant
 *
 * The table of options is options.def; an option is named by its enumerator
 * (CONF_ALLOWPLAINTEXT for "allowplaintext").  Grammar and rules: spec of imapd.conf(5),
 * generated from the same table.  Process-wide singleton.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <limits.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

/* enum conf_id { CONF_ADMINS, CONF_ALLOWPLAINTEXT, ..., CONF_NOPTIONS }: made from options.def
 * by the preprocessor. */
#include "lib/conf/options.h"

#ifndef CYRUS_SYSCONFDIR                        /* the build says which */
#define CYRUS_SYSCONFDIR "/etc"
#endif
#define CONF_DEFAULT_PATH CYRUS_SYSCONFDIR "/imapd.conf"

/* Read `path` (NULL: CONF_DEFAULT_PATH) and check it, partitions too.
 * `service` is the cyrus.conf name of this service (or the program's name) whose
 * "<service>_<option>" lines override; may be NULL.
 * On failure one sentence with file, line and cure is in *why (for stderr and syslog).
 * ERR_NOTFOUND, ERR_DENIED, ERR_IO: a file; ERR_SYNTAX: a line; ERR_LIMIT: too long, too many,
 * includes too deep; ERR_BADNAME: a missing or impossible value.
 * What is loaded already is replaced on ERR_OK and kept otherwise, so that master can read its
 * file again; borrowed strings end with a replacement too.
 * CYRUS_USER, CYRUS_GROUP and CYRUS_SYSLOG_PREFIX of the environment go before the file. */
err_t conf_load(const char *path, const char *service, struct buf *why) NODISCARD;

/* Forget everything; nothing loaded is fine.  The getters may not be called then. */
void conf_unload(void);

/* Unit tests: the same from memory; messages call it "text" and "@include" is refused. */
err_t conf_load_text(struct slice text, const char *service, struct buf *why) NODISCARD;

/* Say in the log, one line each, which options of the file have no effect in this version, which
 * are obsolete and which are unknown.  Once, after log_open(): master and the tools that start
 * alone do it, not every child. */
void conf_log_complaints(void);

const char *conf_path(void);                    /* file that was read */
const char *conf_service(void);                 /* NULL: none was given */

/* Typed values; the type must be the option's own (checked, BUG otherwise).  Strings are
 * borrowed until conf_unload(); an unset string is NULL, an empty one "".  Without value and
 * default: numbers and durations are 0, sets empty, enums CONF_UNSET with the word NULL. */
#define CONF_UNSET UINT_MAX
const char *conf_string(enum conf_id);
bool conf_bool(enum conf_id);
int64_t conf_int(enum conf_id);
int64_t conf_seconds(enum conf_id);             /* durations */
unsigned conf_enum(enum conf_id);               /* enums, one-of: index into the row's words */
const char *conf_enum_word(enum conf_id);
uint64_t conf_set(enum conf_id);                /* sets: bit i = word i of the row */
bool conf_is_default(enum conf_id);

/* Any line by its text, known option or not ("partition-default", "sasl_mech_list",
 * "imap_password"); service override applied; NULL when absent. */
const char *conf_text(const char *name);

/* Every line of the file as name (lower-cased) and value; false ends it. size_t pos = 0. */
bool conf_next(size_t *pos, struct slice *name, struct slice *value, int *line);

/* Every file that was read, in the order of reading: the one named at load, then what it
 * includes.  false ends it. size_t pos = 0; borrowed until conf_unload(). */
bool conf_next_file(size_t *pos, const char **path);

/* Is `word` among the blank-separated words of the option (admins, proxyservers ...)? */
bool conf_has_word(enum conf_id, struct slice word);

/* Where an option was set, for messages: "<file>, line <n>: "; "<file>: " when no line sets it. */
void conf_place(enum conf_id, struct buf *out);

/* configdirectory + "/" + rest. */
void conf_dir(struct buf *out, const char *rest);

/* Name for greetings: servername, else the host's name. */
const char *conf_servername(void);

/* ---- for cyr_info and the manual page generator ---- */
enum conf_type { CONF_T_STRING, CONF_T_BOOL, CONF_T_INT, CONF_T_DURATION, CONF_T_ENUM, CONF_T_SET,
                 CONF_T_ONEOF };
enum conf_mark { CONF_M_CORE, CONF_M_LATER, CONF_M_OBSOLETE };
struct conf_option {
    const char *name;
    enum conf_type type;
    const char *fallback;                       /* default as text; NULL = unset */
    const char *words;                          /* enums and sets, blank-separated, "word|alias" for
                                                 * a second spelling; else NULL */
    char unit;                                  /* durations: unit of a bare number d h m s */
    const char *since;                          /* version of the last change */
    enum conf_mark mark;
    const char *replaced_by;                    /* obsolete: the new name, or NULL */
    const char *section;                        /* heading in the manual */
    const char *text;                           /* manual text */
};
/* The row of an option. */
const struct conf_option *conf_option(enum conf_id);

/* Current value as text (for `cyr_info conf-all`). */
void conf_value_text(enum conf_id, struct buf *out);

/* Find a row by its name, in any case; obsolete names have rows of their own. False: unknown. */
bool conf_find(struct slice name, enum conf_id *out);

enum conf_complaint_kind {
    CONF_C_UNKNOWN,                             /* no such name */
    CONF_C_OBSOLETE,                            /* read for the sake of old files */
    CONF_C_LATER,                               /* its subsystem is absent: no effect */
    CONF_C_VALUE                                /* blank, or no value of its option (overrides) */
};
struct conf_complaint {
    enum conf_complaint_kind kind;
    const char *file;
    int line;
    struct slice name, value;                   /* as in the file, name lower-cased */
    const char *text;                           /* sentence without file and line */
};

/* Walk the lines of the loaded file that deserve a remark though they are not fatal.  `services`
 * are the names in cyrus.conf: "<name>_<option>" is an override for these only; NULL: any
 * name before a known option will do. */
void conf_check(const struct slice *services, size_t n,
                void (*complain)(void *, const struct conf_complaint *), void *arg);

/* The same as lines of text, for any service name. */
void conf_lint(void (*complain)(void *, int line, const char *text), void *arg);

#endif
