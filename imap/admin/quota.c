/* quota.c - report quotas, and count them again (features QU-22, QU-23) */
#include <stdio.h>
#include <unistd.h>

#include "imap/admin/admin.h"
#include "imap/admin/instance.h"
#include "imap/admin/json.h"
#include "imap/store/mbname.h"
#include "imap/store/quota.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"

static const struct admin_tool tool = {
    .name = "quota",
    .options = "d:fnqJuZ",
    .usage = "[-d <domain>] [-f] [-q] [-J] [-n] [-u] [mailbox-spec]...\n"
             "  -d  only roots of this domain\n"
             "  -f  count usage again and correct it\n"
             "  -q  with -f: do not print the table\n"
             "  -J  print the table as JSON\n"
             "  -n  with -f: change nothing, only say what would be corrected\n"
             "  -u  arguments are users\n",
};

enum { PAUSE_US = 10 * 1000 };

struct listing {
    struct store *store;
    struct namespace *ns;
    bool fix, dry, quiet, json, users, stepwise;
    const char *domain;
    struct vec prefixes;                /* struct buf: internal; none: all */
    struct slice now;                   /* the prefix being listed */
    struct json_list out;
    struct buf text;
};

/* ---- what was asked for ---- */

/* Part of a name, which need not be a whole one: "user/b". */
static void convert_prefix(const struct listing *l, struct slice word, struct buf *out)
{
    char sep = namespace_sep(l->ns);
    ssize_t at = conf_enum(CONF_VIRTDOMAINS) ? slice_rfind(word, '@') : -1;

    if (at >= 0 &&
        !slice_eqs_nocase(slice_skip(word, (size_t)at + 1), conf_string(CONF_DEFAULTDOMAIN))) {
        buf_add_slice(out, slice_skip(word, (size_t)at + 1));
        buf_addc(out, '!');
    }
    if (at >= 0)
        word = slice_cut(word, 0, (size_t)at);
    for (size_t i = 0; i < word.n; i++)
        buf_addc(out, word.p[i] == sep ? '.' : word.p[i] == '.' ? '^' : word.p[i]);
}

static void add_prefix(struct listing *l, const char *word)
{
    struct buf *out = vec_push(&l->prefixes);

    if (l->users)
        mbname_inbox(slice_cstr(word), out);
    else
        convert_prefix(l, slice_cstr(word), out);
}

static bool in_domain(const struct listing *l, struct slice root)
{
    struct slice domain = mbname_domain(root);

    if (!l->domain)
        return true;
    if (domain.n == 0)
        return slice_eqs_nocase(slice_cstr(l->domain), conf_string(CONF_DEFAULTDOMAIN));
    return slice_eqs_nocase(domain, l->domain);
}

static bool fits(const struct listing *l, struct slice prefix, struct slice root)
{
    bool found = l->users ? slice_eq(root, prefix) || mbname_is_below(root, prefix)
                          : slice_starts(root, prefix);

    return found && in_domain(l, root);
}

static bool is_wanted(const struct listing *l, struct slice root)
{
    bool found = l->prefixes.n == 0 && in_domain(l, root);

    for (size_t i = 0; i < l->prefixes.n && !found; i++)
        found = fits(l, buf_slice(VEC_AT(&l->prefixes, struct buf, i)), root);
    return found;
}

/* ---- the table ---- */

static void print_row(const struct quota_state *q, enum quota_res res, const char *root)
{
    int64_t unit = quota_res_unit(res), used = q->used[res] / unit;

    if (q->limit[res] == QUOTA_UNLIMITED) {
        printf("%8s %8s", "", "");
    } else {
        double share = q->limit[res] > 0 ? (double)q->used[res] * 100 / (double)q->limit[res] : 0;

        printf("%8lld %8lld", (long long)(q->limit[res] / unit), (long long)share);
    }
    printf(" %8lld %20s %s\n", (long long)used, quota_res_names[res], root);
}

static void put_json(struct listing *l, const struct quota_state *q, const char *root)
{
    struct json_list all, one;

    json_member(&l->out, root);
    json_open(&all, &l->text, 1, '{');
    for (int i = 0; i < QUOTA_NRES; i++) {
        json_member(&all, quota_res_names[i]);
        json_open(&one, &l->text, 2, '{');
        json_member(&one, "used");
        buf_add_i64(&l->text, q->used[i]);
        if (q->limit[i] != QUOTA_UNLIMITED) {
            json_member(&one, "limit");
            buf_add_i64(&l->text, q->limit[i]);
        }
        json_close(&one);
    }
    json_close(&all);
}

static err_t show_root(void *arg, struct slice root, const struct quota_state *q)
{
    struct listing *l = arg;
    struct buf name = BUF_INIT;

    if (!fits(l, l->now, root))
        return ERR_OK;
    admin_show_name(l->ns, root, &name);
    if (l->json)
        put_json(l, q, buf_cstr(&name));
    for (int i = 0; i < QUOTA_NRES && !l->json; i++)
        print_row(q, i, buf_cstr(&name));
    buf_fini(&name);
    return ERR_OK;
}

/* Prefix by prefix, in the order they were given. */
static err_t show_each(struct listing *l)
{
    err_t err = ERR_OK;

    if (l->prefixes.n == 0)
        return quota_foreach(l->store, SLICE_NULL, show_root, l);
    for (size_t i = 0; i < l->prefixes.n && (!err || err == ERR_CORRUPT); i++) {
        l->now = buf_slice(VEC_AT(&l->prefixes, struct buf, i));
        err = quota_foreach(l->store, l->now, show_root, l);
    }
    return err;
}

static err_t show_all(struct listing *l)
{
    err_t err;

    if (l->json)
        json_open(&l->out, &l->text, 0, '{');
    else if (l->quiet && l->fix)
        return ERR_OK;
    else
        printf("   Quota   %% Used     Used             Resource Root\n");
    err = show_each(l);
    if (l->json) {
        json_close(&l->out);
        printf("%s\n", buf_cstr(&l->text));
    }
    return err;
}

/* ---- counting ---- */

static void print_correction(void *arg, const struct quota_correction *c)
{
    struct listing *l = arg;
    struct buf name = BUF_INIT, old_root = BUF_INIT, new_root = BUF_INIT, line = BUF_INIT;
    struct quota_correction shown = *c;

    admin_show_name(l->ns, c->name, &name);
    shown.name = buf_slice(&name);
    if (c->old_root.n) {
        admin_show_name(l->ns, c->old_root, &old_root);
        shown.old_root = buf_slice(&old_root);
    }
    if (c->new_root.n) {
        admin_show_name(l->ns, c->new_root, &new_root);
        shown.new_root = buf_slice(&new_root);
    }
    quota_correction_text(&shown, &line);
    fprintf(stderr, "%s\n", buf_cstr(&line));
    buf_fini(&name);
    buf_fini(&old_root);
    buf_fini(&new_root);
    buf_fini(&line);
}

/* -Z, for tests of what happens meanwhile: go on when the file of that name is there. */
static void wait_for_permit(void *arg, struct slice intname)
{
    struct buf path = BUF_INIT;

    (void)arg;
    conf_dir(&path, "quota-sync/");
    buf_add_slice(&path, intname);
    while (file_unlink(buf_cstr(&path)) == ERR_NOTFOUND)
        usleep(PAUSE_US);
    buf_fini(&path);
}

static err_t collect_root(void *arg, struct slice root, const struct quota_state *q)
{
    struct vec *roots = ((void **)arg)[0];
    const struct listing *l = ((void **)arg)[1];

    (void)q;
    if (is_wanted(l, root))
        buf_add_slice(vec_push(roots), root);
    return ERR_OK;
}

static bool is_covered(const struct vec *roots, size_t i)
{
    struct slice root = buf_slice(VEC_AT(roots, struct buf, i));

    for (size_t k = 0; k < i; k++) {
        if (mbname_is_below(root, buf_slice(VEC_AT(roots, struct buf, k))))
            return true;
    }
    return false;
}

/* The roots that were asked for, and the mailboxes at the names that were given. */
static err_t fix_some(struct listing *l, const struct quota_run *run)
{
    struct vec roots = VEC_INIT(struct buf);
    void *arg[] = { &roots, l };
    err_t err = quota_foreach(l->store, SLICE_NULL, collect_root, arg);

    for (size_t i = 0; i < roots.n && (!err || err == ERR_CORRUPT); i++) {
        if (!is_covered(&roots, i))
            err = quota_count(l->store, buf_slice(VEC_AT(&roots, struct buf, i)), run);
    }
    for (size_t i = 0; i < l->prefixes.n && (!err || err == ERR_CORRUPT); i++)
        err = quota_count(l->store, buf_slice(VEC_AT(&l->prefixes, struct buf, i)), run);
    for (size_t i = 0; i < roots.n; i++)
        buf_fini(VEC_AT(&roots, struct buf, i));
    vec_fini(&roots);
    return err;
}

static err_t fix_all(struct listing *l)
{
    const struct quota_run run = { .fix = !l->dry, .correction = print_correction, .arg = l,
                                   .at_mailbox = l->stepwise ? wait_for_permit : NULL };

    if (l->prefixes.n == 0 && !l->domain)
        return quota_count(l->store, SLICE_NULL, &run);
    return fix_some(l, &run);
}

/* ---- */

static void read_options(struct admin *a, struct listing *l)
{
    for (int c; (c = admin_option(a)) != ADMIN_END;) {
        switch (c) {
        case 'd': l->domain = a->value; break;
        case 'f': l->fix = true; break;
        case 'n': l->dry = true; break;
        case 'q': l->quiet = true; break;
        case 'J': l->json = true; break;
        case 'u': l->users = true; break;
        case 'Z': l->stepwise = true; break;
        default:  admin_usage(a);
        }
    }
    admin_args(a, 0, ADMIN_MANY);
}

int main(int argc, char **argv)
{
    struct listing l = { .prefixes = VEC_INIT(struct buf) };
    struct admin a;
    err_t err = ERR_OK, shown;

    admin_init(&a, &tool, argc, argv);
    read_options(&a, &l);
    admin_start(&a, 0);
    l.store = admin_store();
    l.ns = namespace_new(SLICE_NULL, true);
    for (int i = 0; i < a.argc; i++)
        add_prefix(&l, a.argv[i]);
    if (l.fix)
        err = fix_all(&l);
    shown = show_all(&l);
    for (size_t i = 0; i < l.prefixes.n; i++)
        buf_fini(VEC_AT(&l.prefixes, struct buf, i));
    vec_fini(&l.prefixes);
    buf_fini(&l.text);
    namespace_free(&l.ns);
    store_close(&l.store);
    if (!err)
        err = shown;
    if (err == ERR_CORRUPT)
        admin_warn(&a, "a quota root or mailbox is damaged and was passed over (see the log)");
    return admin_status(admin_close(&a, err));
}
