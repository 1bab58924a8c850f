/* serve_impl.h - what the files of imap/serve share
 *
 * struct serve is the process, struct serve_conn one connection of it.  Nothing of a connection
 * is kept when it ends: the next one may be somebody else's.
 */
#ifndef SERVE_SERVE_IMPL_H
#define SERVE_SERVE_IMPL_H

#include "imap/serve/serve.h"
#include "lib/base/vec.h"
#include "lib/os/sock.h"

struct db;

enum { NAMES_KEPT = 32, NAME_BYTES = 256, IP_BYTES = 64 };

/* A host name that was looked up for an address, kept for some minutes. */
struct known_name {
    char ip[IP_BYTES], name[NAME_BYTES];
    uint64_t until_ms;
};

struct serve {
    const struct service *service;
    const char *service_name;
    struct store *store;
    struct tls_server *tls;
    struct db *tls_db, *deny_db;                /* opened on first use */
    struct arena *life, *command;               /* lent to each connection */
    struct buf proc_dir;

    /* options of the command line */
    const char *conf_file;
    uint32_t max_uses, reuse_seconds;
    bool on_stdio, tls_at_once, debug, no_password;
    uint32_t outer_ssf;

    int listener, status_fd, lock_fd;           /* -1: none */
    struct vec inputs;                          /* files we were made from; inputs.c */

    uint64_t shutdown_looked_ms;                /* when msg/shutdown was last looked for */
    bool shutting_down;
    char shutdown_text[512];

    struct known_name names[NAMES_KEPT];
    uint64_t sessions;                          /* served so far */
};

struct serve_conn {
    struct session_base base;                   /* first: the daemon sees only this */
    struct serve *serve;
    struct sasl_server *layered;                /* whose security layer is on the stream, or NULL */
    int proc_fd;
    char mailbox[512];                          /* what the proc file says */
    char why[512];                              /* text of the last refusal */
};

static inline struct serve_conn *conn_of(struct session_base *base)
{
    return (struct serve_conn *)base;
}

/* ---- start.c: everything before the first connection ---- */
/* Read the configuration, open the log, become the mail user, start TLS and SASL: all that
 * processes may inherit.  On failure *status is the exit status and the reason has been told. */
bool start_process(struct serve *, int *status);
bool start_store(struct serve *, int *status);  /* then the store, which is for one process */
void stop_all(struct serve *);
void start_log(const struct serve *);           /* open the log as the configuration says */
void run_debug_command(const char *program);

/* ---- pool.c: the contract with master ---- */
bool pool_is_child(struct serve *);             /* descriptors 3 and 4 are as master gives them */
int pool_run(struct serve *);                   /* serve connections until it is time to end */

/* ---- template.c: making workers instead of serving ---- */
/* If master wants this process to be a template: make workers as long as it asks for them.  True:
 * we are a worker, or were not wanted as anything else; go on.  False: we were the template and
 * that is over; *status is the exit status. */
bool template_run(struct serve *, int *status);

/* ---- inputs.c ---- */
void inputs_note_program(struct serve *);       /* first of all */
void inputs_note_settings(struct serve *);      /* the configuration, and the files it names */
bool inputs_program_replaced(const struct serve *);
bool inputs_changed(const struct serve *);      /* any of them */
void inputs_forget(struct serve *);

/* ---- conn.c ---- */
/* One connection from greeting to end.  The descriptors are closed. */
void conn_serve(struct serve *, int fd_in, int fd_out);
/* Host name of an address, "" when there is none; kept for some minutes. */
const char *conn_reverse_name(struct serve *, const struct sock_addr *);
err_t conn_new_sasl(struct serve_conn *) NODISCARD;     /* a fresh dialogue into base.sasl */

/* ---- shutdown.c ---- */
void shutdown_catch_signals(void);
bool shutdown_term(void);                       /* TERM or QUIT came */
bool shutdown_hup(void);
bool shutdown_alarm_take(void);                 /* the alarm went off; clears it */

/* ---- login helpers ---- */
/* Is the user kept from this service by user_deny.db?  *why gets the text to say. */
bool deny_check(struct serve_conn *, struct slice userid, char *why, size_t size);
void telemetry_start(struct serve_conn *);
void telemetry_stop(struct serve_conn *);

/* ---- starttls.c ---- */
void starttls_use_cache(struct serve *);
/* Tell the SASL dialogue what protects it now. */
err_t starttls_tell_sasl(struct session_base *) NODISCARD;

/* ---- procfile.c ---- */
err_t procfile_open(struct serve_conn *) NODISCARD;
void procfile_close(struct serve_conn *);
void procfile_write(struct serve_conn *, const char *command);
void procfile_title(struct serve_conn *, const char *command);     /* what ps shows */
/* Sessions of this host and of this user, ours not counted. */
void procfile_count(struct serve_conn *, struct slice userid, uint32_t *host, uint32_t *user);

/* ---- session_id.c ---- */
void session_id_make(struct serve_conn *);

/* ---- title.c ---- */
/* Call first of all: moves the strings of argv and the environment elsewhere. */
void title_init(int argc, char **argv);
void title_set(const char *text);

#endif
