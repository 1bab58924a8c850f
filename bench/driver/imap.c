/* imap.c - see imap.h */
#include "bench/driver/imap.h"

#include "bench/driver/drive.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"

struct imap imap_connect(bool quickack)
{
    struct imap im = { conn_open(opts_u64("imap", 143), quickack), 0 };

    if (!slice_starts(conn_line(im.conn), SLICE_LIT("* OK")))
        drive_wrong("no IMAP greeting");
    return im;
}

struct imap imap_open(const char *user, bool quickack)
{
    struct imap im = imap_connect(quickack);

    imap_command(&im, NULL, "LOGIN %s %s", user, opts_str("password", "secret"));
    return im;
}

void imap_close(struct imap *im)
{
    conn_close(&im->conn);
}

void imap_logout(struct imap *im)
{
    imap_command(im, NULL, "LOGOUT");
    conn_close(&im->conn);
}

/* Length of the literal that a line announces at its end. */
static bool literal_of(struct slice line, uint64_t *n)
{
    ssize_t brace;

    if (line.n < 3 || line.p[line.n - 1] != '}')
        return false;
    brace = slice_rfind(line, '{');
    return brace >= 0 && num_u64(slice_cut(line, (size_t)brace + 1, line.n - 1), n) == ERR_OK;
}

/* The number behind a word such as "MESSAGES ". */
static bool number_after(struct slice line, const char *word, uint64_t *n)
{
    ssize_t at = slice_search(line, slice_cstr(word));
    size_t from, to;

    if (at < 0)
        return false;
    for (from = to = (size_t)at + strlen(word);
         to < line.n && line.p[to] >= '0' && line.p[to] <= '9'; to++)
        continue;
    return num_u64(slice_cut(line, from, to), n) == ERR_OK;
}

static uint64_t count_words(struct slice s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ' ' && i + 1 < s.n)
            n++;
    return n;
}

/* Numbers in a list with parentheses. */
static uint64_t count_numbers(struct slice s)
{
    uint64_t n = 0;
    bool in_number = false;

    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        n += digit && !in_number;
        in_number = digit;
    }
    return n;
}

/* "* 12 FETCH ..." and friends. */
static void count_numbered(struct imap_reply *r, struct slice line, struct slice number,
                           struct slice rest)
{
    uint64_t n, size;

    if (num_u64(number, &n))
        return;
    if (slice_starts(rest, SLICE_LIT("FETCH "))) {
        r->fetches++;
        if (r->sizes && number_after(line, "RFC822.SIZE ", &size))
            *VEC_PUSH(r->sizes, uint64_t) = size;
    } else if (slice_eqs(rest, "EXISTS")) {
        r->exists = n;
        r->has_exists = true;
    } else if (slice_eqs(rest, "EXPUNGE")) {
        r->expunges++;
    }
}

static void count_untagged(struct imap_reply *r, struct slice line)
{
    struct slice body = slice_skip(line, 2), word, rest;

    rest = slice_split(body, ' ', &word, NULL);
    if (word.n > 0 && word.p[0] >= '0' && word.p[0] <= '9')
        count_numbered(r, line, word, rest);
    else if (slice_eqs(word, "LIST"))
        r->lists++;
    else if (slice_eqs(word, "SEARCH") || slice_eqs(word, "SORT"))
        r->hits += count_words(body);
    else if (slice_eqs(word, "THREAD"))
        r->hits += count_numbers(rest);
    else if (slice_eqs(word, "STATUS"))
        number_after(line, "MESSAGES ", &r->messages);
    else if (slice_eqs(word, "OK") && !number_after(line, "[UIDVALIDITY ", &r->uidvalidity))
        number_after(line, "[HIGHESTMODSEQ ", &r->modseq);
}

/* One whole response, over all its literals.  Returns its first line's first character. */
static char read_response(struct imap *im, struct imap_reply *r, struct buf *tagged)
{
    struct slice line = conn_line(im->conn);
    char kind = line.n > 0 ? line.p[0] : '\0';
    bool found = false;
    uint64_t n;

    if (kind == '*')
        count_untagged(r, line);
    else
        buf_add_slice(tagged, line);
    for (;;) {
        r->bytes += line.n + 2;
        if (r->want && !found && slice_search(line, slice_cstr(r->want)) >= 0)
            found = true;
        if (!literal_of(line, &n))
            break;
        conn_take(im->conn, n, r->literals);
        r->literal_bytes += n;
        r->bytes += n;
        line = conn_line(im->conn);
    }
    r->wanted += found;
    return kind;
}

static void forget_counts(struct imap_reply *r)
{
    *r = (struct imap_reply){ .want = r->want, .literals = r->literals, .sizes = r->sizes };
}

/* Read to the tagged line, which must be OK. */
static void read_reply(struct imap *im, struct imap_reply *r, const char *what)
{
    struct buf tagged = BUF_INIT;
    struct imap_reply nobody = { 0 };
    struct slice rest;

    r = r ? r : &nobody;
    forget_counts(r);
    while (read_response(im, r, &tagged) == '*')
        continue;
    rest = slice_split(buf_slice(&tagged), ' ', &(struct slice){ 0 }, NULL);
    if (!slice_starts(rest, SLICE_LIT("OK ")))
        drive_wrong("\"%.100s\" was answered by \"%.200s\"", what, buf_cstr(&tagged));
    buf_fini(&tagged);
}

void imap_command(struct imap *im, struct imap_reply *r, const char *fmt, ...)
{
    struct buf b = BUF_INIT;
    size_t start;
    va_list ap;

    buf_addf(&b, "a%u ", ++im->tag);
    start = b.n;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    buf_adds(&b, "\r\n");
    conn_write(im->conn, b.p, b.n);
    buf_truncate(&b, b.n - 2);
    read_reply(im, r, buf_cstr(&b) + start);
    buf_fini(&b);
}

void imap_append(struct imap *im, const char *box, const char *flags, time_t internaldate,
                 const struct slice *messages, size_t n)
{
    struct buf b = BUF_INIT;
    struct tm tm;
    char date[64] = "";

    if (internaldate) {
        gmtime_r(&internaldate, &tm);
        strftime(date, sizeof date, " \"%d-%b-%Y %H:%M:%S +0000\"", &tm);
    }
    buf_addf(&b, "a%u APPEND \"%s\"", ++im->tag, box);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&b, " (%s)%s {%zu+}\r\n", flags, date, messages[i].n);
        buf_add_slice(&b, messages[i]);
    }
    buf_adds(&b, "\r\n");
    conn_write(im->conn, b.p, b.n);
    buf_fini(&b);
    read_reply(im, NULL, "APPEND");
}

bool imap_can(struct imap *im, const char *word)
{
    struct imap_reply r = { .want = word };

    imap_command(im, &r, "CAPABILITY");
    return r.wanted > 0;
}

uint64_t imap_select(struct imap *im, const char *box)
{
    struct imap_reply r = { 0 };

    imap_command(im, &r, "SELECT \"%s\"", box);
    if (!r.has_exists)
        drive_wrong("SELECT %s gave no EXISTS", box);
    return r.exists;
}

/* Visit the INBOX of each; returns the messages found. */
static uint64_t visit_users(const char *prefix, uint64_t users, bool empty)
{
    uint64_t sum = 0;
    char user[64];

    for (uint64_t u = 0; u < users; u++) {
        struct imap im;
        uint64_t n;

        snprintf(user, sizeof user, "%s%02u", prefix, (unsigned)u);
        im = imap_open(user, true);
        n = imap_select(&im, "INBOX");
        if (n > 0 && empty) {
            imap_command(&im, NULL, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
            imap_command(&im, NULL, "EXPUNGE");
        }
        sum += n;
        imap_logout(&im);
    }
    return sum;
}

uint64_t imap_count_users(const char *prefix, uint64_t users)
{
    return visit_users(prefix, users, false);
}

uint64_t imap_empty_users(const char *prefix, uint64_t users)
{
    return visit_users(prefix, users, true);
}
