/* cyr_dbtool.c - look into one database and change it: cyr_dbtool(8) */
#include <signal.h>

#include "imap/admin/admin.h"
#include "imap/admin/dbtool_batch.h"
#include "lib/base/buf.h"
#include "lib/db/db.h"

static void list_engines(void)
{
    fputs("Usable Backends: ", stderr);
    for (const char *const *name = db_engines(); *name; name++)
        fprintf(stderr, "%s%s", name == db_engines() ? "" : ", ", *name);
    fputs("\n\n"
          "Actions:\n"
          "* show [<prefix>]\n"
          "* get <key>\n"
          "* set <key> <value>\n"
          "* delete <key>\n"
          "* dump - the inner structure as text\n"
          "* consistent - check consistency\n"
          "* repack - write the database anew without dead space (where it has any)\n"
          "* damage - start a transaction and die in it\n"
          "* batch - read commands from standard input\n"
          "Without a key, lines are read from standard input: a key, for \"set\" followed by\n"
          "a tab and the value.\n", stderr);
}

static const struct admin_tool tool = {
    .name = "cyr_dbtool",
    .options = "MnoTtc",
    .usage = "[-M] [-n] [-o] [-T] [-c] <db file> <db backend> <action> [<key>] [<value>]\n",
    .usage_more = list_engines,
    .options_first = true,
};

struct job {
    struct db *db;
    struct db_txn *txn;                 /* -T: one for all that is done */
    struct buf out;
    bool hold_output;                   /* -o: print at the end only */
    char *const *words;                 /* behind the action */
    int nwords;
};

static err_t emit(struct job *j)
{
    if (j->hold_output)
        return ERR_OK;
    err_t err = admin_write(stdout, buf_slice(&j->out));
    buf_reset(&j->out);
    return err;
}

/* ---- one key ------------------------------------------------------------ */

static err_t get_one(struct job *j, struct slice key, struct slice unused)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(j->db, j->txn, key, &value);

    (void)unused;
    if (err == ERR_NOTFOUND)            /* an empty line keeps answers and questions in step */
        err = ERR_OK;
    buf_add_slice(&j->out, buf_slice(&value));
    buf_addc(&j->out, '\n');
    buf_fini(&value);
    return err ? err : emit(j);
}

static err_t set_one(struct job *j, struct slice key, struct slice value)
{
    return j->txn ? db_store(j->txn, key, value) : db_store_now(j->db, key, value);
}

static err_t delete_one(struct job *j, struct slice key, struct slice unused)
{
    err_t err = j->txn ? db_delete(j->txn, key) : db_delete_now(j->db, key);

    (void)unused;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Key and value from the command line, else from each line of standard input. */
static err_t for_each_key(struct job *j, err_t (*fn)(struct job *, struct slice, struct slice))
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    err_t err = ERR_OK;

    if (j->nwords)
        return fn(j, slice_cstr(j->words[0]), j->nwords > 1 ? slice_cstr(j->words[1]) : SLICE_NULL);
    while (!err && (n = getline(&line, &size, stdin)) > 0) {
        struct slice key, value, text = slice_make(line, (size_t)n);
        if (line[n - 1] == '\n')
            text.n--;
        value = slice_split(text, '\t', &key, NULL);
        if (key.n)
            err = fn(j, key, value);
    }
    free(line);
    return err;
}

/* ---- actions ------------------------------------------------------------ */

static err_t do_get(struct job *j)
{
    return for_each_key(j, get_one);
}

static err_t do_set(struct job *j)
{
    return for_each_key(j, set_one);
}

static err_t do_delete(struct job *j)
{
    return for_each_key(j, delete_one);
}

static err_t show_one(void *arg, struct slice key, struct slice value)
{
    struct job *j = arg;

    buf_add_slice(&j->out, key);
    buf_addc(&j->out, '\t');
    buf_add_slice(&j->out, value);
    buf_addc(&j->out, '\n');
    return emit(j);
}

static err_t do_show(struct job *j)
{
    return db_foreach(j->db, j->txn, j->nwords ? slice_cstr(j->words[0]) : SLICE_NULL, show_one, j);
}

static err_t do_dump(struct job *j)
{
    err_t err = db_dump(j->db, 1, &j->out);
    err_t written = emit(j);

    return err ? err : written;
}

static err_t do_consistent(struct job *j)
{
    struct buf report = BUF_INIT;
    err_t err = db_check(j->db, &report);

    err_t told = admin_write(stderr, buf_slice(&report));
    buf_fini(&report);
    buf_adds(&j->out, err ? "No, not consistent\n" : "Yes, consistent\n");
    err_t written = emit(j);
    written = written ? written : told;
    return err ? err : written;
}

static err_t do_repack(struct job *j)
{
    return db_repack(j->db);
}

/* What a crash in the middle leaves behind is left behind. */
static err_t do_damage(struct job *j)
{
    err_t err = j->txn ? ERR_OK : db_begin(j->db, &j->txn);

    if (!err)
        err = do_set(j);
    if (!err)
        raise(SIGKILL);
    return err;
}

static err_t do_batch(struct job *j)
{
    return dbtool_batch(j->db, stdin, stdout, stderr);
}

enum { NO_TXN = 1 };                    /* the action has its own, or may have none */

static const struct action {
    const char *name;
    err_t (*run)(struct job *);
    int max_words;
    unsigned flags;
} actions[] = {
    { "get", do_get, 1, 0 },
    { "set", do_set, 2, 0 },
    { "delete", do_delete, 1, 0 },
    { "show", do_show, 1, 0 },
    { "dump", do_dump, 1, NO_TXN },
    { "consistent", do_consistent, 0, NO_TXN },
    { "consistency", do_consistent, 0, NO_TXN },
    { "repack", do_repack, 0, NO_TXN },
    { "damage", do_damage, 2, 0 },
    { "batch", do_batch, 0, NO_TXN },
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static void open_database(struct job *j, const char *engine, const char *path, unsigned flags)
{
    err_t err = db_open(engine, path, flags, &j->db);

    if (err == ERR_UNSUPPORTED)
        admin_fatal(EX_CONFIG, "cyrusdb backend %s not supported", engine);
    if (err)
        admin_fatal(EX_TEMPFAIL, "can't open database %s: %s", path, err_name(err));
}

static err_t run(struct job *j, const struct action *action, bool one_txn)
{
    err_t err = ERR_OK;

    if (one_txn && !(action->flags & NO_TXN))
        err = db_begin(j->db, &j->txn);
    if (!err)
        err = action->run(j);
    if (j->txn && !err)
        err = db_commit(&j->txn);
    db_abort(&j->txn);
    if (!err && j->hold_output) {
        j->hold_output = false;
        err = emit(j);
    }
    return err;
}

int main(int argc, char **argv)
{
    struct job j = { .out = BUF_INIT };
    unsigned flags = 0;
    bool one_txn = false;
    struct admin a;

    admin_init(&a, &tool, argc, argv);
    for (int c; (c = admin_option(&a)) != ADMIN_END; ) {
        switch (c) {
        case 'M': flags |= DB_MBOXSORT; break;
        case 'n': flags |= DB_CREATE; break;
        case 'c': flags |= DB_CONVERT; break;
        case 'o': j.hold_output = true; break;
        case 'T': one_txn = true; break;
        case 't': one_txn = false; break;
        }
    }
    admin_args(&a, 3, 5);
    admin_absolute(a.argv[0]);
    const struct action *action = find_action(a.argv[2]);
    j.words = a.argv + 3;
    j.nwords = a.argc - 3;
    if (!action) {
        admin_warn(&a, "unknown action %s", a.argv[2]);
        admin_usage(&a);
    }
    if (j.nwords > action->max_words || (action->max_words == 2 && j.nwords == 1))
        admin_usage(&a);

    admin_start(&a, 0);
    open_database(&j, a.argv[1], a.argv[0], flags);
    err_t err = run(&j, action, one_txn);
    if (err)
        admin_warn(&a, "%s failed: %s", action->name, err_name(err));
    db_close(&j.db);
    buf_fini(&j.out);
    return admin_status(admin_close(&a, err));
}
