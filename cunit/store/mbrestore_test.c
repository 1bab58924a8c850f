/* mbrestore_test.c - a mailbox list put back from a dump (mblist_restore)
 *
 * covers: RC-23
 */
#include "imap/store/mblist_impl.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbb"

enum {
    EVERYTHING = MBLIST_TOMBSTONES | MBLIST_DELETED_TREE | MBLIST_SPECIAL | MBLIST_INTERMEDIATE
};

static struct mblist_restored *add(struct vec *all, const char *name, const char *id, bool deleted)
{
    struct mblist_restored *one = vec_push(all);

    mbentry_init(&one->entry);
    vec_init(&one->history, sizeof(struct mbhistory));
    buf_adds(&one->entry.name, name);
    buf_adds(&one->entry.uniqueid, id);
    one->entry.uidvalidity = 7;
    if (deleted) {
        one->entry.type |= MBTYPE_DELETED;
    } else {
        buf_adds(&one->entry.partition, "default");
        buf_adds(&one->entry.acl, "fred\tlrs\t");
    }
    return one;
}

static void add_former(struct mblist_restored *one, const char *name)
{
    struct mbhistory *h = VEC_PUSH(&one->history, struct mbhistory);

    buf_adds(&h->name, name);
    h->type = MBTYPE_DELETED;
}

static void free_all(struct vec *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct mblist_restored *one = VEC_AT(all, struct mblist_restored, i);

        mbentry_fini(&one->entry);
        mbhistory_free_all(&one->history);
    }
    vec_fini(all);
}

static err_t append(void *arg, const struct mbentry *e)
{
    struct buf *out = arg;

    buf_addf(out, "%s%s%.*s", out->n ? " " : "", e->type & MBTYPE_DELETED ? "-" : "",
             SLICE_ARG(buf_slice(&e->name)));
    return ERR_OK;
}

/* All names, tombstones with "-" in front. */
static void check_names(struct store *s, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, EVERYTHING, append, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

/* Where the id is now, and the names it had: "user.b user.a"; "" when it is nowhere. */
static void check_id(struct store *s, const char *id, const char *want)
{
    struct vec history = VEC_INIT(struct mbhistory);
    struct buf got = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    if (mblist_lookup_id(s, slice_cstr(id), &e) == ERR_OK) {
        buf_add_slice(&got, buf_slice(&e.name));
        CU_ASSERT_EQUAL(mblist_history(s, slice_cstr(id), &history), ERR_OK);
    }
    for (size_t i = 0; i < history.n; i++)
        buf_addf(&got, " %s", buf_cstr(&VEC_AT(&history, struct mbhistory, i)->name));
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    mbentry_fini(&e);
    mbhistory_free_all(&history);
    buf_fini(&got);
}

/* In a dump the former name may stand before or behind the mailbox. */
static void test_renamed(void)
{
    for (int order = 0; order < 2; order++) {
        struct store *s = instance_open("");
        struct vec all = VEC_INIT(struct mblist_restored);

        if (order == 0)
            add(&all, "user.a", ID_A, true);
        add_former(add(&all, "user.b", ID_A, false), "user.a");
        if (order == 1)
            add(&all, "user.a", ID_A, true);
        CU_ASSERT_EQUAL(mblist_restore(s, &all), ERR_OK);
        check_names(s, "-user.a user.b");
        check_id(s, ID_A, "user.b user.a");
        /* again: nothing changes */
        CU_ASSERT_EQUAL(mblist_restore(s, &all), ERR_OK);
        check_names(s, "-user.a user.b");
        check_id(s, ID_A, "user.b user.a");
        free_all(&all);
        instance_close(&s);
    }
}

/* The list in place is newer than the dump: no two names may have the same files. */
static void test_over_newer(void)
{
    struct store *s = instance_open("");
    struct vec old = VEC_INIT(struct mblist_restored), new = VEC_INIT(struct mblist_restored);

    add(&old, "user.a", ID_A, false);
    add(&old, "user.x", ID_B, true);
    add_former(add(&new, "user.c", ID_A, false), "user.a");
    add(&new, "user.a", ID_A, true);
    add(&new, "user.y", ID_B, false);
    CU_ASSERT_EQUAL(mblist_restore(s, &new), ERR_OK);
    CU_ASSERT_EQUAL(mblist_restore(s, &old), ERR_OK);
    check_names(s, "user.a -user.c -user.x user.y");
    check_id(s, ID_A, "user.a");
    check_id(s, ID_B, "user.y");
    free_all(&old);
    free_all(&new);
    instance_close(&s);
}

/* A name that another mailbox has now. */
static void test_over_other(void)
{
    struct store *s = instance_open("");
    struct vec first = VEC_INIT(struct mblist_restored), second = VEC_INIT(struct mblist_restored);

    add(&first, "user.a", ID_A, false);
    add(&second, "user.a", ID_B, false);
    CU_ASSERT_EQUAL(mblist_restore(s, &first), ERR_OK);
    CU_ASSERT_EQUAL(mblist_restore(s, &second), ERR_OK);
    check_names(s, "user.a");
    check_id(s, ID_A, "");
    check_id(s, ID_B, "user.a");
    free_all(&first);
    free_all(&second);
    instance_close(&s);
}

static err_t take(void *arg, const struct mbentry *e)
{
    struct mblist_restored *one = vec_push(arg);

    mbentry_init(&one->entry);
    mbentry_copy(&one->entry, e);
    vec_init(&one->history, sizeof(struct mbhistory));
    return ERR_OK;
}

/* The list of the real server, taken away and put back. */
static void test_sample(void)
{
    struct store *s = instance_open_sample("");
    struct vec all = VEC_INIT(struct mblist_restored);
    struct buf names = BUF_INIT;

    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, EVERYTHING, append, &names), ERR_OK);
    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, EVERYTHING, take, &all), ERR_OK);
    CU_ASSERT_EQUAL(all.n, 14);
    for (size_t i = 0; i < all.n; i++) {
        struct mblist_restored *one = VEC_AT(&all, struct mblist_restored, i);

        CU_ASSERT_EQUAL(mblist_history(s, buf_slice(&one->entry.uniqueid), &one->history), ERR_OK);
    }
    for (size_t i = 0; i < all.n; i++) {
        const struct mblist_restored *one = VEC_AT(&all, struct mblist_restored, i);

        CU_CHECK_ROW(i, mblist_purge(s, buf_slice(&one->entry.name)) == ERR_OK);
    }
    check_names(s, "");
    CU_ASSERT_EQUAL(mblist_restore(s, &all), ERR_OK);
    check_names(s, buf_cstr(&names));
    for (size_t i = 0; i < all.n; i++) {
        struct mblist_restored *one = VEC_AT(&all, struct mblist_restored, i);
        struct mbentry e;

        mbentry_init(&e);
        CU_CHECK_ROW(i, mblist_lookup_any(s, buf_slice(&one->entry.name), &e) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&e.acl), buf_slice(&one->entry.acl)));
        CU_CHECK_ROW(i, e.foldermodseq == one->entry.foldermodseq);
        if (!(e.type & MBTYPE_DELETED)) {
            CU_CHECK_ROW(i, mblist_lookup_id(s, buf_slice(&one->entry.uniqueid), &e) == ERR_OK);
            CU_CHECK_ROW(i, slice_eq(buf_slice(&e.name), buf_slice(&one->entry.name)));
        }
        mbentry_fini(&e);
    }
    check_id(s, "x7nca5ea5lh9f8189atba27u", "user.fred.Renamed user.fred.Temp");
    free_all(&all);
    buf_fini(&names);
    instance_close(&s);
}

/* Tools look into a copy of the list. */
static void test_use_file(void)
{
    struct store *s = instance_open("");
    struct vec all = VEC_INIT(struct mblist_restored);

    add(&all, "user.a", ID_A, false);
    CU_ASSERT_EQUAL(mblist_use_file(s, instance_path("none.db")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mblist_restore(s, &all), ERR_OK);        /* it is the configured one still */
    CU_ASSERT_EQUAL(mblist_use_file(s, instance_path("cfg/mailboxes.db")), ERR_OK);
    check_names(s, "user.a");
    free_all(&all);
    instance_close(&s);
}

TEST_SUITE("mbrestore", { "renamed", test_renamed }, { "over_newer", test_over_newer },
           { "over_other", test_over_other }, { "sample", test_sample },
           { "use_file", test_use_file })
