/* imtest.h - parts of the test client that is imtest, pop3test, nntptest, lmtptest, smtptest,
 * sivtest, mupdatetest and synctest by its name
 */
#ifndef TOOLS_IMTEST_H
#define TOOLS_IMTEST_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/auth/sasl_client.h"
#include "lib/base/buf.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

struct conn;

/* A way to log in without SASL: imap "login", pop3 "user" and "apop", nntp "user". */
struct plain_login {
    const char *name;
    const char *help;                           /* behind the name in the usage text */
    err_t (*run)(struct conn *);                /* ERR_AUTH: refused */
};

/* Everything in which the protocols differ.  Replies are told apart by how they begin. */
struct protocol {
    const char *program;                        /* "imtest" */
    const char *name;                           /* for -P and the usage text: "imap" */
    const char *service;                        /* SASL service */
    const char *port, *tls_port;                /* service names; tls_port NULL: no -s */
    const char *port_number;                    /* where the name is not known */
    const char *tls_port_number;

    const char *banner_end;                     /* NULL: the greeting is one line */
    bool caps_in_banner;
    bool caps_after_tls;                        /* come without being asked for after STARTTLS */
    const char *caps_cmd, *caps_end;
    const char *mechs_mark;                     /* "AUTH=": a prefix of words; else of a line */
    size_t mechs_skip;                          /* bytes of a line before the mark */

    const char *tls_cmd, *tls_ok;
    const char *auth_cmd;                       /* the mechanism follows */
    bool auth_quotes;                           /* "MECH", initial response as literal {n+} */
    bool auth_literals;                         /* other responses, too */
    const char *ir_word;                        /* capability for initial responses; NULL: always */
    const char *auth_ok, *auth_more;            /* auth_more: "+ ", "334 ", ""; then base64 */
    const char *compress_word, *compress_cmd, *compress_ok;
    const char *quit_cmd, *quit_ok;
    const struct plain_login *logins;           /* ended by a NULL name; NULL: none */
};
extern const struct protocol imtest_protocols[];
extern const size_t imtest_nprotocols;

struct options {
    const char *host, *port, *file, *mech, *user, *authname, *realm, *password;
    const char *tls_file, *pid_file, *socket;
    unsigned min_ssf, max_ssf, attempts;
    bool tls_at_once, starttls, compress, prompts, no_initial, verbose, timing, background;
};

struct conn {
    const struct protocol *p;
    const struct options *opt;
    struct stream *s;
    struct tls_client *tls;
    struct sasl_client *sasl;
    struct buf greeting;                        /* first line of the server */
    struct buf caps, mechs;                     /* capability lines, and mechanisms with blanks */
};

/* ---- lines, shown as they pass (imtest_talk.c) ---- */
void talk_send(struct conn *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, but shown as `shown` where that is not NULL. */
void talk_send_as(struct conn *, const char *shown, const char *fmt, ...) PRINTF_LIKE(3, 4);
err_t talk_read(struct conn *, struct slice *line) NODISCARD;
/* Read up to a line that begins with `prefix` (or, NULL, one line). */
err_t talk_read_to(struct conn *, const char *prefix, struct slice *line) NODISCARD;
/* Everything up to the end of the connection: keyboard, file or socket to the server and back. */
int talk_interactive(struct conn *);
err_t talk_quit(struct conn *) NODISCARD;       /* QUIT and its answer */
err_t talk_timing(struct conn *) NODISCARD;     /* -z */

/* ---- getting there (imtest_auth.c) ---- */
err_t auth_greeting(struct conn *) NODISCARD;
err_t auth_start_tls(struct conn *) NODISCARD;  /* the layer only */
err_t auth_starttls(struct conn *) NODISCARD;   /* the command and the layer */
err_t auth_log_in(struct conn *) NODISCARD;     /* ERR_AUTH: refused, already told */
err_t auth_compress(struct conn *) NODISCARD;
bool auth_has_word(const struct conn *, const char *word);
const char *auth_password(struct conn *);       /* -w, or asked for */

#endif
