/* admin.h - what every command-line tool does before and after its own work
 *
 *   static const struct admin_tool tool = {
 *       .name = "cyr_example",
 *       .options = "nu:",                          without "C:", which all tools have
 *       .usage = "[-n] [-u user] mailbox...\n"     what follows "Usage: <argv[0]> [-C altconfig] "
 *                "  -n  change nothing\n",
 *   };
 *
 *   int main(int argc, char **argv)
 *   {
 *       struct admin a;
 *       bool dry = false;
 *
 *       admin_init(&a, &tool, argc, argv);
 *       for (int c; (c = admin_option(&a)) != ADMIN_END; ) {
 *           switch (c) {
 *           case 'n': dry = true; break;
 *           case 'u': user = a.value; break;
 *           }
 *       }
 *       admin_args(&a, 1, ADMIN_MANY);             a.argc, a.argv: what follows the options
 *       admin_start(&a, 0);
 *       ...
 *       return admin_status(admin_close(&a, err));
 *   }
 *
 * Exit codes (install contract section 2; sysexits.h): 0 success, 64 usage, 65 the thing
 * named is malformed or unknown, 70 stored data are damaged, 71 the system refused, 75 try
 * again, 77 not permitted, 78 configuration.  Messages go to stderr and, once the
 * configuration is read, to syslog too.  stdout belongs to the tool.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    ADMIN_END = -1,                     /* admin_option(): no more options */
    ADMIN_MANY = -1,                    /* admin_args(): any number */
};

struct admin_tool {
    const char *name;                   /* program name: for syslog and "<name>_<option>" lines */
    const char *options;                /* getopt letters, ':' behind those with a value */
    const char *usage;                  /* see above; ends with a newline */
    void (*usage_more)(void);           /* prints more to stderr behind usage; may be NULL */
    bool options_first;                 /* words may begin with '-': no option behind the first */
};

struct admin {
    const struct admin_tool *tool;
    const char *argv0;
    const char *config;                 /* -C, or NULL */
    const char *value;                  /* of the option just returned */
    int argc;                           /* words behind the options (after admin_args) */
    char **argv;
};

enum admin_flags {
    ADMIN_ANY_USER = 1,                 /* do not become the mail user (nor insist on it) */
};

/* argv stays the caller's and must outlive the struct. */
void admin_init(struct admin *, const struct admin_tool *, int argc, char **argv);

/* Next option letter, ADMIN_END behind the last.  -C is taken here (several: the last
 * counts); an unknown letter or a missing value ends the program as admin_usage() does.
 * Options may stand behind other words (unless options_first); "--" ends them. */
int admin_option(struct admin *);

/* Check the number of words that follow, set argc and argv; admin_usage() if it is wrong. */
void admin_args(struct admin *, int min, int max);

/* Usage text to stderr, exit 64. */
NORETURN void admin_usage(const struct admin *);

/* Read the configuration, open the log, become the mail user ($CYRUS_USER, cyrus_user).
 * Failures end the program with a sentence: 78 configuration, 75 user. */
void admin_start(struct admin *, unsigned flags);

/* Undo admin_start(): configuration and log.  Returns err, to be written in a return line. */
err_t admin_close(struct admin *, err_t err);

/* Exit code for a kind of failure. */
int admin_status(err_t);

/* "fatal error: <text>" to stderr and syslog, then exit. */
NORETURN void admin_fatal(int status, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "<name>: <text>" to stderr, newline added; the tool goes on. */
void admin_warn(const struct admin *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* All bytes to a stream.  ERR_IO (not told: admin_flush() does). */
err_t admin_write(FILE *, struct slice) NODISCARD;

/* stdout flushed and without error?  Otherwise a message and exit 75; call before success is
 * claimed, admin_close() does. */
void admin_flush(void);

/* Tools that take file names refuse relative ones: says so in four lines, exit 71. */
void admin_absolute(const char *path);

#endif
