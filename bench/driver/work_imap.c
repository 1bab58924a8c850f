/* work_imap.c - one IMAP command over and over on a filled mailbox
 *
 * Options: imap (port), cmd (a row of the table below), user, box (INBOX), n (messages in it),
 * expect (what the row counts; default n), name.
 */
#include "bench/driver/drive.h"
#include "bench/driver/load.h"
#include "bench/driver/mailgen.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

#define VIEW 50 /* messages of a list view */

/* What must come out of a command besides the tagged OK. */
enum count {
    COUNT_NOTHING,
    COUNT_FETCHES,  /* FETCH responses, each with the wanted text if there is one */
    COUNT_VIEW,     /* the same, VIEW of them */
    COUNT_LITERALS, /* bytes of literals */
    COUNT_ONE_SIZE, /* bytes of literals = RFC822.SIZE of the message asked for */
    COUNT_HITS,     /* numbers in SEARCH, SORT, THREAD */
    COUNT_LISTS,    /* LIST responses */
    COUNT_EXISTS,   /* of SELECT */
    COUNT_MESSAGES  /* of STATUS */
};

/* In a template: %b the mailbox, %i a random message, %f:%l VIEW messages from a random place,
 * %d the day in the middle of the data set, %s + and - in turn (each message twice running, and
 * nothing is flagged at the start, so that every command is a change), %v UIDVALIDITY and %m the
 * modseq before VIEW messages were changed (of a session that enabled QRESYNC). */
struct row {
    const char *name;
    const char *template;
    enum count count;
    const char *want;  /* each FETCH response must contain it */
    bool unselected;   /* leave the mailbox unselected */
    const char *needs; /* capability */
};

#define THUNDERBIRD_FIELDS                                                                         \
    "From To Cc Bcc Subject Date Message-ID Priority X-Priority References "                       \
    "Newsgroups In-Reply-To Content-Type Reply-To"

static const struct row rows[] = {
    { "noop", "NOOP", COUNT_NOTHING, NULL, false, NULL },
    { "status", "STATUS \"%b\" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)", COUNT_MESSAGES, NULL, true,
      NULL },
    { "select", "SELECT \"%b\"", COUNT_EXISTS, NULL, false, NULL },
    { "flags", "FETCH 1:* (FLAGS)", COUNT_FETCHES, "FLAGS (", false, NULL },
    { "envelope", "FETCH 1:* (ENVELOPE)", COUNT_FETCHES, "ENVELOPE (", false, NULL },
    { "structure", "FETCH 1:* (BODYSTRUCTURE)", COUNT_FETCHES, "BODYSTRUCTURE (", false, NULL },
    { "list50", "FETCH %f:%l (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", COUNT_VIEW,
      "ENVELOPE (", false, NULL },
    { "headers50", "FETCH %f:%l (UID FLAGS BODY.PEEK[HEADER.FIELDS (" THUNDERBIRD_FIELDS ")])",
      COUNT_VIEW, "BODY[HEADER.FIELDS (", false, NULL },
    { "one", "FETCH %i (BODY.PEEK[])", COUNT_ONE_SIZE, NULL, false, NULL },
    { "full", "FETCH 1:* (BODY.PEEK[])", COUNT_LITERALS, NULL, false, NULL },
    { "storeone", "STORE %i %sFLAGS (\\Flagged)", COUNT_NOTHING, NULL, false, NULL },
    { "storebulk", "STORE 1:* %sFLAGS.SILENT (\\Flagged)", COUNT_NOTHING, NULL, false, NULL },
    { "resync", "SELECT \"%b\" (QRESYNC (%v %m))", COUNT_VIEW, "FLAGS (", false, "QRESYNC" },
    { "changed", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %m VANISHED)", COUNT_VIEW, "FLAGS (", false,
      "QRESYNC" },
    { "unseen", "SEARCH UNSEEN", COUNT_HITS, NULL, false, NULL },
    { "since", "SEARCH SINCE %d", COUNT_HITS, NULL, false, NULL },
    { "subject", "SEARCH SUBJECT " MAILGEN_SUBJECT_WORD, COUNT_HITS, NULL, false, NULL },
    { "from", "SEARCH FROM " MAILGEN_FROM_WORD, COUNT_HITS, NULL, false, NULL },
    { "header", "SEARCH HEADER List-Id " MAILGEN_LIST_WORD, COUNT_HITS, NULL, false, NULL },
    { "body", "SEARCH BODY " MAILGEN_BODY_WORD, COUNT_HITS, NULL, false, NULL },
    { "sortdate", "SORT (DATE) UTF-8 ALL", COUNT_HITS, NULL, false, "SORT" },
    { "sortsubject", "SORT (SUBJECT) UTF-8 ALL", COUNT_HITS, NULL, false, "SORT" },
    { "sortfrom", "SORT (FROM DATE) UTF-8 ALL", COUNT_HITS, NULL, false, "SORT" },
    { "threadrefs", "THREAD REFERENCES UTF-8 ALL", COUNT_HITS, NULL, false, "THREAD=REFERENCES" },
    { "threadsubject", "THREAD ORDEREDSUBJECT UTF-8 ALL", COUNT_HITS, NULL, false, "THREAD=ORDEREDSUBJECT" },
    { "list", "LIST \"\" \"*\"", COUNT_LISTS, NULL, true, NULL },
    { "liststatus", "LIST \"\" \"*\" RETURN (STATUS (MESSAGES UNSEEN))", COUNT_LISTS, NULL, true,
      "LIST-STATUS" },
};

struct state {
    const struct row *row;
    const char *box;
    uint64_t n, expect;
    struct vec sizes; /* RFC822.SIZE of every message, for COUNT_ONE_SIZE */
    uint64_t last;    /* message of the last %i */
    uint64_t uidvalidity, modseq; /* for %v and %m */
    struct imap_reply reply;
    char date[32];
};

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    drive_cannot("no IMAP command is called '%s'", name);
}

static void read_sizes(struct worker *w, struct state *s)
{
    struct imap_reply r = { .sizes = &s->sizes };

    vec_init(&s->sizes, sizeof(uint64_t));
    imap_command(&w->im, &r, "FETCH 1:* (RFC822.SIZE)");
    if (s->sizes.n != s->n)
        drive_wrong("%zu sizes for %ju messages", s->sizes.n, (uintmax_t)s->n);
}

/* A client that comes back after VIEW messages, here and there, were changed by another. */
static void prepare_resync(struct worker *w, struct state *s)
{
    struct imap_reply r = { 0 };
    uint64_t step = s->n > VIEW ? s->n / VIEW : 1;

    imap_command(&w->im, NULL, "STORE 1:* -FLAGS.SILENT (\\Flagged)");
    imap_command(&w->im, NULL, "ENABLE QRESYNC");
    imap_command(&w->im, &r, "SELECT \"%s\"", s->box);
    s->uidvalidity = r.uidvalidity;
    s->modseq = r.modseq;
    for (uint64_t i = 0; i < VIEW; i++)
        imap_command(&w->im, NULL, "STORE %ju +FLAGS.SILENT (\\Flagged)", (uintmax_t)(1 + i * step));
}

static void imap_work_open(struct worker *w)
{
    struct state *s = mem_zalloc(sizeof *s);
    time_t middle;
    struct tm tm;

    s->row = find_row(opts_str("cmd", "noop"));
    s->box = opts_str("box", "INBOX");
    s->n = opts_u64("n", 0);
    s->expect = opts_u64("expect", s->n);
    s->reply.want = s->row->want;
    middle = mailgen_middle(s->n);
    strftime(s->date, sizeof s->date, "%d-%b-%Y", gmtime_r(&middle, &tm));
    w->state = s;
    w->im = imap_open(opts_str("user", ""), w->quickack);
    if (s->row->needs && !imap_can(&w->im, s->row->needs))
        drive_cannot("the server does not offer %s", s->row->needs);
    if (s->row->unselected)
        return;
    if (imap_select(&w->im, s->box) != s->n)
        drive_wrong("%s does not hold %ju messages", s->box, (uintmax_t)s->n);
    if (s->row->count == COUNT_ONE_SIZE)
        read_sizes(w, s);
    if (strstr(s->row->template, "%m"))
        prepare_resync(w, s);
    if (strstr(s->row->template, "%s"))
        imap_command(&w->im, NULL, "STORE 1:* -FLAGS.SILENT (\\Flagged)");
}

/* The command of this round; *i is the message it asks for, if it asks for one. */
static void build_command(struct worker *w, struct state *s, struct buf *out, uint64_t *i)
{
    uint64_t first = s->n > VIEW ? 1 + worker_random(w, s->n - VIEW) : 1;

    if (s->n > 0 && (w->rounds % 2 == 0 || !strstr(s->row->template, "%s")))
        s->last = 1 + worker_random(w, s->n);
    *i = s->last;
    for (const char *p = s->row->template; *p; p++) {
        if (*p != '%') {
            buf_addc(out, *p);
            continue;
        }
        switch (*++p) {
        case 'b':
            buf_adds(out, s->box);
            break;
        case 'i':
            buf_add_u64(out, *i);
            break;
        case 'f':
            buf_add_u64(out, first);
            break;
        case 'l':
            buf_add_u64(out, first + VIEW - 1);
            break;
        case 's':
            buf_addc(out, w->rounds % 2 ? '-' : '+');
            break;
        case 'v':
            buf_add_u64(out, s->uidvalidity);
            break;
        case 'm':
            buf_add_u64(out, s->modseq);
            break;
        case 'd':
            buf_adds(out, s->date);
            break;
        }
    }
}

/* What came, and what should have come. */
static uint64_t counted(const struct state *s, uint64_t i, uint64_t *expected)
{
    const struct imap_reply *r = &s->reply;

    *expected = s->expect;
    switch (s->row->count) {
    case COUNT_VIEW:
        *expected = VIEW;
        /* fall through */
    case COUNT_FETCHES:
        return s->row->want && r->wanted < r->fetches ? r->wanted : r->fetches;
    case COUNT_LITERALS:
        return r->literal_bytes;
    case COUNT_ONE_SIZE:
        *expected = *VEC_AT(&s->sizes, uint64_t, i - 1);
        return r->literal_bytes;
    case COUNT_HITS:
        return r->hits;
    case COUNT_LISTS:
        return r->lists;
    case COUNT_EXISTS:
        return r->exists;
    case COUNT_MESSAGES:
        return r->messages;
    case COUNT_NOTHING:
        break;
    }
    return *expected;
}

static void imap_work_op(struct worker *w)
{
    struct state *s = w->state;
    struct buf b = BUF_INIT;
    uint64_t i, expected, got;

    build_command(w, s, &b, &i);
    imap_command(&w->im, &s->reply, "%s", buf_cstr(&b));
    buf_fini(&b);
    got = counted(s, i, &expected);
    if (got != expected)
        drive_wrong("%s: %ju expected, %ju came", s->row->name, (uintmax_t)expected,
                    (uintmax_t)got);
    w->bytes += s->reply.bytes;
}

static void imap_work_close(struct worker *w)
{
    struct state *s = w->state;

    vec_fini(&s->sizes);
    mem_free(s);
    imap_logout(&w->im);
}

void work_imap(void)
{
    static const struct load_kind kind = { .open = imap_work_open,
                                           .op = imap_work_op,
                                           .close = imap_work_close };

    load_measure(opts_str("name", opts_str("cmd", "noop")), &kind);
}
