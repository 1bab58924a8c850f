/* imapd.h - one IMAP session: its state and what its parts offer each other
 *
 *      connect          login            SELECT/EXAMINE
 *   o --------> NOAUTH --------> AUTH ------------------> SELECTED
 *                 ^       UNAUTH  |  <-----CLOSE/UNSELECT-----|
 *                 +---------------+          LOGOUT from any state
 *
 * session.c owns struct session and the loop; cmds.c the table; args.c reading a command with its
 * literals; reply.c every tagged reply; view.c the selected mailbox; cmd_*.c one family of
 * commands each.  Handlers take arguments with imaptok, call the store, call reply_*.
 */
#ifndef IMAPD_IMAPD_H
#define IMAPD_IMAPD_H

#include "imap/serve/cmdtable.h"
#include "imap/serve/serve.h"
#include "imap/store/mblist.h"
#include "imap/store/mbops.h"
#include "imap/store/namespace.h"
#include "imap/store/policy.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/text/imapout.h"
#include "lib/text/imaptok.h"

enum imap_state {
    ST_NOAUTH = 1, ST_AUTH = 2, ST_SELECTED = 4, ST_LOGOUT = 8,
    ST_LOGGED_IN = ST_AUTH | ST_SELECTED, ST_ANY = ST_NOAUTH | ST_AUTH | ST_SELECTED
};

/* What the client enabled (RFC 5161): RFC 7162, 9586, 6855, 9051. */
enum imap_enabled {
    ENABLED_CONDSTORE = 1, ENABLED_QRESYNC = 2, ENABLED_UIDONLY = 4,
    ENABLED_UTF8 = 8,                       /* names and quoted strings in UTF-8 */
    ENABLED_ACCEPT = 16,                    /* UTF8=ACCEPT itself, with what it forbids */
    ENABLED_REV2 = 32                       /* IMAP4rev2: RFC 9051 where it differs from RFC 3501 */
};

struct view;
struct notify;

struct session {
    struct session_base *base;
    enum imap_state state;
    struct namespace *ns;                   /* since login */
    struct actor actor;                     /* ident and rank, for store operations */
    struct view *view;                      /* SELECTED: not NULL */
    unsigned enabled;                       /* enum imap_enabled */
    struct notify *notify;                  /* NULL: the client has not used NOTIFY */
    bool modseq_told;                       /* the selected mailbox's HIGHESTMODSEQ was */
    unsigned failed_logins, bad_commands;
    /* the command being served */
    struct slice tag;                       /* in base->command arena */
    const struct command *cmd;
    bool is_uid;                            /* UID form */
    struct buf input;                       /* its text: line, literals, lines; tok points into it */
    struct imaptok tok;                     /* its arguments */
    bool replied;                           /* the tagged reply is out */
};

static inline struct stream *out(struct session *s)
{
    return s->base->stream;
}

/* How strings and names go out to this client: flags for imapout. */
static inline unsigned out_flags(const struct session *s)
{
    return s->enabled & ENABLED_UTF8 ? IMAPOUT_UTF8 : 0;
}

/* ---- args.c: reading ---- */

/* Read one command line with its literals (all but a trailing literal of APPEND, which stays on the wire:
 * imaptok then says ERR_AGAIN) into the command arena; fills tag, cmd, is_uid, tok.  Answers malformed input itself
 * (BAD) and reports ERR_SYNTAX; ERR_CLOSED, ERR_TIMEOUT end the session. */
err_t args_read_command(struct session *) NODISCARD;

/* The next stretch of the command line after a literal that was streamed: takes the place of the text
 * before it, and s->tok begins on it (APPEND with several messages). */
err_t args_continue(struct session *) NODISCARD;

/* Mailbox name argument to internal name (arena).  On failure the tagged NO/BAD is out. */
err_t args_mailbox(struct session *, struct slice *intname_out) NODISCARD;
/* The same, and the name as it was given (arena). */
err_t args_mailbox_given(struct session *, struct slice *given_out, struct slice *intname_out) NODISCARD;
/* Arguments must end here; else BAD is out. */
err_t args_end(struct session *) NODISCARD;
/* After a failed imaptok call: tagged BAD with tok.why. */
void args_bad(struct session *, err_t);

/* ---- reply.c: tagged replies, each ends the command ---- */
/* "tag OK text"; pending changes go out before.  NO after a command that only reads the selected
 * mailbox and found it damaged (mailbox_read_ok). */
void reply_ok(struct session *, const char *text);
void reply_ok_code(struct session *, const char *code, const char *text);      /* "tag OK [code] text" */
void reply_no(struct session *, const char *code, const char *text);           /* code may be NULL */
void reply_bad(struct session *, const char *text);
/* After a failed view_resolve(): BAD for a wrong number, NO for a damaged mailbox. */
void reply_resolve(struct session *, err_t);
/* The one table err_t -> response code and words (RFC 5530, spec of capabilities 1.4). */
void reply_err(struct session *, err_t);
void reply_bye(struct session *, const char *text);             /* untagged; state becomes LOGOUT */
/* "tag OK [CAPABILITY ...] text" after a login; text gets SESSIONID=<...> behind it. */
void reply_login(struct session *, const char *text);
/* Untagged "* ..." line. */
void untagged(struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- rights on a mailbox named by the client: entry and rights, or the NO is out ---- */
err_t session_access(struct session *, struct slice intname, enum policy_op, struct mbentry *entry,
                     rights_t *rights_out) NODISCARD;
/* Internal name as this user sees it, appended as an IMAP string. */
void session_put_mailbox(struct session *, struct buf *, struct slice intname);

/* ---- capability.c ---- */
void capability_text(struct session *, struct buf *out);        /* for greeting and OK [CAPABILITY] */
/* For CAPABILITY: the same, and before login what cyradm wants to know. */
void capability_answer(struct session *, struct buf *out);
/* Is UTF8=ACCEPT there (RFC 6855)?  Only where headers in UTF-8 are stored as they come. */
bool capability_utf8(const struct session *);
/* Is IMAP4rev2 there (RFC 9051)?  IDLE belongs to it. */
bool capability_rev2(const struct session *);

/* ---- session.c ---- */
void session_run(struct session_base *);        /* one connection, greeting to logout */
/* Login succeeded: identity, namespace, state. */
void session_enter(struct session *);
/* Back to nobody: all that the session was, but for TLS and what ID said, is as after the greeting (RFC 8437). */
void session_leave(struct session *);

/* ---- handlers ---- */
extern const struct command imap_commands[];
extern const size_t imap_ncommands;

typedef void imap_handler(void *session, const struct command *);
/* cmd_auth.c */
imap_handler cmd_login, cmd_authenticate, cmd_starttls, cmd_unauthenticate, cmd_logout, cmd_id;
/* cmd_any.c */
imap_handler cmd_capability, cmd_noop, cmd_namespace, cmd_enable, cmd_compress;
/* cmd_language.c */
imap_handler cmd_language;
/* cmd_select.c */
imap_handler cmd_select, cmd_close, cmd_unselect, cmd_check;
/* cmd_mailbox.c */
imap_handler cmd_create, cmd_delete, cmd_rename;
/* cmd_list.c, cmd_subs.c, cmd_status.c */
imap_handler cmd_list, cmd_lsub, cmd_xlist, cmd_subscribe, cmd_unsubscribe, cmd_status;
/* cmd_append.c, cmd_copy.c, cmd_expunge.c, cmd_store.c, cmd_fetch.c, cmd_search.c, cmd_idle.c */
imap_handler cmd_append, cmd_copy, cmd_expunge, cmd_store, cmd_fetch, cmd_search, cmd_idle;
/* notify.c */
imap_handler cmd_notify;
/* cmd_sort.c, cmd_thread.c, cmd_esearch.c */
imap_handler cmd_sort, cmd_thread, cmd_esearch;
/* search_context.c */
imap_handler cmd_cancelupdate;
/* cmd_metadata.c */
imap_handler cmd_getmetadata, cmd_setmetadata;
/* cmd_annotation.c */
imap_handler cmd_getannotation, cmd_setannotation;
/* cmd_replace.c */
imap_handler cmd_replace;
/* cmd_urlauth.c */
imap_handler cmd_genurlauth, cmd_urlfetch, cmd_resetkey;
/* cmd_acl.c, cmd_quota.c */
imap_handler cmd_setacl, cmd_deleteacl, cmd_getacl, cmd_listrights, cmd_myrights;
imap_handler cmd_getquota, cmd_setquota, cmd_getquotaroot;

#endif
