/* serve.c - main() of every protocol daemon: see serve.h */
#include "imap/serve/serve.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/num.h"

enum { USES_DEFAULT = 250, REUSE_SECONDS_DEFAULT = 60 };

static const char common_options[] = "C:DNT:U:Xp:s";

static int usage(const struct service *service)
{
    fprintf(stderr,
            "usage: %s [-C imapd.conf] [-s] [-p ssf] [-N] [-U connections] [-T seconds] [-D]"
            " [-X]%s%s\n"
            "Started by master; with -X it serves one connection on standard input and output.\n",
            service->name, *service->options ? " -" : "", service->options);
    return EX_USAGE;
}

/* One option.  false: not understood. */
static bool take_option(struct serve *s, int letter, const char *arg)
{
    switch (letter) {
    case 'C':
        s->conf_file = arg;
        return true;
    case 'D':
        return s->debug = true;
    case 'N':
        return s->no_password = true;
    case 'T':
        return num_u32(slice_cstr(arg), &s->reuse_seconds) == ERR_OK;
    case 'U':
        return num_u32(slice_cstr(arg), &s->max_uses) == ERR_OK;
    case 'X':
        return s->on_stdio = true;
    case 'p':
        return num_u32(slice_cstr(arg), &s->outer_ssf) == ERR_OK;
    case 's':
        return s->tls_at_once = true;
    case '?':
        return false;
    default:
        return s->service->option && s->service->option(letter, arg);
    }
}

/* ERR_SYNTAX: usage. */
static err_t parse_options(struct serve *s, int argc, char **argv)
{
    char letters[128];
    int letter;

    snprintf(letters, sizeof letters, "%s%s", common_options, s->service->options);
    while ((letter = getopt(argc, argv, letters)) != -1)
        if (!take_option(s, letter, optarg))
            return ERR_SYNTAX;
    return optind == argc ? ERR_OK : ERR_SYNTAX;
}

static int run(struct serve *s)
{
    if (s->debug)
        run_debug_command(s->service->name);
    shutdown_catch_signals();
    title_set(s->service->name);
    if (!s->on_stdio && pool_is_child(s))
        return pool_run(s);
    conn_serve(s, STDIN_FILENO, STDOUT_FILENO);
    return 0;
}

int serve_run(const struct service *service, int argc, char **argv)
{
    struct serve s = {
        .service = service,
        .max_uses = USES_DEFAULT,
        .reuse_seconds = REUSE_SECONDS_DEFAULT,
        .listener = -1,
        .status_fd = -1,
        .lock_fd = -1,
    };
    int status = EX_SOFTWARE;

    title_init(argc, argv);                     /* moves arguments and environment */
    const char *entry = getenv("CYRUS_SERVICE");
    s.service_name = entry && *entry ? entry : service->protocol;
    if (parse_options(&s, argc, argv) != ERR_OK)
        return usage(service);
    if (start_process(&s, &status) && template_run(&s, &status) && start_store(&s, &status))
        status = run(&s);
    stop_all(&s);
    return status;
}
