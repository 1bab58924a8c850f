/* dbtool_batch.c - see dbtool_batch.h */
#include "imap/admin/dbtool_batch.h"

#include "imap/admin/admin.h"
#include "lib/base/num.h"
#include "lib/text/dlist.h"

enum {
    MAX_ARGS = 3,                       /* command, key, value */
    MAX_WORD = 1024 * 1024,
    MAX_LITERAL = 64 * 1024 * 1024,
};

struct batch {
    struct db *db;
    struct db_txn *txn;
    FILE *in, *out;
    unsigned line;
    struct buf arg[MAX_ARGS];
    size_t nargs;
};

/* ---- reading ------------------------------------------------------------ */

enum { TOK_ARG, TOK_EOL, TOK_EOF, TOK_BAD };

/* After CR: LF must follow. */
static bool take_lf(struct batch *b, int c)
{
    if (c == '\r')
        c = getc(b->in);
    if (c == '\n')
        b->line++;
    return c == '\n';
}

static int read_quoted(struct batch *b, struct buf *arg)
{
    int c;

    while ((c = getc(b->in)) != '"') {
        if (c == '\\')
            c = getc(b->in);
        if (c == EOF || c == '\n' || c == '\r' || arg->n == MAX_WORD)
            return TOK_BAD;
        buf_addc(arg, (char)c);
    }
    return TOK_ARG;
}

static int read_literal(struct batch *b, struct buf *arg)
{
    struct buf digits = BUF_INIT;
    uint32_t n = 0;
    int c;

    while ((c = getc(b->in)) >= '0' && c <= '9' && digits.n < NUM_U64_MAX)
        buf_addc(&digits, (char)c);
    err_t err = num_u32(buf_slice(&digits), &n);
    buf_fini(&digits);
    if (c == '+')
        c = getc(b->in);
    if (err || n > MAX_LITERAL || c != '}' || !take_lf(b, getc(b->in)))
        return TOK_BAD;
    buf_reserve(arg, n);
    arg->n = fread(arg->p, 1, n, b->in);
    return arg->n == n ? TOK_ARG : TOK_BAD;
}

static int read_word(struct batch *b, struct buf *arg, int c)
{
    for (; c != EOF && c != ' ' && c != '\r' && c != '\n'; c = getc(b->in)) {
        if (arg->n == MAX_WORD)
            return TOK_BAD;
        buf_addc(arg, (char)c);
    }
    if (c != EOF)
        ungetc(c, b->in);
    return TOK_ARG;
}

static int next_token(struct batch *b, struct buf *arg)
{
    int c = getc(b->in);

    while (c == ' ')
        c = getc(b->in);
    switch (c) {
    case EOF:
        return TOK_EOF;
    case '\r':
    case '\n':
        return take_lf(b, c) ? TOK_EOL : TOK_BAD;
    case '"':
        return read_quoted(b, arg);
    case '{':
        return read_literal(b, arg);
    }
    return read_word(b, arg, c);
}

/* One line into arg[]; nargs 0: an empty one.  ERR_STOP at the end of the input. */
static err_t read_command(struct batch *b)
{
    struct buf extra = BUF_INIT;
    int token;

    b->nargs = 0;
    for (;;) {
        struct buf *arg = b->nargs < MAX_ARGS ? &b->arg[b->nargs] : &extra;
        buf_reset(arg);
        token = next_token(b, arg);
        if (token != TOK_ARG)
            break;
        b->nargs++;
    }
    buf_fini(&extra);
    if (token == TOK_BAD || b->nargs > MAX_ARGS)
        return ERR_SYNTAX;
    return token == TOK_EOF && b->nargs == 0 ? ERR_STOP : ERR_OK;
}

/* ---- commands ----------------------------------------------------------- */

static struct slice arg(const struct batch *b, size_t i)
{
    return i < b->nargs ? buf_slice(&b->arg[i]) : SLICE_NULL;
}

static void put_text(struct buf *out, struct slice text)
{
    dlist_put_text(out, text.n ? text : SLICE_LIT(""), DLIST_SYNC_LITERAL);
}

static err_t print(void *arg_batch, struct slice key, struct slice value)
{
    struct batch *b = arg_batch;
    struct buf text = BUF_INIT;

    put_text(&text, key);
    buf_addc(&text, ' ');
    put_text(&text, value);
    buf_addc(&text, '\n');
    err_t err = admin_write(b->out, buf_slice(&text));
    buf_fini(&text);
    return err;
}

static err_t do_begin(struct batch *b)
{
    return b->txn ? ERR_EXISTS : db_begin(b->db, &b->txn);
}

static err_t do_commit(struct batch *b)
{
    return b->txn ? db_commit(&b->txn) : ERR_NOTFOUND;
}

static err_t do_abort(struct batch *b)
{
    if (!b->txn)
        return ERR_NOTFOUND;
    db_abort(&b->txn);
    return ERR_OK;
}

static err_t do_show(struct batch *b)
{
    return db_foreach(b->db, b->txn, arg(b, 1), print, b);
}

static err_t do_get(struct batch *b)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(b->db, b->txn, arg(b, 1), &value);

    if (!err)
        err = print(b, arg(b, 1), buf_slice(&value));
    buf_fini(&value);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t do_set(struct batch *b)
{
    struct slice key = arg(b, 1), value = arg(b, 2);

    return b->txn ? db_store(b->txn, key, value) : db_store_now(b->db, key, value);
}

static err_t do_delete(struct batch *b)
{
    err_t err = b->txn ? db_delete(b->txn, arg(b, 1)) : db_delete_now(b->db, arg(b, 1));

    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static const struct {
    const char *name;
    err_t (*run)(struct batch *);
    size_t min, max;                    /* arguments */
} commands[] = {
    { "BEGIN", do_begin, 0, 0 },
    { "COMMIT", do_commit, 0, 0 },
    { "ABORT", do_abort, 0, 0 },
    { "SHOW", do_show, 0, 1 },
    { "GET", do_get, 1, 1 },
    { "SET", do_set, 2, 2 },
    { "DELETE", do_delete, 1, 1 },
};

static err_t run_command(struct batch *b)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!slice_eqs(arg(b, 0), commands[i].name))
            continue;
        if (b->nargs - 1 < commands[i].min || b->nargs - 1 > commands[i].max)
            return ERR_SYNTAX;
        return commands[i].run(b);
    }
    return ERR_UNSUPPORTED;
}

static void tell(const struct batch *b, FILE *errors, unsigned line, err_t err)
{
    fprintf(errors, "FAILED: line %u at cmd %.*s with error %s\n", line, SLICE_ARG(arg(b, 0)),
            err == ERR_UNSUPPORTED ? "unknown command" : err_name(err));
}

err_t dbtool_batch(struct db *db, FILE *in, FILE *out, FILE *errors)
{
    struct batch b = { .db = db, .in = in, .out = out };
    unsigned line = 0;
    err_t err = ERR_OK;

    while (!err) {
        line = b.line + 1;
        err = read_command(&b);
        if (!err && b.nargs)
            err = run_command(&b);
        if (!err && fflush(out) != 0)   /* whoever drives us may wait for the answer */
            err = ERR_IO;
    }
    if (err == ERR_STOP)
        err = ERR_OK;
    else
        tell(&b, errors, line, err);
    if (b.txn && !err) {
        fputs("FAILED: input ends inside a transaction\n", errors);
        err = ERR_SYNTAX;
    }
    db_abort(&b.txn);
    for (size_t i = 0; i < MAX_ARGS; i++)
        buf_fini(&b.arg[i]);
    return err;
}
