/* work_append.c - IMAP APPEND of real mail, one message each, to INBOXes emptied before and after
 *
 * Options: imap (port), prefix and users (worker k appends to user k modulo users), name.
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"
#include "bench/driver/mailgen.h"
#include "lib/base/mem.h"

#define POOL 256

struct pool {
    struct buf message[POOL];
};

static void append_open(struct worker *w)
{
    struct pool *p = mem_zalloc(sizeof *p);
    char user[64];

    for (unsigned i = 0; i < POOL; i++)
        mailgen_make(MAILGEN_REAL, i, "append", &p->message[i], NULL);
    w->state = p;
    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "d"),
             (unsigned)(w->id % opts_u64("users", 1)));
    w->im = imap_open(user, w->quickack);
}

static void append_op(struct worker *w)
{
    struct pool *p = w->state;

    imap_append(&w->im, "INBOX", "\\Seen", 0,
                buf_slice(&p->message[(w->rounds * 8 + w->id) % POOL]));
}

static void append_close(struct worker *w)
{
    struct pool *p = w->state;

    for (unsigned i = 0; i < POOL; i++)
        buf_fini(&p->message[i]);
    mem_free(p);
    imap_logout(&w->im);
}

void work_append(void)
{
    static const struct load_kind kind = { .open = append_open,
                                           .op = append_op,
                                           .close = append_close };
    const char *prefix = opts_str("prefix", "d");
    uint64_t users = opts_u64("users", 1), done, found;

    imap_empty_users(prefix, users);
    load_quiet_disk();
    done = load_measure(opts_str("name", "append"), &kind);
    found = imap_empty_users(prefix, users);
    if (found != done)
        drive_wrong("%ju messages were appended, %ju are there", (uintmax_t)done, (uintmax_t)found);
}
