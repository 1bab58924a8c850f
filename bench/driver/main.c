/* main.c - drive: the load driver of bench/run, one work per call
 *
 *   drive WORK key=value ... [-- command]
 *
 * Exit status: 0 done, 3 the server gave a wrong answer, 4 cannot be done here, 64 usage.
 */
#include <signal.h>

#include "bench/driver/drive.h"

static const struct work works[] = {
    { "supervise", work_supervise,
      "uid gid files -- command: run a server whose processes all end with us" },
    { "expect", work_expect, "kind n: what a data set amounts to" },
    { "mkusers", work_mkusers, "imap admin list: make INBOXes as administrator" },
    { "mkboxes", work_mkboxes, "imap user parents children: make many mailboxes" },
    { "fill", work_fill, "imap user box kind n: append a data set" },
    { "copies", work_copies, "imap user from box times: fill a mailbox by COPY" },
    { "count", work_count, "imap prefix users: how many messages are in the INBOXes" },
    { "empty", work_empty, "imap prefix users: take all messages out of the INBOXes" },
    { "verify", work_verify, "imap user box n bytes kind sample boxes: is the data set whole" },
    { "lmtp", work_lmtp, "lmtp imap prefix users rcpts nonce: deliver" },
    { "append", work_append, "imap prefix users multi: APPEND" },
    { "login", work_login, "imap prefix users: LOGIN and LOGOUT" },
    { "selectnew", work_select_new, "imap user box n: SELECT on new connections" },
    { "imap", work_imap, "imap cmd user box n expect: one IMAP command again and again" },
    { "bulk", work_bulk, "imap user box n: COPY, EXPUNGE, MOVE of a whole mailbox" },
    { "mixed", work_mixed, "imap prefix n unseen: a mix of commands" },
    { "pop3", work_pop3, "pop3 prefix n bytes: whole POP3 sessions" },
    { "idle", work_idle, "imap lmtp tree conns prefix users deliveries: connections in IDLE" },
};

#define NWORKS (sizeof works / sizeof *works)

static int usage(void)
{
    fprintf(stderr, "usage: drive WORK key=value ...   (load options: conns ms min_ops max_ops "
                    "quickack tree name)\n");
    for (size_t i = 0; i < NWORKS; i++)
        fprintf(stderr, "  %-10s %s\n", works[i].name, works[i].help);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return usage();
    opts_set(argc - 2, argv + 2);
    for (size_t i = 0; i < NWORKS; i++) {
        if (strcmp(works[i].name, argv[1]) == 0) {
            works[i].run();
            return EXIT_FINE;
        }
    }
    return usage();
}
