/* work_bulk.c - steps on many messages at once: COPY, STORE \Deleted, EXPUNGE, MOVE
 *
 * Each step is measured once, on mailboxes that are made for it and deleted after.
 * Options: imap (port), user, box (source, INBOX), n (messages in it).
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"

#define WORK   "bulkwork"
#define TARGET "bulktarget"

struct bulk {
    struct imap im;
    uint64_t n;
};

static void must_hold(struct bulk *b, const char *box, uint64_t n)
{
    struct imap_reply r = { 0 };

    imap_command(&b->im, &r, "STATUS %s (MESSAGES)", box);
    if (r.messages != n)
        drive_wrong("%s holds %ju messages, not %ju", box, (uintmax_t)r.messages, (uintmax_t)n);
}

/* One measured command; it must bring that many EXPUNGE responses. */
static void step(struct bulk *b, const char *name, const char *command, uint64_t expunges)
{
    struct imap_reply r = { 0 };
    struct load_step s;

    load_quiet_disk();
    s = load_step_begin();
    imap_command(&b->im, &r, "%s", command);
    load_step_end(&s, name, 1, r.bytes);
    if (r.expunges != expunges)
        drive_wrong("%s: %ju EXPUNGE responses, not %ju", command, (uintmax_t)r.expunges,
                    (uintmax_t)expunges);
}

static void forget(struct bulk *b, const char *box)
{
    struct imap_reply r = { .want = box };

    imap_command(&b->im, &r, "LIST \"\" \"%s\"", box);
    if (r.wanted > 0)
        imap_command(&b->im, NULL, "DELETE %s", box);
}

static void copy_store_expunge(struct bulk *b)
{
    imap_command(&b->im, NULL, "CREATE " WORK);
    step(b, "copy", "COPY 1:* " WORK, 0);
    must_hold(b, WORK, b->n);
    imap_select(&b->im, WORK);
    step(b, "storedeleted", "STORE 1:* +FLAGS.SILENT (\\Deleted)", 0);
    step(b, "expunge", "EXPUNGE", b->n);
    imap_select(&b->im, opts_str("box", "INBOX"));
    must_hold(b, WORK, 0);
    imap_command(&b->im, NULL, "DELETE " WORK);
}

static void move(struct bulk *b)
{
    if (!imap_can(&b->im, "MOVE"))
        return;
    imap_command(&b->im, NULL, "CREATE " WORK);
    imap_command(&b->im, NULL, "CREATE " TARGET);
    imap_command(&b->im, NULL, "COPY 1:* " WORK);
    imap_select(&b->im, WORK);
    step(b, "move", "MOVE 1:* " TARGET, b->n);
    imap_select(&b->im, opts_str("box", "INBOX"));
    must_hold(b, WORK, 0);
    must_hold(b, TARGET, b->n);
    imap_command(&b->im, NULL, "DELETE " WORK);
    imap_command(&b->im, NULL, "DELETE " TARGET);
}

void work_bulk(void)
{
    struct bulk b = { imap_open(opts_str("user", ""), opts_u64("quickack", 0) != 0),
                      opts_u64("n", 0) };

    forget(&b, WORK);
    forget(&b, TARGET);
    if (imap_select(&b.im, opts_str("box", "INBOX")) != b.n)
        drive_wrong("the source does not hold %ju messages", (uintmax_t)b.n);
    copy_store_expunge(&b);
    move(&b);
    imap_logout(&b.im);
}
