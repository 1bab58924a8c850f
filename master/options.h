/* options.h - the command line of master(8) */
#ifndef MASTER_OPTIONS_H
#define MASTER_OPTIONS_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct options {
    /* absolute, since master changes its directory; owned by the options */
    char *imapd_conf;                   /* -C; NULL: the default of lib/conf */
    char *cyrus_conf;                   /* -M */
    char *pidfile;                      /* -p; NULL: option master_pid_file, then the default */
    char *logfile;                      /* -L; NULL: none */
    int backlog;                        /* -l */
    int janitor_per_second;             /* -j */
    bool background;                    /* -d */
    bool keep_stdio;                    /* -D */
    bool verbose;                       /* -v, or CYRUS_VERBOSE in the environment */
    bool version;                       /* -V: print it and end */
};

/* Read argv.  ERR_SYNTAX: unknown option or left-over word, *why is one line of usage.
 * ERR_BADNAME: an impossible value, *why says which.  options_fini() is due in every case. */
err_t options_read(int argc, char **argv, struct options *out, struct buf *why) NODISCARD;
void options_fini(struct options *);    /* frees the paths */

#endif
