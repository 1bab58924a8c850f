/* work_mixed.c - what mail programs do all day: a fixed mix of commands from several connections
 *
 * Options: imap (port), prefix (user prefix00 belongs to worker 0 and so on), n (messages in
 * each INBOX), unseen (how many of them), name.
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"

#define VIEW 50

static void must(const char *what, uint64_t got, uint64_t expected)
{
    if (got != expected)
        drive_wrong("%s: %ju expected, %ju came", what, (uintmax_t)expected, (uintmax_t)got);
}

static void do_noop(struct worker *w, uint64_t n)
{
    imap_command(&w->im, NULL, "NOOP");
}

static void do_status(struct worker *w, uint64_t n)
{
    struct imap_reply r = { 0 };

    imap_command(&w->im, &r, "STATUS INBOX (MESSAGES UNSEEN)");
    must("STATUS", r.messages, n);
}

static void do_select(struct worker *w, uint64_t n)
{
    must("SELECT", imap_select(&w->im, "INBOX"), n);
}

static void do_view(struct worker *w, uint64_t n)
{
    struct imap_reply r = { 0 };
    uint64_t first = 1 + worker_random(w, n - VIEW);

    imap_command(&w->im, &r, "FETCH %ju:%ju (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
                 (uintmax_t)first, (uintmax_t)(first + VIEW - 1));
    must("list view", r.fetches, VIEW);
    w->bytes += r.bytes;
}

static void do_read(struct worker *w, uint64_t n)
{
    struct imap_reply r = { 0 };

    imap_command(&w->im, &r, "FETCH %ju (UID BODY.PEEK[])", (uintmax_t)(1 + worker_random(w, n)));
    must("reading a message", r.fetches, 1);
    if (r.literal_bytes < 100)
        drive_wrong("a message of %ju bytes", (uintmax_t)r.literal_bytes);
    w->bytes += r.bytes;
}

static void do_store(struct worker *w, uint64_t n)
{
    imap_command(&w->im, NULL, "STORE %ju %sFLAGS (\\Flagged)",
                 (uintmax_t)(1 + worker_random(w, n)), w->rounds % 2 ? "-" : "+");
}

static void do_search(struct worker *w, uint64_t n)
{
    struct imap_reply r = { 0 };

    imap_command(&w->im, &r, "SEARCH UNSEEN");
    must("SEARCH", r.hits, opts_u64("unseen", 0));
}

static void do_list(struct worker *w, uint64_t n)
{
    struct imap_reply r = { 0 };

    imap_command(&w->im, &r, "LIST \"\" \"*\"");
    must("LIST", r.lists, 1);
}

static void (*const mix[])(struct worker *, uint64_t) = {
    do_view, do_read,   do_read,  do_store, do_noop, do_read,   do_status,
    do_view, do_read,   do_store, do_noop,  do_read, do_search, do_list,
    do_noop, do_status, do_read,  do_view,  do_read, do_select,
};

static void mixed_open(struct worker *w)
{
    char user[64];

    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "m"), w->id);
    w->im = imap_open(user, w->quickack);
    do_select(w, opts_u64("n", 0));
}

static void mixed_op(struct worker *w)
{
    mix[(w->rounds + w->id * 3) % (sizeof mix / sizeof *mix)](w, opts_u64("n", 0));
}

static void mixed_close(struct worker *w)
{
    imap_logout(&w->im);
}

void work_mixed(void)
{
    static const struct load_kind kind = { .open = mixed_open,
                                           .op = mixed_op,
                                           .close = mixed_close };

    if (opts_u64("n", 0) <= VIEW)
        drive_cannot("mixed needs more than %d messages", VIEW);
    load_measure(opts_str("name", "mixed"), &kind);
}
