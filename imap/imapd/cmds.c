/* cmds.c - the commands of IMAP: one row each, data only
 *
 * RFC 3501 6; extensions name their RFC in the capability list.
 */
#include "imap/imapd/imapd.h"

const struct command imap_commands[] = {
    /* name             handler            allowed in      flags */
    { "APPEND",         cmd_append,        ST_LOGGED_IN,   C_WRITE | C_STREAM | C_MAY_EXPUNGE, NULL },
    { "AUTHENTICATE",   cmd_authenticate,  ST_NOAUTH,      C_QUIET, NULL },
    { "CAPABILITY",     cmd_capability,    ST_ANY,         C_MAY_EXPUNGE, NULL },
    { "CHECK",          cmd_check,         ST_SELECTED,    C_MAY_EXPUNGE, NULL },
    { "CLOSE",          cmd_close,         ST_SELECTED,    0, NULL },
    { "COPY",           cmd_copy,          ST_SELECTED,    C_WRITE | C_MAY_EXPUNGE, NULL },
    { "CREATE",         cmd_create,        ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "DELETE",         cmd_delete,        ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "DELETEACL",      cmd_deleteacl,     ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "ENABLE",         cmd_enable,        ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "EXAMINE",        cmd_select,        ST_LOGGED_IN,   0, NULL },
    { "EXPUNGE",        cmd_expunge,       ST_SELECTED,    C_WRITE | C_MAY_EXPUNGE, NULL },
    { "FETCH",          cmd_fetch,         ST_SELECTED,    0, NULL },
    { "GETACL",         cmd_getacl,        ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "GETQUOTA",       cmd_getquota,      ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "GETQUOTAROOT",   cmd_getquotaroot,  ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "ID",             cmd_id,            ST_ANY,         C_MAY_EXPUNGE, NULL },
    { "IDLE",           cmd_idle,          ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "LIST",           cmd_list,          ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "LISTRIGHTS",     cmd_listrights,    ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "LOGIN",          cmd_login,         ST_NOAUTH,      C_QUIET, NULL },
    { "LOGOUT",         cmd_logout,        ST_ANY,         0, NULL },
    { "LSUB",           cmd_lsub,          ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "MOVE",           cmd_copy,          ST_SELECTED,    C_WRITE | C_MAY_EXPUNGE, NULL },
    { "MYRIGHTS",       cmd_myrights,      ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "NAMESPACE",      cmd_namespace,     ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "NOOP",           cmd_noop,          ST_ANY,         C_MAY_EXPUNGE, NULL },
    { "RENAME",         cmd_rename,        ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "REPLACE",        cmd_replace,       ST_SELECTED,    C_WRITE | C_STREAM | C_MAY_EXPUNGE, NULL },
    { "SEARCH",         cmd_search,        ST_SELECTED,    0, NULL },
    { "SELECT",         cmd_select,        ST_LOGGED_IN,   0, NULL },
    { "SETACL",         cmd_setacl,        ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "SETQUOTA",       cmd_setquota,      ST_LOGGED_IN,   C_WRITE | C_ADMIN | C_MAY_EXPUNGE, NULL },
    { "STARTTLS",       cmd_starttls,      ST_NOAUTH,      C_NO_TLS, NULL },
    { "STATUS",         cmd_status,        ST_LOGGED_IN,   C_MAY_EXPUNGE, NULL },
    { "STORE",          cmd_store,         ST_SELECTED,    C_WRITE, NULL },
    { "SUBSCRIBE",      cmd_subscribe,     ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
    { "UID COPY",       cmd_copy,          ST_SELECTED,    C_WRITE | C_UID | C_MAY_EXPUNGE, NULL },
    { "UID EXPUNGE",    cmd_expunge,       ST_SELECTED,    C_WRITE | C_UID | C_MAY_EXPUNGE, NULL },
    { "UID FETCH",      cmd_fetch,         ST_SELECTED,    C_UID | C_MAY_EXPUNGE, NULL },
    { "UID MOVE",       cmd_copy,          ST_SELECTED,    C_WRITE | C_UID | C_MAY_EXPUNGE, NULL },
    { "UID REPLACE",    cmd_replace,       ST_SELECTED,    C_WRITE | C_UID | C_STREAM | C_MAY_EXPUNGE, NULL },
    { "UID SEARCH",     cmd_search,        ST_SELECTED,    C_UID | C_MAY_EXPUNGE, NULL },
    { "UID STORE",      cmd_store,         ST_SELECTED,    C_WRITE | C_UID | C_MAY_EXPUNGE, NULL },
    { "UNSELECT",       cmd_unselect,      ST_SELECTED,    0, NULL },
    { "UNSUBSCRIBE",    cmd_unsubscribe,   ST_LOGGED_IN,   C_WRITE | C_MAY_EXPUNGE, NULL },
};

const size_t imap_ncommands = sizeof imap_commands / sizeof *imap_commands;
