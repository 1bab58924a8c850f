/* serve.h - the skeleton that every protocol daemon shares
 *
 * serve_run() is the whole main(): options common to services (-C -U -T -D -X -s -p -N ...),
 * configuration, log, store, contract with master (fd 3 status, fd 4 listener, accept lock;
 * formats/internal-protocols.md 1), accept loop with process reuse, tcp options, peer names, TLS
 * at once (-s), the proc file, signals (TERM: finish the command, say bye; HUP: exit when idle),
 * msg/shutdown, limits per host and user, session id, telemetry.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <time.h>

#include "lib/auth/ident.h"
#include "lib/auth/sasl_server.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

struct store;
struct session_base;

/* What a daemon says of itself. */
struct service {
    const char *name;                           /* "imapd": program name for usage and log */
    const char *protocol;                       /* "imap": SASL service, log words */
    const char *options;                        /* getopt letters of its own, e.g. "N" */
    bool (*option)(int letter, const char *arg);    /* false: usage */
    bool needs_store;
    void (*session)(struct session_base *);     /* serve one connection to its end */
};

int serve_run(const struct service *, int argc, char **argv);   /* exit status */

/* One connection; the daemon's own session struct holds a pointer to it. */
struct session_base {
    const struct service *service;
    const char *service_name;                   /* cyrus.conf entry: CYRUS_SERVICE */
    struct store *store;
    struct stream *stream;
    struct sasl_server *sasl;                   /* made by serve, shared by login.h */
    struct tls_server *tls;                     /* NULL: no certificate */
    struct ident *ident;                        /* NULL before login */
    bool is_admin;
    bool is_unix;                               /* connected through a unix socket */
    bool tls_at_once;                           /* -s */
    int outer_ssf;                              /* -p */
    char client[300];                           /* "host [1.2.3.4]" as logs and proc files show */
    char client_host[256];                      /* name or "[1.2.3.4]" */
    char client_ip[64];                         /* "" for unix sockets */
    char local_ip_port[80], remote_ip_port[80]; /* "ip;port" for SASL */
    char session_id[128];                       /* "cyrus-<time>-<pid>-<n>-<random>" */
    struct arena *life;                         /* for the whole session */
    struct arena *command;                      /* reset by the daemon after each command */
    time_t started;
};

/* True once the process was told to end (TERM) or msg/shutdown exists; *why gets the text to say
 * ("" default).  Ask before each command, and whenever stream_line() or stream_wait() returns
 * ERR_AGAIN: a signal ended the wait for a command, and the client is still to be told.  Cheap:
 * signals are a flag, the file is looked at no more than once a second. */
bool serve_must_end(struct session_base *, const char **why);

/* What the administrator has to say to everybody: first line of msg/motd.  False: nothing. */
bool serve_motd(char *text, size_t size);

/* Give back memory that is not needed now, before a wait that is likely to be long (IDLE).  Takes
 * some microseconds, so not between commands. */
void serve_rest(void);

/* What a greeting says of the server (serverinfo): "<name> Cyrus <what> <version>", or less. */
void serve_banner(const char *what, struct buf *out);

/* ---- login (login.c): one set of rules for all protocols ---- */
enum login_result {
    LOGIN_OK,
    LOGIN_CONTINUE,         /* send the challenge */
    LOGIN_FAILED,           /* authentication failure; failedloginpause was waited */
    LOGIN_DENIED,           /* proved, but not permitted here; *why says what */
    LOGIN_TOO_MANY,         /* maxlogins_per_host/user; */
    LOGIN_NO_MECH,
    LOGIN_BAD,              /* malformed */
    LOGIN_CANCELLED,        /* the client gave up ("*") */
    LOGIN_UNAVAILABLE,      /* the password store does not answer: temporary */
    LOGIN_CLOSED,           /* the client left, or too many failures: end without another reply */
};
enum login_result serve_login_password(struct session_base *, struct slice user, struct slice pass,
                                       const char **why);
enum login_result serve_login_begin(struct session_base *, struct slice mech,
                                    const struct slice *initial, struct buf *challenge,
                                    const char **why);
enum login_result serve_login_apop(struct session_base *, struct slice user,
                                   struct slice digest_hex, const char **why);
/* A whole dialogue: initial64 is the initial response in base64 ("=": an empty one; NULL: none),
 * `prefix` stands before each challenge ("+ ", "334 ").  Never LOGIN_CONTINUE; LOGIN_CLOSED: the
 * connection has ended. */
enum login_result serve_login_dialogue(struct session_base *, struct slice mech,
                                       const struct slice *initial64, const char *prefix,
                                       const char **why);
/* The client gave a dialogue up.  Always LOGIN_CANCELLED. */
enum login_result serve_login_cancel(struct session_base *, const char **why);
enum login_result serve_login_step(struct session_base *, struct slice response,
                                   struct buf *challenge, const char **why);
/* On LOGIN_OK the session has its ident, the log line
 *   "login: <client> <user> <mech>[+TLS] User logged in SESSIONID=<...>" was written,
 * user_deny.db was asked, the proc file updated and telemetry opened.  The caller puts the SASL
 * layer on the stream by serve_login_layer() after its positive reply was flushed.
 * *why: words for the client, safe to show, borrowed until the next login call.  With LOGIN_OK it
 * is NULL or the text of plaintextloginalert; with LOGIN_CONTINUE it is not set. */
err_t serve_login_layer(struct session_base *) NODISCARD;
/* UNAUTHENTICATE: back to nobody.  The caller then puts its reply on the stream and calls serve_unlayer(). */
void serve_logout(struct session_base *);
/* Sends the reply; compression and the SASL layer end with it (RFC 8437). */
err_t serve_unlayer(struct session_base *) NODISCARD;

/* STARTTLS: call after the positive reply was flushed.  Input sent ahead is dropped. */
err_t serve_starttls(struct session_base *) NODISCARD;

/* What cyr_info proc and ps show: mailbox (internal name or NULL) and command.  The proc file is
 * written at login and when the mailbox changes, never synced; otherwise only the process title
 * changes, which costs no system call. */
void serve_proc(struct session_base *, const char *mailbox, const char *command);

#endif
