/* work_session.c - whole sessions: log in and out, open a mailbox on a new connection, POP3
 *
 * Options: imap, pop3 (ports), user or prefix and users, box, n (messages), bytes (of all
 * messages; POP3), name.
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"
#include "lib/base/num.h"

static void login_op(struct worker *w)
{
    char user[64];

    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "d"),
             (unsigned)((w->id + w->rounds) % opts_u64("users", 1)));
    w->im = imap_open(user, w->quickack);
    imap_logout(&w->im);
}

void work_login(void)
{
    static const struct load_kind kind = { .op = login_op };

    load_measure(opts_str("name", "login"), &kind);
}

/* The SELECT alone is timed; the processor time is that of the whole session. */
static void select_op(struct worker *w)
{
    const char *box = opts_str("box", "INBOX");

    w->im = imap_open(opts_str("user", ""), w->quickack);
    w->start_ns = drive_now_ns();
    if (imap_select(&w->im, box) != opts_u64("n", 0))
        drive_wrong("%s does not hold %ju messages", box, (uintmax_t)opts_u64("n", 0));
    imap_close(&w->im);
}

void work_select_new(void)
{
    static const struct load_kind kind = { .op = select_op };

    load_measure(opts_str("name", "select"), &kind);
}

static struct slice pop_ok(struct conn *c)
{
    struct slice line = conn_line(c);

    if (!slice_starts(line, SLICE_LIT("+OK")))
        drive_wrong("POP3: \"%.*s\"", SLICE_ARG(line));
    return line;
}

static void pop_ask(struct conn *c, const char *word, const char *arg)
{
    conn_writef(c, "%s%s%s\r\n", word, *arg ? " " : "", arg);
    pop_ok(c);
}

/* Lines up to the lone dot; returns their bytes as they are stored, *lines their number. */
static uint64_t pop_lines(struct conn *c, uint64_t *lines)
{
    uint64_t bytes = 0;

    for (*lines = 0;; ++*lines) {
        struct slice line = conn_line(c);

        if (slice_eqs(line, "."))
            return bytes;
        bytes += line.n + 2 - slice_starts(line, SLICE_LIT("."));
    }
}

static void pop_list(struct conn *c, const char *word, uint64_t n)
{
    uint64_t lines;

    pop_ask(c, word, "");
    pop_lines(c, &lines);
    if (lines != n)
        drive_wrong("%s: %ju lines expected, %ju came", word, (uintmax_t)n, (uintmax_t)lines);
}

/* What a program does that leaves mail on the server: everything once, nothing deleted. */
static void pop_op(struct worker *w)
{
    struct conn *c = conn_open(opts_u64("pop3", 110), w->quickack);
    uint64_t n = opts_u64("n", 0), bytes = 0, lines;
    char number[24], user[64];

    snprintf(user, sizeof user, "%s%02u", opts_str("prefix", "p"), w->id);
    pop_ok(c);
    pop_ask(c, "USER", user);
    pop_ask(c, "PASS", opts_str("password", "secret"));
    pop_ask(c, "STAT", "");
    pop_list(c, "LIST", n);
    pop_list(c, "UIDL", n);
    for (uint64_t i = 1; i <= n; i++) {
        snprintf(number, sizeof number, "%ju", (uintmax_t)i);
        pop_ask(c, "RETR", number);
        bytes += pop_lines(c, &lines);
    }
    pop_ask(c, "QUIT", "");
    conn_close(&c);
    w->bytes += bytes;
    if (bytes != opts_u64("bytes", bytes))
        drive_wrong("POP3: %ju bytes expected, %ju came", (uintmax_t)opts_u64("bytes", 0),
                    (uintmax_t)bytes);
}

void work_pop3(void)
{
    static const struct load_kind kind = { .op = pop_op };

    load_measure(opts_str("name", "pop3"), &kind);
}
