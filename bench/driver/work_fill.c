/* work_fill.c - make the data sets, and check that a server still holds them
 *
 *   expect   kind, n            print what n messages of that kind amount to
 *   mkusers  imap, list         as administrator make user/NAME for each of list: "d:20 i:100 pop"
 *                               stands for d00 ... d19, i00 ... i99 and pop
 *   mkboxes  imap, user, parents, children    make fNNN and fNNN/mNNN below each
 *   fill     imap, user, box, kind, n         APPEND messages 0 ... n-1
 *   copies   imap, user, from, box, times     COPY the whole of `from` so many times into box
 *   count    imap, prefix, users              messages in the INBOXes: prints units=
 *   empty    imap, prefix, users              the same, and take them out
 *   verify   imap, user, box, n, bytes, kind, sample    count, sizes, and `sample` messages
 *            byte by byte against the generator
 *   verify   imap, user, boxes                the number of mailboxes
 */
#include <pthread.h>

#include "bench/driver/drive.h"
#include "bench/driver/load.h"
#include "bench/driver/mailgen.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"

#define FILL_CONNS 8

void work_expect(void)
{
    enum mailgen_kind kind = mailgen_kind(opts_str("kind", "real"));
    uint64_t n = opts_u64("n", 0), bytes = 0, unseen = 0, subject = 0, from = 0, list = 0, body = 0,
             since = 0;
    struct buf m = BUF_INIT;

    for (uint64_t i = 0; i < n; i++) {
        struct mail_facts f;

        buf_reset(&m);
        mailgen_make(kind, i, "set", &m, &f);
        bytes += m.n;
        unseen += !f.seen;
        subject += f.subject_word;
        from += f.from_word;
        list += f.list_word;
        body += f.body_word;
        since += f.internaldate >= mailgen_middle(n);
    }
    buf_fini(&m);
    printf("result name=expect version=%d bytes=%ju unseen=%ju subject=%ju from=%ju header=%ju "
           "body=%ju since=%ju\n",
           MAILGEN_VERSION, (uintmax_t)bytes, (uintmax_t)unseen, (uintmax_t)subject,
           (uintmax_t)from, (uintmax_t)list, (uintmax_t)body, (uintmax_t)since);
}

static void make_user(struct imap *im, const char *user)
{
    struct imap_reply r = { .want = user };

    imap_command(im, &r, "LIST \"\" \"user/%s\"", user);
    if (r.wanted == 0)
        imap_command(im, NULL, "CREATE \"user/%s\"", user);
}

void work_mkusers(void)
{
    struct imap im = imap_open(opts_str("admin", "cyrus"), true);
    struct slice rest = slice_cstr(opts_str("list", "")), word, name;

    while (rest.n > 0) {
        uint32_t count = 0;
        bool several;
        char user[64];

        rest = slice_split(rest, ' ', &word, NULL);
        word = slice_split(word, ':', &name, &several);
        if (several && num_u32(word, &count))
            drive_cannot("malformed list of users");
        snprintf(user, sizeof user, "%.*s", SLICE_ARG(name));
        if (!several)
            make_user(&im, user);
        for (uint32_t i = 0; i < count; i++) {
            snprintf(user, sizeof user, "%.*s%02u", SLICE_ARG(name), i);
            make_user(&im, user);
        }
    }
    imap_logout(&im);
}

/* Work for several threads: numbers are given out one by one. */
struct share {
    void (*one)(struct imap *, uint64_t i);
    uint64_t n, next;
};

static void *share_main(void *arg)
{
    struct share *s = arg;
    struct imap im = imap_open(opts_str("user", ""), true);
    uint64_t i;

    while ((i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->n)
        s->one(&im, i);
    imap_logout(&im);
    return NULL;
}

static void share_out(void (*one)(struct imap *, uint64_t i), uint64_t n, unsigned conns)
{
    struct share s = { one, n, 0 };
    pthread_t t[FILL_CONNS];

    for (unsigned i = 0; i < conns; i++)
        if (pthread_create(&t[i], NULL, share_main, &s))
            drive_cannot("no more threads");
    for (unsigned i = 0; i < conns; i++)
        pthread_join(t[i], NULL);
}

/* Parent i with all its children; those that an interrupted run has made are there in order. */
static void make_boxes(struct imap *im, uint64_t i)
{
    uint64_t children = opts_u64("children", 0);
    struct imap_reply r = { 0 };

    imap_command(im, &r, "LIST \"\" f%03u", (unsigned)i);
    if (r.lists == 0)
        imap_command(im, NULL, "CREATE f%03u", (unsigned)i);
    imap_command(im, &r, "LIST \"\" f%03u/%%", (unsigned)i);
    for (uint64_t c = r.lists; c < children; c++)
        imap_command(im, NULL, "CREATE f%03u/m%03u", (unsigned)i, (unsigned)c);
}

void work_mkboxes(void)
{
    /* one connection: Dovecot, asked by several, refuses some with "already exists" */
    share_out(make_boxes, opts_u64("parents", 0), 1);
}

static void append_one(struct imap *im, uint64_t i)
{
    struct buf m = BUF_INIT;
    struct mail_facts f;
    const char *flags;

    mailgen_make(mailgen_kind(opts_str("kind", "real")), i, "set", &m, &f);
    flags =
        f.seen ? (f.answered ? "\\Seen \\Answered" : "\\Seen") : (f.answered ? "\\Answered" : "");
    imap_append(im, opts_str("box", "INBOX"), flags, f.internaldate, &(struct slice){ m.p, m.n }, 1);
    buf_fini(&m);
}

/* Make the mailbox unless it is there; it must be empty. */
static void make_empty_box(const char *box)
{
    struct imap im = imap_open(opts_str("user", ""), true);
    struct imap_reply r = { .want = box };

    imap_command(&im, &r, "LIST \"\" \"%s\"", box);
    if (r.wanted == 0)
        imap_command(&im, NULL, "CREATE %s", box);
    if (imap_select(&im, box) > 0) {
        imap_command(&im, NULL, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
        imap_command(&im, NULL, "EXPUNGE");
    }
    imap_logout(&im);
}

void work_fill(void)
{
    make_empty_box(opts_str("box", "INBOX"));
    share_out(append_one, opts_u64("n", 0), FILL_CONNS);
}

void work_copies(void)
{
    const char *from = opts_str("from", "INBOX"), *box = opts_str("box", "");
    uint64_t times = opts_u64("times", 1);
    struct imap im;

    make_empty_box(box);
    im = imap_open(opts_str("user", ""), true);
    imap_select(&im, from);
    for (uint64_t i = 0; i < times; i++)
        imap_command(&im, NULL, "COPY 1:* %s", box);
    imap_logout(&im);
}

void work_count(void)
{
    printf("result name=count units=%ju\n",
           (uintmax_t)imap_count_users(opts_str("prefix", "d"), opts_u64("users", 0)));
}

void work_empty(void)
{
    printf("result name=empty units=%ju\n",
           (uintmax_t)imap_empty_users(opts_str("prefix", "d"), opts_u64("users", 0)));
}

static void verify_sizes(struct imap *im, uint64_t n, uint64_t bytes)
{
    struct vec sizes = VEC_INIT(uint64_t);
    struct imap_reply r = { .sizes = &sizes };
    uint64_t sum = 0;

    imap_command(im, &r, "FETCH 1:* (RFC822.SIZE)");
    for (size_t i = 0; i < sizes.n; i++)
        sum += *VEC_AT(&sizes, uint64_t, i);
    if (sizes.n != n || sum != bytes)
        drive_wrong("%zu messages of %ju bytes, not %ju of %ju", sizes.n, (uintmax_t)sum,
                    (uintmax_t)n, (uintmax_t)bytes);
    vec_fini(&sizes);
}

static void verify_message(struct imap *im, enum mailgen_kind kind, uint64_t seq)
{
    struct buf got = BUF_INIT, made = BUF_INIT;
    struct imap_reply r = { .literals = &got };
    uint64_t i;

    imap_command(im, &r, "FETCH %ju (BODY.PEEK[])", (uintmax_t)seq);
    if (!mailgen_number(buf_slice(&got), &i))
        drive_wrong("message %ju is not ours", (uintmax_t)seq);
    mailgen_make(kind, i, "set", &made, NULL);
    if (!slice_eq(buf_slice(&got), buf_slice(&made)))
        drive_wrong("message %ju (our number %ju) came back changed", (uintmax_t)seq, (uintmax_t)i);
    buf_fini(&got);
    buf_fini(&made);
}

static void verify_boxes(struct imap *im, uint64_t boxes)
{
    struct imap_reply r = { 0 };

    imap_command(im, &r, "LIST \"\" \"*\"");
    if (r.lists != boxes)
        drive_wrong("%ju mailboxes, not %ju", (uintmax_t)r.lists, (uintmax_t)boxes);
}

void work_verify(void)
{
    uint64_t n = opts_u64("n", 0), sample = opts_u64("sample", 0);
    struct imap im = imap_open(opts_str("user", ""), true);
    uint64_t found = imap_select(&im, opts_str("box", "INBOX"));

    if (found != n)
        drive_wrong("%ju messages, not %ju", (uintmax_t)found, (uintmax_t)n);
    if (opts_given("bytes"))
        verify_sizes(&im, n, opts_u64("bytes", 0));
    for (uint64_t k = 0; k < sample && k < n; k++)
        verify_message(&im, mailgen_kind(opts_str("kind", "real")), 1 + k * n / sample);
    if (opts_given("boxes"))
        verify_boxes(&im, opts_u64("boxes", 0));
    imap_logout(&im);
}
