/* mailgen.c - see mailgen.h
 *
 * Everything is drawn from one generator seeded with the message's number, so the order of
 * the draws is part of the format: bump MAILGEN_VERSION with any change.
 */
#include "bench/driver/mailgen.h"

#include "bench/driver/drive.h"
#include "lib/base/num.h"

#define FIRST_DATE 1704110400 /* 2024-01-01 12:00 UTC */
#define DATE_STEP  1800
#define DAY        86400
#define NWORDS     1024
#define LINE_WIDTH 72
#define ID_FIELD   "Message-ID: <m"

struct gen {
    uint64_t state;
    uint64_t number;
    const char *nonce;
    struct buf *out;
    struct mail_facts f;
};

/* splitmix64 */
static uint64_t draw(struct gen *g)
{
    uint64_t z = (g->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(struct gen *g, unsigned n)
{
    return (unsigned)(draw(g) % n);
}

/* Word i of the vocabulary: two to four syllables, never with q, x or z. */
static size_t word(unsigned i, char *dst)
{
    static const char onset[] = "bdfghklmnprstvwj", vowel[] = "aeiou";
    size_t n = 0;
    unsigned syllables = 1 + i % 3 + (i % 7 == 0), h = i * 2654435761u + 40503u;

    for (unsigned s = 0; s < syllables; s++, h = h * 1664525u + 1013904223u) {
        dst[n++] = onset[(h >> 8) & 15];
        dst[n++] = vowel[(h >> 16) % 5];
        if ((h >> 24) & 1)
            dst[n++] = "nrslt"[(h >> 27) % 5];
    }
    return n;
}

static void add_word(struct gen *g, struct buf *b)
{
    char w[16];

    /* the smaller of two draws: early words are more frequent */
    unsigned x = below(g, NWORDS), y = below(g, NWORDS);

    buf_add(b, w, word(x < y ? x : y, w));
}

static void add_words(struct gen *g, struct buf *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_addc(b, ' ');
        add_word(g, b);
    }
}

static void add_date(struct gen *g, struct buf *b)
{
    char s[64];
    struct tm tm;
    time_t t = g->f.internaldate - 7;

    gmtime_r(&t, &tm);
    strftime(s, sizeof s, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_adds(b, s);
}

static void add_person(struct gen *g, struct buf *b)
{
    char first[16], last[16];
    size_t nf = word(below(g, 200), first), nl = word(200 + below(g, 600), last);

    first[0] = (char)(first[0] - 'a' + 'A');
    switch (below(g, 4)) {
    case 0:
        buf_addf(b, "=?utf-8?q?%.*s_M=C3=BC%.*s?=", (int)nf, first, (int)nl, last);
        break;
    case 1:
        buf_addf(b, "\"%.*s %.*s\"", (int)nf, first, (int)nl, last);
        break;
    default:
        buf_addf(b, "%.*s %.*s", (int)nf, first, (int)nl, last);
    }
    buf_addf(b, " <%.*s.%.*s@", (int)nf, first, (int)nl, last);
    add_word(g, b);
    buf_adds(b, ".example>");
}

static void add_people(struct gen *g, const char *field, unsigned n)
{
    buf_addf(g->out, "%s: ", field);
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_adds(g->out, ",\r\n\t");
        add_person(g, g->out);
    }
    buf_adds(g->out, "\r\n");
}

static void add_noise(struct gen *g, struct buf *b, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++, bits >>= 6) {
        if (i % 10 == 0)
            bits = draw(g);
        buf_addc(b, digits[bits & 63]);
    }
}

static void add_subject(struct gen *g)
{
    struct buf *b = g->out;
    unsigned form = below(g, 6);

    buf_adds(b, below(g, 3) ? "Subject: " : "Subject: Re: ");
    if (form == 0)
        buf_adds(b, "=?iso-8859-1?Q?Gr=FC=DFe_zu");
    else
        add_words(g, b, 1 + below(g, 5));
    if (g->f.subject_word)
        buf_addf(b, "%s%s", form == 0 ? "_" : " ", MAILGEN_SUBJECT_WORD);
    buf_adds(b, form == 0 ? "?=\r\n" : "\r\n");
}

static void add_trace(struct gen *g)
{
    struct buf *b = g->out;

    for (unsigned i = 0, hops = 2 + below(g, 4); i < hops; i++) {
        buf_adds(b, "Received: from mx");
        buf_add_u64(b, i);
        buf_addc(b, '.');
        add_word(g, b);
        buf_addf(b, ".example (mx.example [192.0.2.%u])\r\n\tby relay.example with ESMTPS id ",
                 below(g, 250));
        add_noise(g, b, 14);
        buf_adds(b, "\r\n\tfor <someone@example.org>; ");
        add_date(g, b);
        buf_adds(b, "\r\n");
    }
    buf_adds(b, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example; s=k1;\r\n"
                "\th=from:to:subject:date:message-id; bh=");
    add_noise(g, b, 43);
    buf_adds(b, "=;\r\n\tb=");
    for (unsigned i = 0; i < 5; i++) {
        add_noise(g, b, 64);
        buf_adds(b, "\r\n\t ");
    }
    add_noise(g, b, 24);
    buf_adds(
        b, "\r\nAuthentication-Results: mx.example; dkim=pass header.d=example;\r\n\tspf=pass\r\n");
}

static void add_thread_fields(struct gen *g)
{
    struct buf *b = g->out;
    unsigned refs = below(g, 8);

    if (refs == 0 || below(g, 2))
        return;
    buf_adds(b, "References:");
    for (unsigned i = 0; i < refs; i++)
        buf_addf(b, "%s<m%u.r@bench.example>", i ? "\r\n\t" : " ", below(g, 100000));
    buf_addf(b, "\r\nIn-Reply-To: <m%u.r@bench.example>\r\n", below(g, 100000));
}

static void add_list_fields(struct gen *g)
{
    struct buf *b = g->out;

    if (!g->f.list_word && below(g, 5))
        return;
    buf_addf(b, "List-Id: talk about things <%s.lists.example>\r\n",
             g->f.list_word ? MAILGEN_LIST_WORD : "plain");
    buf_adds(b, "List-Post: <mailto:list@lists.example>\r\n"
                "List-Unsubscribe: <https://lists.example/unsubscribe>\r\nPrecedence: bulk\r\n");
}

static void add_head(struct gen *g, const char *type)
{
    struct buf *b = g->out;

    add_trace(g);
    if (g->f.from_word)
        buf_addf(b, "From: \"%s Bench\" <z@people.example>\r\n", MAILGEN_FROM_WORD);
    else
        add_people(g, "From", 1);
    add_people(g, "To", 1 + below(g, 3));
    if (below(g, 3) == 0)
        add_people(g, "Cc", 1 + below(g, 4));
    add_subject(g);
    buf_adds(b, "Date: ");
    add_date(g, b);
    buf_addf(b, "\r\n" ID_FIELD "%ju.%s@bench.example>\r\n", (uintmax_t)g->number, g->nonce);
    add_thread_fields(g);
    add_list_fields(g);
    buf_adds(b, "X-Mailer: Bench 1.0\r\nMIME-Version: 1.0\r\n");
    buf_adds(b, type);
}

/* n bytes or a little more of lines of words; the rare word goes into the middle. */
static void add_text(struct gen *g, struct buf *b, size_t n, bool rare)
{
    size_t start = b->n, line = b->n;

    while (b->n - start < n) {
        if (rare && b->n - start >= n / 2) {
            buf_adds(b, MAILGEN_BODY_WORD);
            rare = false;
        } else {
            add_word(g, b);
        }
        if (b->n - line > LINE_WIDTH - 16) {
            buf_adds(b, below(g, 12) ? "\r\n" : ".\r\n\r\n");
            line = b->n;
        } else {
            buf_addc(b, ' ');
        }
    }
    buf_adds(b, "end\r\n");
}

/* The same as quoted-printable UTF-8: accented words, soft line breaks. */
static void add_quoted_text(struct gen *g, struct buf *b, size_t n, bool rare, bool html)
{
    size_t start = b->n, line = b->n;

    while (b->n - start < n) {
        if (html && below(g, 9) == 0)
            buf_adds(b, below(g, 2) ? "<p class=3D\"a\">" : "<b style=3D\"b\">");
        if (rare && b->n - start >= n / 2) {
            buf_adds(b, MAILGEN_BODY_WORD);
            rare = false;
        } else {
            add_word(g, b);
        }
        if (below(g, 6) == 0)
            buf_adds(b, "=C3=A9");
        if (b->n - line > LINE_WIDTH - 40) {
            buf_adds(b, below(g, 4) ? " =\r\n" : "\r\n");
            line = b->n;
        } else {
            buf_addc(b, ' ');
        }
    }
    buf_adds(b, "end\r\n");
}

static void add_base64(struct buf *b, struct slice in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned column = 0;

    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)(unsigned char)in.p[i] << 16;

        v |= left > 1 ? (uint32_t)(unsigned char)in.p[i + 1] << 8 : 0;
        v |= left > 2 ? (unsigned char)in.p[i + 2] : 0;
        buf_addc(b, digits[v >> 18]);
        buf_addc(b, digits[v >> 12 & 63]);
        buf_addc(b, left > 1 ? digits[v >> 6 & 63] : '=');
        buf_addc(b, left > 2 ? digits[v & 63] : '=');
        if ((column += 4) == 76 || left <= 3) {
            buf_adds(b, "\r\n");
            column = 0;
        }
    }
}

static void add_attachment(struct gen *g, size_t n)
{
    for (size_t done = 0; done < n; done += 76) {
        add_noise(g, g->out, 76);
        buf_adds(g->out, "\r\n");
    }
}

static void make_plain(struct gen *g)
{
    add_head(g, "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
    add_text(g, g->out, 1000 + below(g, 5000), g->f.body_word);
}

static void make_quoted(struct gen *g)
{
    add_head(g, "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    add_quoted_text(g, g->out, 2000 + below(g, 7000), g->f.body_word, false);
}

static void make_base64_text(struct gen *g)
{
    struct buf text = BUF_INIT;

    add_head(g, "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n");
    add_text(g, &text, 1500 + below(g, 6000), g->f.body_word);
    add_base64(g->out, buf_slice(&text));
    buf_fini(&text);
}

static void add_alternative(struct gen *g, bool rare)
{
    struct buf *b = g->out;

    buf_adds(b, "--alt-b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    add_text(g, b, 800 + below(g, 3000), rare);
    buf_adds(b, "\r\n--alt-b\r\nContent-Type: text/html; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>");
    add_quoted_text(g, b, 3000 + below(g, 21000), false, true);
    buf_adds(b, "</body></html>\r\n--alt-b--\r\n");
}

static void make_alternative(struct gen *g)
{
    add_head(g, "Content-Type: multipart/alternative; boundary=\"alt-b\"\r\n\r\n");
    add_alternative(g, g->f.body_word);
}

static void make_mixed(struct gen *g)
{
    struct buf *b = g->out;

    add_head(
        g,
        "Content-Type: multipart/mixed; boundary=\"mix-b\"\r\n\r\nThis is a message in parts.\r\n");
    buf_adds(b, "--mix-b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    add_text(g, b, 500 + below(g, 2000), g->f.body_word);
    buf_adds(b, "\r\n--mix-b\r\nContent-Type: application/pdf; name=\"");
    add_word(g, b);
    buf_adds(
        b,
        ".pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n");
    add_attachment(g, 15000 + below(g, 75000));
    buf_adds(b, "\r\n--mix-b--\r\n");
}

static void make_forwarded(struct gen *g)
{
    struct buf *b = g->out;

    add_head(g, "Content-Type: multipart/mixed; boundary=\"fwd-b\"\r\n\r\n");
    buf_adds(b, "--fwd-b\r\nContent-Type: text/plain\r\n\r\n");
    add_text(g, b, 300, g->f.body_word);
    buf_adds(b, "\r\n--fwd-b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n");
    add_people(g, "From", 1);
    buf_adds(
        b, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"alt-b\"\r\n\r\n");
    add_alternative(g, false);
    buf_adds(b, "\r\n--fwd-b--\r\n");
}

static void make_small(struct gen *g)
{
    struct buf *b = g->out;

    add_people(g, "From", 1);
    add_people(g, "To", 1);
    add_subject(g);
    buf_adds(b, "Date: ");
    add_date(g, b);
    buf_addf(b, "\r\n" ID_FIELD "%ju.%s@bench.example>\r\n\r\n", (uintmax_t)g->number, g->nonce);
    add_text(g, b, 500 + below(g, 400), false);
}

void mailgen_make_sized(uint64_t i, const char *nonce, size_t size, struct buf *out)
{
    struct gen g = { .state = i, .number = i, .nonce = nonce, .out = out };
    size_t start = out->n;

    g.f.internaldate = FIRST_DATE;
    make_small(&g);
    if (out->n - start < size)
        add_text(&g, out, size - (out->n - start), false);
}

static const struct shape {
    unsigned upto; /* of 100 draws */
    void (*make)(struct gen *);
} shapes[] = {
    { 40, make_plain },       { 75, make_alternative }, { 84, make_quoted },
    { 88, make_base64_text }, { 97, make_mixed },       { 100, make_forwarded },
};

static void choose_facts(struct gen *g)
{
    uint64_t i = g->number;

    g->f = (struct mail_facts){
        .subject_word = i % 50 == 7,
        .from_word = i % 40 == 11,
        .list_word = i % 25 == 3,
        .body_word = i % 97 == 5,
        .seen = draw(g) % 10 < 7,
        .answered = draw(g) % 10 < 2,
        .internaldate = FIRST_DATE + (time_t)i * DATE_STEP,
    };
}

enum mailgen_kind mailgen_kind(const char *name)
{
    if (strcmp(name, "real") == 0)
        return MAILGEN_REAL;
    if (strcmp(name, "small") == 0)
        return MAILGEN_SMALL;
    drive_cannot("unknown kind of mail '%s'", name);
}

void mailgen_make(enum mailgen_kind kind, uint64_t i, const char *nonce, struct buf *out,
                  struct mail_facts *facts)
{
    struct gen g = {
        .state = i * 2 + (kind == MAILGEN_SMALL), .number = i, .nonce = nonce, .out = out
    };
    unsigned d;

    choose_facts(&g);
    if (kind == MAILGEN_SMALL) {
        g.f.list_word = g.f.body_word = g.f.from_word = false;
        make_small(&g);
    } else {
        d = below(&g, 100);
        for (const struct shape *s = shapes;; s++) {
            if (d < s->upto) {
                s->make(&g);
                break;
            }
        }
    }
    if (facts)
        *facts = g.f;
}

bool mailgen_number(struct slice message, uint64_t *i)
{
    ssize_t at = slice_search(message, SLICE_LIT(ID_FIELD));
    struct slice digits;

    if (at < 0)
        return false;
    slice_split(slice_skip(message, (size_t)at + sizeof ID_FIELD - 1), '.', &digits, NULL);
    return num_u64(digits, i) == ERR_OK;
}

time_t mailgen_middle(uint64_t n)
{
    return (FIRST_DATE + (time_t)(n / 2) * DATE_STEP) / DAY * DAY;
}
