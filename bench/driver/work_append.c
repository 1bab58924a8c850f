/* work_append.c - IMAP APPEND of mail to INBOXes
 *
 * What was acknowledged must be in the mailboxes.
 *
 * Options: imap (port), prefix and users (worker k appends to user k modulo users), multi (messages
 * in each command, 1; more needs MULTIAPPEND), size (pool.h), nonce, name, check (0: do not count
 * the mailboxes).
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"
#include "bench/driver/pool.h"

static void append_open(struct worker *w)
{
    char user[64];

    w->units = opts_u64("multi", 1);
    if (w->units < 1 || w->units > POOL_PARTS)
        drive_cannot("multi must be 1 to %d", POOL_PARTS);
    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "d"),
             (unsigned)(w->id % opts_u64("users", 1)));
    w->im = imap_open(user, w->quickack);
    if (w->units > 1 && !imap_can(&w->im, "MULTIAPPEND"))
        drive_cannot("MULTIAPPEND is not offered");
    w->state = pool_new(opts_str("nonce", "0"), "");
}

static void append_op(struct worker *w)
{
    struct slice messages[POOL_PARTS];

    for (unsigned i = 0; i < w->units; i++)
        messages[i] = pool_message(w->state, w, i);
    imap_append(&w->im, "INBOX", "\\Seen", 0, messages, w->units);
}

static void append_close(struct worker *w)
{
    struct pool *p = w->state;

    pool_free(&p);
    imap_logout(&w->im);
}

void work_append(void)
{
    static const struct load_kind kind = { .open = append_open,
                                           .op = append_op,
                                           .close = append_close };

    load_measure_stored(opts_str("name", "append"), &kind);
}
