/* ctl_mboxlist.c - the mailbox list as text, back again, and against the disk (feature RC-23)
 *
 * Dump: one JSON object, keyed by internal name, one mailbox per line.  Undump reads the same, and
 * with -L the lines of older versions: "name TAB type SP partition SP [>uniqueid TAB]acl".
 */
#include <stdio.h>

#include "imap/admin/admin.h"
#include "imap/admin/instance.h"
#include "imap/admin/mboxlist_text.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

static const struct admin_tool tool = {
    .name = "ctl_mboxlist",
    .options = "duLmvrcxyp:f:awi",
    .usage = "-d [-x] [-y] [-p partition] [-f filename]\n"
             "       ctl_mboxlist [-C altconfig] -u [-f filename] [-L]    [< mboxlist.dump]\n"
             "       ctl_mboxlist [-C altconfig] -m [-a] [-w] [-i] [-f filename]\n"
             "       ctl_mboxlist [-C altconfig] -v [-f filename]\n"
             "  -d  print the mailbox list\n"
             "  -x  remove what was printed from the list\n"
             "  -y  print intermediate entries too\n"
             "  -p  only mailboxes of this partition\n"
             "  -f  this file instead of mailboxes.db\n"
             "  -u  read entries from standard input\n"
             "  -L  in the format of older versions\n"
             "  -m  tell the MUPDATE server of a murder\n"
             "  -v  compare the list with the directories\n",
};

enum { INPUT_MAX = 1 << 30 };

struct work {
    struct store *store;
    char mode;                          /* d u m v r c */
    bool remove, intermediate, old_format;
    const char *partition, *file;
    struct vec dumped;                  /* struct buf: names, for -x */
    bool any;
};

/* ---- dump ---- */

static err_t dump_one(void *arg, const struct mbentry *e)
{
    struct work *w = arg;
    struct vec history = VEC_INIT(struct mbhistory);
    struct buf line = BUF_INIT;
    err_t err = ERR_OK;

    if (w->partition && !slice_eqs(buf_slice(&e->partition), w->partition))
        return ERR_OK;
    if (e->uniqueid.n)
        err = mblist_history(w->store, buf_slice(&e->uniqueid), &history);
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    buf_adds(&line, w->any ? ",\n" : "\n");
    mboxlist_text_put(e, &history, &line);
    w->any = true;
    if (!err)
        err = admin_write(stdout, buf_slice(&line));
    if (w->remove)
        buf_add_slice(vec_push(&w->dumped), buf_slice(&e->name));
    mbhistory_free_all(&history);
    buf_fini(&line);
    return err;
}

static err_t remove_dumped(struct work *w)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < w->dumped.n; i++) {
        struct buf *name = VEC_AT(&w->dumped, struct buf, i);

        if (!err)
            err = mblist_purge(w->store, buf_slice(name));
        buf_fini(name);
    }
    vec_fini(&w->dumped);
    return err;
}

static err_t dump(struct work *w)
{
    unsigned flags = MBLIST_TOMBSTONES | MBLIST_DELETED_TREE | MBLIST_SPECIAL;
    err_t err;

    printf("{");
    err = mblist_foreach(w->store, SLICE_NULL, flags | (w->intermediate ? MBLIST_INTERMEDIATE : 0),
                         dump_one, w);
    printf(w->any ? "\n}\n" : "\n\n}\n");
    admin_flush();                      /* nothing is removed that was not written */
    return err ? err : remove_dumped(w);
}

/* ---- undump ---- */

static void complain(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

static err_t undump(struct work *w)
{
    struct vec all = VEC_INIT(struct mblist_restored);
    struct buf text = BUF_INIT;
    err_t err = ERR_OK;
    size_t got;

    do {
        buf_reserve(&text, 1 << 16);
        got = fread(text.p + text.n, 1, 1 << 16, stdin);
        text.n += got;
    } while (got && text.n <= INPUT_MAX);
    if (ferror(stdin) || text.n > INPUT_MAX)
        err = ERR_IO;
    if (!err)
        err = w->old_format ? mboxlist_text_parse_old(buf_slice(&text), &all, complain, NULL)
                            : mboxlist_text_parse(buf_slice(&text), &all, complain, NULL);
    if (!err)
        err = mblist_restore(w->store, &all);
    mboxlist_text_free(&all);
    buf_fini(&text);
    return err;
}

/* ---- verify ---- */

static err_t verify_entry(void *arg, const struct mbentry *e)
{
    struct work *w = arg;
    struct buf name = BUF_INIT, partition = BUF_INIT;

    (void)w;
    if (!mailbox_has_files(e)) {
        buf_add_slice(&name, buf_slice(&e->name));
        buf_add_slice(&partition, buf_slice(&e->partition));
        printf("'%s' has a DB entry but no directory on partition '%s'\n", buf_cstr(&name),
               buf_cstr(&partition));
    }
    buf_fini(&name);
    buf_fini(&partition);
    return ERR_OK;
}

struct disk_walk {
    struct work *work;
    const char *root;
    struct slice partition;
};

/* "uuid/a/b/<id>": is there an entry of that id on this partition? */
static err_t verify_dir(void *arg, const char *name, enum dir_type type)
{
    struct disk_walk *d = arg;
    struct slice path = slice_cstr(name);
    struct mbentry e;
    err_t err;

    if (type != DIR_FILE || !slice_eqs(path_basename(path), "cyrus.index"))
        return ERR_OK;
    path = path_dirname(path);
    mbentry_init(&e);
    err = mblist_lookup_id(d->work->store, path_basename(path), &e);
    if (err == ERR_NOTFOUND || (!err && !slice_eq(buf_slice(&e.partition), d->partition)))
        printf("'%s/uuid/%.*s' is a mailbox directory without DB entry on partition '%.*s'\n",
               d->root, SLICE_ARG(path), SLICE_ARG(d->partition));
    mbentry_fini(&e);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t verify_disk(struct work *w)
{
    struct slice partition;
    size_t pos = 0;
    err_t err = ERR_OK;

    while (!err && partition_next(&pos, &partition)) {
        struct disk_walk d = { .work = w, .partition = partition,
                               .root = partition_root(partition, PARTITION_INDEX) };
        struct buf top = BUF_INIT;

        path_join(&top, d.root, "uuid");
        err = dir_walk(buf_cstr(&top), DIR_PRE, verify_dir, &d);
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
        buf_fini(&top);
    }
    return err;
}

static err_t verify(struct work *w)
{
    err_t err = mblist_foreach(w->store, SLICE_NULL, MBLIST_DELETED_TREE, verify_entry, w);

    return err ? err : verify_disk(w);
}

/* ---- */

NORETURN static void refuse_murder(void)
{
    if (!conf_string(CONF_MUPDATE_SERVER))
        admin_fatal(EX_UNAVAILABLE,
                    "couldn't get mupdate server name: mupdate_server is not set in %s",
                    conf_path());
    admin_fatal(EX_UNAVAILABLE,
                "this build has no MUPDATE client: the mailbox list cannot be sent to %s",
                conf_string(CONF_MUPDATE_SERVER));
}

static void read_options(struct admin *a, struct work *w)
{
    for (int c; (c = admin_option(a)) != ADMIN_END;) {
        switch (c) {
        case 'x': w->remove = true; break;
        case 'y': w->intermediate = true; break;
        case 'L': w->old_format = true; break;
        case 'p': w->partition = a->value; break;
        case 'f': w->file = a->value; break;
        case 'a':                       /* with -m only, which is refused */
        case 'w':
        case 'i': break;
        default:
            if (w->mode)
                admin_usage(a);
            w->mode = (char)c;
            break;
        }
    }
    admin_args(a, 0, 0);
    if (!w->mode || (w->mode != 'd' && (w->remove || w->intermediate || w->partition)) ||
        (w->old_format && w->mode != 'u'))
        admin_usage(a);
}

static err_t run(struct work *w)
{
    switch (w->mode) {
    case 'd': return dump(w);
    case 'u': return undump(w);
    case 'v': return verify(w);
    case 'm': refuse_murder();
    default:  return ERR_OK;            /* -r, -c: ctl_cyrusdb does it */
    }
}

int main(int argc, char **argv)
{
    struct work w = { .dumped = VEC_INIT(struct buf) };
    struct admin a;
    err_t err = ERR_OK;

    admin_init(&a, &tool, argc, argv);
    read_options(&a, &w);
    admin_start(&a, 0);
    w.store = admin_store();
    if (w.file) {
        err = mblist_use_file(w.store, w.file);
        if (err)
            admin_fatal(EX_TEMPFAIL, "can't read mailboxes file %s", w.file);
    }
    err = run(&w);
    store_close(&w.store);
    return admin_status(admin_close(&a, err));
}
