/* mbpath.c - names of mailboxes or users to paths (feature RC-20) */
#include <stdio.h>

#include "imap/admin/admin.h"
#include "imap/admin/instance.h"
#include "imap/admin/json.h"
#include "imap/store/header.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/user.h"
#include "lib/conf/conf.h"
#include "lib/os/path.h"

static const struct admin_tool tool = {
    .name = "mbpath",
    .options = "7jalmqsupADMSU",
    .usage = "[-l] [-m] [-q] [-s] [-u|p] [-a|A|D|M|S|U] <mailbox name>...\n\n"
             "  -j  print all values as a JSON object\n"
             "  -a  print all values with prefixes\n"
             "  -l  local only (a mailbox of another server is an error)\n"
             "  -m  the path of the metadata files, as -M\n"
             "  -q  print no error messages\n"
             "  -s  stop at the first error\n"
             "  -7  mailbox arguments are in modified UTF-7 rather than UTF-8\n"
             "  -u  arguments are users, not mailboxes\n"
             "  -p  arguments are paths, not mailboxes\n"
             "  -A  directory of archived messages\n"
             "  -D  directory of messages (the default)\n"
             "  -M  directory of metadata\n"
             "  -S  directory of the user's Sieve scripts\n"
             "  -U  directory of the user's files (seen, sub and so on)\n",
};

enum argument { ARG_NAME, ARG_USER, ARG_PATH };

struct mbpath {
    struct store *store;
    struct namespace *ns;
    enum argument kind;
    char what;                          /* D A M S U, 'a' all, 'j' JSON */
    bool local, quiet, stop, utf7;
};

/* Everything there is to say about one mailbox. */
struct paths {
    struct mbentry entry;
    struct buf userid;                  /* owner; empty: shared */
    struct buf data, archive, meta, sieve, user;
};

/* ---- which mailbox ---- */

/* A directory: named by the id, or with a header that tells the id. */
static err_t find_path(struct mbpath *m, const char *path, struct mbentry *e)
{
    struct buf file = BUF_INIT;
    struct header h;
    err_t err = mblist_lookup_id(m->store, path_basename(slice_cstr(path)), e);

    if (err == ERR_NOTFOUND) {
        header_init(&h);
        path_join(&file, path, "cyrus.header");
        err = header_load(buf_cstr(&file), &h);
        if (!err)
            err = mblist_lookup_id(m->store, buf_slice(&h.uniqueid), e);
        header_fini(&h);
    }
    buf_fini(&file);
    return err;
}

/* *shown: the name as it is put into an error message. */
static err_t find(struct mbpath *m, const char *word, struct mbentry *e, struct buf *shown)
{
    struct buf intname = BUF_INIT;
    err_t err;

    buf_reset(shown);
    buf_addf(shown, "'%s'", word);
    if (m->kind == ARG_PATH)
        return find_path(m, word, e);
    if (m->kind == ARG_USER) {
        struct buf ext = BUF_INIT;

        mbname_inbox(slice_cstr(word), &intname);
        admin_show_name(m->ns, buf_slice(&intname), &ext);
        buf_addf(shown, " ('%s')", buf_cstr(&ext));
        buf_fini(&ext);
        err = ERR_OK;
    } else {
        err = admin_name(m->ns, word, m->utf7, &intname);
    }
    if (!err)
        err = mblist_lookup(m->store, buf_slice(&intname), e);
    buf_fini(&intname);
    return err;
}

/* ---- its paths ---- */

static err_t archive_dir(const struct mbentry *e, const struct buf *data, struct buf *out)
{
    const char *root = partition_archive_root(buf_slice(&e->partition));

    if (!root) {
        buf_add_slice(out, buf_slice(data));
        return ERR_OK;
    }
    buf_adds(out, root);
    return partition_relative(e, out);
}

static err_t user_dir(struct store *s, struct slice userid, struct buf *out)
{
    struct slice dir;
    err_t err = user_file(s, userid, "seen", out);

    if (err)
        return err;
    dir = path_dirname(buf_slice(out));
    buf_truncate(out, dir.n);
    return ERR_OK;
}

static err_t fill(struct store *s, struct paths *p)
{
    err_t err;

    (void)mbname_owner(buf_slice(&p->entry.name), &p->userid);
    err = partition_dir(&p->entry, FILE_MESSAGE, &p->data);
    if (!err)
        err = partition_dir(&p->entry, FILE_INDEX, &p->meta);
    if (!err)
        err = archive_dir(&p->entry, &p->data, &p->archive);
    if (!err)
        err = user_sieve_dir(s, buf_slice(&p->userid), &p->sieve);
    return err ? err : user_dir(s, buf_slice(&p->userid), &p->user);
}

static void paths_fini(struct paths *p)
{
    mbentry_fini(&p->entry);
    buf_fini(&p->userid);
    buf_fini(&p->data);
    buf_fini(&p->archive);
    buf_fini(&p->meta);
    buf_fini(&p->sieve);
    buf_fini(&p->user);
}

/* ---- JSON ---- */

/* Levels below the user, or all of a shared name. */
static void put_boxes(struct buf *out, struct slice intname, bool is_user)
{
    struct slice rest = mbname_local(intname), level;
    struct json_list l;

    if (mbname_is_deleted(intname)) {
        rest = slice_split(rest, '.', &level, NULL);
        rest = slice_cut(rest, 0, (size_t)slice_rfind(rest, '.'));
    }
    for (unsigned i = 0; is_user && i < 2; i++)
        rest = slice_split(rest, '.', &level, NULL);
    json_open(&l, out, 2, '[');
    while (rest.n) {
        rest = slice_split(rest, '.', &level, NULL);
        json_member(&l, NULL);
        json_put_string(out, level);
    }
    json_close(&l);
}

static void put_name(struct buf *out, const struct paths *p)
{
    struct slice intname = buf_slice(&p->entry.name), userid = buf_slice(&p->userid);
    struct slice domain = mbname_domain(intname);
    struct json_list l;

    json_open(&l, out, 1, '{');
    json_member(&l, "boxes");
    put_boxes(out, intname, userid.n > 0);
    if (domain.n)
        json_string_member(&l, "domain", domain);
    json_string_member(&l, "intname", intname);
    if (userid.n) {
        json_string_member(&l, "localpart",
                           slice_cut(userid, 0, domain.n ? userid.n - domain.n - 1 : userid.n));
        json_string_member(&l, "userid", userid);
    }
    json_close(&l);
}

static err_t put_user(struct store *s, struct buf *out, const struct paths *p)
{
    static const char *const suffixes[] = { "conversations", "counters", "dav",         "seen",
                                            "sieve",         "sub",      "xapianactive" };
    struct buf path = BUF_INIT;
    struct json_list l;
    err_t err = ERR_OK;

    json_open(&l, out, 1, '{');
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && !err; i++) {
        bool is_sieve = slice_eqs(slice_cstr(suffixes[i]), "sieve");

        if (!is_sieve)
            err = user_file(s, buf_slice(&p->userid), suffixes[i], &path);
        json_string_member(&l, suffixes[i], buf_slice(is_sieve ? &p->sieve : &path));
    }
    json_close(&l);
    buf_fini(&path);
    return err;
}

/* "<tier>searchpartition-<partition>" of the INBOX's partition, in the order of the file. */
static err_t put_tiers(struct store *s, struct buf *out, const struct paths *p)
{
    struct buf inbox = BUF_INIT, end = BUF_INIT, path = BUF_INIT, tier = BUF_INIT;
    struct json_list l;
    struct slice name, value;
    struct mbentry e;
    size_t pos = 0;
    int line;
    err_t err;

    mbentry_init(&e);
    mbname_inbox(buf_slice(&p->userid), &inbox);
    err = mblist_lookup(s, buf_slice(&inbox), &e);
    buf_addf(&end, "searchpartition-%.*s", SLICE_ARG(buf_slice(&e.partition)));
    json_open(&l, out, 1, '{');
    while (!err && conf_next(&pos, &name, &value, &line)) {
        if (name.n == end.n || !slice_ends(name, buf_slice(&end)))
            continue;
        buf_reset(&tier);
        buf_add_slice(&tier, slice_cut(name, 0, name.n - end.n));
        buf_reset(&path);
        buf_add_slice(&path, value);
        err = partition_relative(&e, &path);
        json_string_member(&l, buf_cstr(&tier), buf_slice(&path));
    }
    json_close(&l);
    mbentry_fini(&e);
    buf_fini(&inbox);
    buf_fini(&end);
    buf_fini(&path);
    buf_fini(&tier);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t print_json(struct store *s, const struct paths *p)
{
    struct buf out = BUF_INIT;
    struct json_list l;
    err_t err = ERR_OK;

    json_open(&l, &out, 0, '{');
    json_string_member(&l, "archive", buf_slice(&p->archive));
    json_string_member(&l, "data", buf_slice(&p->data));
    json_member(&l, "mbname");
    put_name(&out, p);
    json_string_member(&l, "meta", buf_slice(&p->meta));
    if (p->userid.n) {
        json_member(&l, "user");
        err = put_user(s, &out, p);
        json_member(&l, "xapian");
        if (!err)
            err = put_tiers(s, &out, p);
    }
    json_close(&l);
    if (!err)
        printf("%s\n", buf_cstr(&out));
    buf_fini(&out);
    return err;
}

/* ---- printing ---- */

static err_t print_paths(struct mbpath *m, struct paths *p)
{
    switch (m->what) {
    case 'j': return print_json(m->store, p);
    case 'A': printf("%s\n", buf_cstr(&p->archive)); break;
    case 'M': printf("%s\n", buf_cstr(&p->meta)); break;
    case 'S': printf("%s\n", buf_cstr(&p->sieve)); break;
    case 'U': printf("%s\n", buf_cstr(&p->user)); break;
    case 'a':
        printf("Archive: %s\nData: %s\nMeta: %s\nSieve: %s\nUser: %s\n", buf_cstr(&p->archive),
               buf_cstr(&p->data), buf_cstr(&p->meta), buf_cstr(&p->sieve), buf_cstr(&p->user));
        break;
    default:  printf("%s\n", buf_cstr(&p->data)); break;
    }
    return ERR_OK;
}

static err_t print_remote(const struct mbpath *m, struct mbentry *e)
{
    if (m->local)
        return ERR_NOTFOUND;
    printf("%s!%s\n", buf_cstr(&e->server), buf_cstr(&e->partition));
    return ERR_OK;
}

static err_t one_word(struct mbpath *m, const char *word)
{
    struct paths p = { .userid = BUF_INIT };
    struct buf shown = BUF_INIT;
    err_t err;

    mbentry_init(&p.entry);
    err = find(m, word, &p.entry, &shown);
    if (!err && (p.entry.type & MBTYPE_REMOTE)) {
        err = print_remote(m, &p.entry);
    } else if (!err) {
        err = fill(m->store, &p);
        if (!err)
            err = print_paths(m, &p);
    }
    if (err && !m->quiet)
        fprintf(stderr, "Invalid mailbox name: %s\n", buf_cstr(&shown));
    paths_fini(&p);
    buf_fini(&shown);
    return err;
}

/* ---- */

/* One kind of argument and one selector at most. */
static void choose(struct admin *a, struct mbpath *m, int c)
{
    if (c == 'u' || c == 'p') {
        if (m->kind != ARG_NAME)
            admin_usage(a);
        m->kind = c == 'u' ? ARG_USER : ARG_PATH;
    } else if (c == 'j' || (c == 'a' && m->what == 'j')) {
        m->what = 'j';                  /* has it all */
    } else if (m->what && m->what != 'j') {
        admin_usage(a);
    } else if (m->what != 'j') {
        m->what = c == 'm' ? 'M' : (char)c;
    }
}

static void read_options(struct admin *a, struct mbpath *m)
{
    for (int c; (c = admin_option(a)) != ADMIN_END;) {
        switch (c) {
        case '7': m->utf7 = true; break;
        case 'l': m->local = true; break;
        case 'q': m->quiet = true; break;
        case 's': m->stop = true; break;
        default:  choose(a, m, c); break;
        }
    }
    admin_args(a, 0, ADMIN_MANY);
}

int main(int argc, char **argv)
{
    struct mbpath m = { .kind = ARG_NAME };
    struct admin a;
    err_t err = ERR_OK;

    admin_init(&a, &tool, argc, argv);
    read_options(&a, &m);
    admin_start(&a, 0);
    m.store = admin_store();
    m.ns = namespace_new(SLICE_NULL, true);
    for (int i = 0; i < a.argc; i++) {
        err_t one = one_word(&m, a.argv[i]);

        err = err ? err : one;
        if (one && m.stop)
            admin_fatal(EX_DATAERR, "Error in processing mailbox. Stopping");
    }
    namespace_free(&m.ns);
    store_close(&m.store);
    return admin_close(&a, err) ? EX_DATAERR : 0;
}
