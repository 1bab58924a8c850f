/* imtest.c - log in to a server and talk to it by hand: imtest(1)
 *
 * The protocol is chosen by the name of the program, or by -P.
 */
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/os/proc.h"
#include "lib/os/sock.h"
#include "tools/imtest.h"

enum { CONNECT_MS = 30000, ANSWER_MS = 300000, FAILURE = 1 };

static const struct protocol *find_protocol(struct slice name, bool by_program)
{
    for (size_t i = 0; i < imtest_nprotocols; i++) {
        const struct protocol *p = &imtest_protocols[i];
        if (slice_eqs(name, by_program ? p->program : p->name))
            return p;
    }
    return NULL;
}

static int usage(const struct protocol *p)
{
    fprintf(stderr,
            "Usage: %s [options] hostname\n"
            "  -p port  : port to use (default=standard port for protocol)\n"
            "  -z       : timing test\n"
            "  -k #     : minimum protection layer required\n"
            "  -l #     : max protection layer (0=none; 1=integrity; etc)\n"
            "  -u user  : authorization name to use\n"
            "  -a user  : authentication name to use\n"
            "  -w pass  : password to use (if not supplied, we will prompt)\n"
            "  -v       : verbose\n"
            "  -m mech  : SASL mechanism to use\n",
            p->program);
    for (const struct plain_login *l = p->logins; l && l->name; l++)
        fprintf(stderr, "             (\"%s\" for %s)\n", l->name, l->help);
    fprintf(stderr,
            "  -f file  : pipe file into connection after authentication\n"
            "  -r realm : realm\n"
            "  -s       : TLS at once (%s)\n"
            "  -t file  : enable TLS. file has the TLS public and private keys\n"
            "             (specify \"\" to not use TLS for authentication)\n"
            "  -q       : compression after authentication\n"
            "  -c       : enable challenge prompt callbacks\n"
            "             (enter one-time password instead of secret pass-phrase)\n"
            "  -i       : no initial response, even where the protocol has one\n"
            "  -n #     : number of auth attempts (default=1)\n"
            "  -I file  : output my PID to (file) (useful with -X)\n"
            "  -x file  : open the named socket for the interactive portion\n"
            "  -X file  : same as -x, but in the background\n"
            "  -o o=v   : set a SASL option\n"
            "  -P proto : imap pop3 nntp lmtp smtp sieve mupdate csync\n"
            "  -h       : this text\n",
            p->tls_port ? p->tls_port : "not for this protocol");
    return FAILURE;
}

static bool take_number(const char *text, unsigned *out)
{
    uint32_t v;

    if (num_u32(slice_cstr(text), &v) != ERR_OK)
        return false;
    *out = v;
    return true;
}

static bool take_sasl_option(const char *text)
{
    const char *eq = strchr(text, '=');

    if (!eq || eq == text)
        return false;
    sasl_client_option(slice_make(text, (size_t)(eq - text)), slice_cstr(eq + 1));
    return true;
}

/* Options that only set a flag or a text. */
static bool take_simple(struct options *o, int letter, const char *arg)
{
    switch (letter) {
    case 'a': o->authname = arg; return true;
    case 'c': return o->prompts = true;
    case 'f': o->file = arg; return true;
    case 'i': return o->no_initial = true;
    case 'I': o->pid_file = arg; return true;
    case 'm': o->mech = arg; return true;
    case 'p': o->port = arg; return true;
    case 'q': return o->compress = true;
    case 'r': o->realm = arg; return true;
    case 's': return o->tls_at_once = true;
    case 't': o->tls_file = arg; return o->starttls = true;
    case 'u': o->user = arg; return true;
    case 'v': return o->verbose = true;
    case 'w': o->password = arg; return true;
    case 'x': o->socket = arg; return true;
    case 'X': o->socket = arg; return o->background = true;
    case 'z': return o->timing = true;
    default: return false;
    }
}

/* False: usage. */
static bool parse(struct options *o, const struct protocol **p, int argc, char **argv)
{
    int letter;

    while ((letter = getopt(argc, argv, "a:cf:hiI:k:l:m:n:o:p:P:qr:st:u:vw:x:X:z")) != -1) {
        bool ok;
        if (letter == 'k')
            ok = take_number(optarg, &o->min_ssf);
        else if (letter == 'l')
            ok = take_number(optarg, &o->max_ssf);
        else if (letter == 'n')
            ok = take_number(optarg, &o->attempts) && o->attempts > 0;
        else if (letter == 'o')
            ok = take_sasl_option(optarg);
        else if (letter == 'P')
            ok = (*p = find_protocol(slice_cstr(optarg), false)) != NULL;
        else
            ok = take_simple(o, letter, optarg);
        if (!ok) {
            *p = *p ? *p : &imtest_protocols[0];
            return false;
        }
    }
    o->host = optind < argc ? argv[optind] : "localhost";
    return optind + 1 >= argc && (!o->tls_at_once || (*p)->tls_port);
}

/* ---- connections ---- */

static err_t dial(struct conn *c)
{
    const struct options *o = c->opt;
    const char *port = o->port ? o->port : o->tls_at_once ? c->p->tls_port : c->p->port;
    const char *number = o->tls_at_once ? c->p->tls_port_number : c->p->port_number;
    int fd;
    err_t err;

    if (o->host[0] == '/' || port[0] == '/') {
        err = sock_connect_unix(o->host[0] == '/' ? o->host : port, CONNECT_MS, &fd);
    } else {
        err = sock_connect(o->host, port, CONNECT_MS, &fd);
        if (err == ERR_NOTFOUND && !o->port)
            err = sock_connect(o->host, port = number, CONNECT_MS, &fd);
    }
    if (err) {
        fprintf(stderr, "connect: %s\nfailure: Network initialization - cannot connect to %s:%s\n",
                err == ERR_CLOSED ? "Connection refused" : err_name(err), o->host, port);
        return err;
    }
    c->s = stream_new(fd, fd);
    stream_set_timeout(c->s, ANSWER_MS);
    return ERR_OK;
}

static err_t new_tls(struct conn *c)
{
    const char *file = c->opt->tls_file && *c->opt->tls_file ? c->opt->tls_file : NULL;
    struct tls_client_config cfg = { .cert_file = file, .key_file = file };
    struct buf why = BUF_INIT;

    if (!c->opt->starttls && !c->opt->tls_at_once)
        return ERR_OK;
    err_t err = tls_client_new(&cfg, &c->tls, &why);
    if (err)
        fprintf(stderr, "%s\n", buf_cstr(&why));
    buf_fini(&why);
    return err;
}

/* From the socket to the end of the login; ERR_AUTH leaves the connection open. */
static err_t attempt(struct conn *c)
{
    err_t err = dial(c);

    if (!err && c->opt->tls_at_once)
        err = auth_start_tls(c);
    if (!err)
        err = auth_greeting(c);
    if (!err && c->opt->starttls && !c->opt->tls_at_once)
        err = auth_starttls(c);
    if (!err)
        err = auth_log_in(c);
    if (!err && c->opt->compress && auth_compress(c) == ERR_CLOSED)
        err = ERR_CLOSED;
    return err;
}

static void hang_up(struct conn *c)
{
    stream_close(&c->s);
    sasl_client_close(&c->sasl);
}

static void go_background(const char *pid_file, bool background)
{
    if (background && fork() != 0)
        _exit(0);
    if (background) {
        setsid();
        if (proc_redirect(NULL, STDIN_FILENO, STDERR_FILENO) != ERR_OK)
            _exit(FAILURE);
    }
    FILE *f = pid_file ? fopen(pid_file, "w") : NULL;
    if (f) {
        fprintf(f, "%d\n", (int)getpid());
        fclose(f);
    }
}

static int run(struct conn *c)
{
    err_t err = ERR_OK;

    for (unsigned i = 1; i < c->opt->attempts && !err; i++) {
        err = attempt(c);
        if (!err || err == ERR_AUTH) {
            err = talk_quit(c);
            printf("Connection closed.\n\n");
        }
        hang_up(c);
    }
    if (!err)
        err = attempt(c);
    if (err && err != ERR_AUTH)
        return FAILURE;
    if (c->opt->timing)
        return talk_timing(c) == ERR_OK ? 0 : FAILURE;
    go_background(c->opt->pid_file, c->opt->background);
    return talk_interactive(c);
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    const struct protocol *p = find_protocol(slice_cstr(name), true);
    struct passwd *pw = getpwuid(getuid());
    char *own_name = pw ? mem_strdup(pw->pw_name) : NULL;
    struct options o = { .max_ssf = 256, .attempts = 1 };
    struct conn c = { .opt = &o };

    log_to_stderr(true);
    signal(SIGPIPE, SIG_IGN);
    p = p ? p : &imtest_protocols[0];
    if (!parse(&o, &p, argc, argv)) {
        mem_free(own_name);
        return usage(p);
    }
    o.authname = o.authname ? o.authname : own_name;
    c.p = p;
    int status = FAILURE;
    if (sasl_client_setup() == ERR_OK && new_tls(&c) == ERR_OK)
        status = run(&c);
    hang_up(&c);
    tls_client_free(&c.tls);
    buf_fini(&c.greeting);
    buf_fini(&c.caps);
    buf_fini(&c.mechs);
    mem_free(own_name);
    return status;
}
