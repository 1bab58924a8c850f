/* search_args_fuzz.c - a command behind SEARCH (first byte even) or SORT: return options and keys, any bytes
 *
 * What is accepted has bounded depth and number of nodes, and each node what its kind needs.
 */
#include "imap/imapd/fetch.h"
#include "imap/imapd/search_run.h"
#include "lib/base/bug.h"
#include "lib/conf/conf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What fetch_args.c asks of the session's other parts, for FETCH. */
void args_bad(struct session *s, err_t err)
{
    abort();
}

err_t args_end(struct session *s)
{
    abort();
}

void reply_bad(struct session *s, const char *text)
{
    abort();
}

bool view_has_modseqs(const struct view *v)
{
    return true;
}

static size_t check(const struct expr *e, unsigned depth)
{
    size_t n = 1;

    BUG_UNLESS(depth <= 2 * EXPR_DEPTH_MAX + 2);        /* a key and its negation */
    BUG_UNLESS(e->op < EX_NOPS);
    BUG_UNLESS((e->op != EX_NUMBER && e->op != EX_UID) || e->set);
    BUG_UNLESS(e->op != EX_NOT || (e->child && !e->child->next));
    BUG_UNLESS(e->op != EX_OR || (e->child && e->child->next && !e->child->next->next));
    BUG_UNLESS(e->op != EX_ANNOTATION || (e->glob && e->num));
    for (const struct expr *c = e->child; c; c = c->next)
        n += check(c, depth + 1);
    return n;
}

static void configure(void)
{
    static bool done;
    struct buf why = BUF_INIT;

    if (!done)
        BUG_UNLESS(conf_load_text(SLICE_LIT("configdirectory: /c\ndefaultpartition: default\npartition-default: /p\n"),
                                  NULL, &why) == ERR_OK);
    done = true;
    buf_fini(&why);
}

/* A filter is the command itself, or the rest of it, so that it may go round in circles. */
static struct slice whole;

static err_t filter(struct session *s, struct slice name, struct slice *out)
{
    (void)s;
    *out = name.n % 2 ? whole : slice_skip(whole, name.n);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct session_base base = { 0 };
    struct session s = { .base = &base };
    struct search_return ret = { 0 };
    struct search_args a = { .s = &s, .filter = filter };

    if (n == 0)
        return 0;
    configure();
    base.command = arena_new(0);
    whole = slice_make(data + 1, n - 1);
    imaptok_init(&s.tok, slice_make(data + 1, n - 1), base.command, 0);
    if (search_return_read(&s, &ret) == ERR_OK
        && search_args_read(&a, data[0] % 2 ? CHARSET_FIRST : CHARSET_OPTIONAL) == ERR_OK) {
        BUG_UNLESS(check(a.root, 0) <= 2 * EXPR_NODES_MAX + 8);
        BUG_UNLESS(!ret.fetch || ret.fetch->items || ret.fetch->sections.n);
        BUG_UNLESS(!(ret.what & RETURN_PARTIAL) || (ret.first >= 1 && ret.first <= ret.last));
    }
    arena_free(&base.command);
    return 0;
}
