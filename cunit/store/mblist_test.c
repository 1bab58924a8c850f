/* mblist_test.c - the list of mailboxes: entries, walks, what users see, start-up repairs
 *
 * covers: NS-01 NS-06 NS-24 AC-02 AC-41 AD-17
 */
#include "imap/store/mblist_impl.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/mblist_reverse.h"
#include "imap/store/namespace.h"
#include "lib/base/clock.h"

static void make_entry(struct mbentry *e, const char *name, const char *id, const char *acl)
{
    mbentry_init(e);
    buf_adds(&e->name, name);
    buf_adds(&e->uniqueid, id);
    buf_adds(&e->partition, "default");
    buf_adds(&e->acl, acl);
    e->uidvalidity = 7;
    e->createdmodseq = 1;
    e->foldermodseq = 2;
}

static void put(struct store *s, const char *name, const char *id, const char *acl)
{
    struct mbentry e;

    make_entry(&e, name, id, acl);
    CU_ASSERT_EQUAL(mblist_put(s, &e), ERR_OK);
    mbentry_fini(&e);
}

/* The raw value of a key, US shown as '~'; "-" when absent.  Static. */
static const char *raw(struct store *s, const char *key)
{
    static char text[1000];
    struct buf value = BUF_INIT;
    struct db *db;

    if (store_db(s, STORE_DB_MBOXLIST, &db) || db_fetch(db, NULL, slice_cstr(key), &value))
        buf_adds(&value, "-");
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\x1f')
            value.p[i] = '~';
    }
    snprintf(text, sizeof text, "%s", buf_cstr(&value));
    buf_fini(&value);
    return text;
}

static void test_put_and_bury(void)
{
    struct store *s = instance_open("");
    struct mbentry e;

    clock_fake(1000);
    put(s, "user.fred.a.b", "aaaaaaaaaaaaaaaaaaaaaaaa", "fred\tlrs\t");
    CU_ASSERT_STRING_EQUAL(
        raw(s, "Nuser\x1f"
               "fred\x1f"
               "a\x1f"
               "b"),
        "%(T e I aaaaaaaaaaaaaaaaaaaaaaaa P default V 7 C 1 F 2 M 1000 A %(fred lrs))");
    CU_ASSERT_STRING_EQUAL(
        raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"),
        "%(T e N user~fred~a~b P default V 7 C 1 F 2 M 1000 A %(fred lrs) H ())");
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred.a.b"), &e), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&e.acl), "fred\tlrs\t"));
    CU_ASSERT_EQUAL(mblist_lookup_id(s, SLICE_LIT("aaaaaaaaaaaaaaaaaaaaaaaa"), &e), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&e.name), "user.fred.a.b"));
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred.a"), &e), ERR_NOTFOUND);

    clock_fake(2000);
    CU_ASSERT_EQUAL(mblist_remove(s, SLICE_LIT("user.fred.a.b")), ERR_OK);
    CU_ASSERT_STRING_EQUAL(raw(s, "Nuser\x1f" "fred\x1f" "a\x1f" "b"),
                           "%(T ed I aaaaaaaaaaaaaaaaaaaaaaaa V 7 C 1 F 2 M 2000)");
    CU_ASSERT_STRING_EQUAL(raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"),
                           "%(T ed N user~fred~a~b V 7 C 1 F 2 M 2000 A %() H ())");
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred.a.b"), &e), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mblist_lookup_id(s, SLICE_LIT("aaaaaaaaaaaaaaaaaaaaaaaa"), &e), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mblist_lookup_any(s, SLICE_LIT("user.fred.a.b"), &e), ERR_OK);
    CU_ASSERT(e.type & MBTYPE_DELETED);

    /* another mailbox at the place of the tombstone: the old id's record goes */
    put(s, "user.fred.a.b", "bbbbbbbbbbbbbbbbbbbbbbbb", "");
    CU_ASSERT_STRING_EQUAL(raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"), "-");
    CU_ASSERT_EQUAL(mblist_purge(s, SLICE_LIT("user.fred.a.b")), ERR_OK);
    CU_ASSERT_STRING_EQUAL(raw(s, "Ibbbbbbbbbbbbbbbbbbbbbbbb"), "-");
    CU_ASSERT_EQUAL(mblist_lookup_any(s, SLICE_LIT("user.fred.a.b"), &e), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mblist_remove(s, SLICE_LIT("user.fred.a.b")), ERR_NOTFOUND);
    mbentry_fini(&e);
    clock_fake(0);
    instance_close(&s);
}

static err_t move(struct store *s, const char *from, const char *to)
{
    struct mbentry a, b;
    struct mblist_txn t;
    err_t err;

    mbentry_init(&a);
    mbentry_init(&b);
    err = mblist_lookup(s, slice_cstr(from), &a);
    mbentry_copy(&b, &a);
    buf_reset(&b.name);
    buf_adds(&b.name, to);
    b.foldermodseq++;
    if (!err)
        err = mblist_begin(s, &t);
    if (!err) {
        err = mblist_txn_move(&t, &a, &b);
        if (err)
            mblist_abort(&t);
        else
            err = mblist_commit(&t);
    }
    mbentry_fini(&a);
    mbentry_fini(&b);
    return err;
}

/* As the real server leaves it (formats/databases.md 3.1, 3.2). */
static void test_move(void)
{
    struct store *s = instance_open("");
    struct vec history = VEC_INIT(struct mbhistory);

    clock_fake(1000);
    put(s, "shared.a", "aaaaaaaaaaaaaaaaaaaaaaaa", "anyone\tlrs\t");
    clock_fake(1001);
    CU_ASSERT_EQUAL(move(s, "shared.a", "shared.b"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(raw(s, "Nshared\x1f"
                                  "a"),
                           "%(T ed I aaaaaaaaaaaaaaaaaaaaaaaa V 7 C 1 F 3 M 1001)");
    CU_ASSERT_STRING_EQUAL(
        raw(s, "Nshared\x1f"
               "b"),
        "%(T e I aaaaaaaaaaaaaaaaaaaaaaaa P default V 7 C 1 F 3 M 1001 A %(anyone lrs))");
    CU_ASSERT_STRING_EQUAL(raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"),
                           "%(T e N shared~b P default V 7 C 1 F 3 M 1001 A %(anyone lrs) H "
                           "(%(N shared~a M 1001 V 7 C 1 F 3 T ed)))");
    clock_fake(1002);
    CU_ASSERT_EQUAL(move(s, "shared.b", "shared.c"), ERR_OK);
    CU_ASSERT_EQUAL(mblist_history(s, SLICE_LIT("aaaaaaaaaaaaaaaaaaaaaaaa"), &history), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(history.n, 2);
    CU_ASSERT(slice_eqs(buf_slice(&VEC_AT(&history, struct mbhistory, 0)->name), "shared.b"));
    CU_ASSERT(slice_eqs(buf_slice(&VEC_AT(&history, struct mbhistory, 1)->name), "shared.a"));
    mbhistory_free_all(&history);

    /* back to a name of its own */
    CU_ASSERT_EQUAL(move(s, "shared.c", "shared.a"), ERR_OK);
    CU_ASSERT(strstr(raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"), "N shared~a P default") != NULL);
    /* a change keeps the history */
    put(s, "shared.a", "aaaaaaaaaaaaaaaaaaaaaaaa", "");
    CU_ASSERT(strstr(raw(s, "Iaaaaaaaaaaaaaaaaaaaaaaaa"), "H (%(N shared~c") != NULL);
    clock_fake(0);
    instance_close(&s);
}

/* ---- walks ---- */

static err_t collect(void *arg, const struct mbentry *e)
{
    struct buf *out = arg;

    if (out->n)
        buf_addc(out, ' ');
    buf_add_slice(out, buf_slice(&e->name));
    return ERR_OK;
}

static void put_sample_names(struct store *s)
{
    static const char *const names[] = {
        "user.ann", "user.ann.x", "user.anna", "user.ann y", "user.bob", "user.bob.INBOX", "shared",
        "shared.news", "DELETED.user.bob.z.6B0177B7", "dom.example!user.ann", "dom.example!common",
    };
    char id[] = "aaaaaaaaaaaaaaaaaaaaaaaa";

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        id[0] = (char)('a' + i);
        put(s, names[i], id, "");
    }
}

static void test_foreach(void)
{
    static const struct {
        const char *prefix;
        unsigned flags;
        const char *want;
    } rows[] = {
        { "user.ann", 0, "user.ann user.ann.x" },
        { "user.anna", 0, "user.anna" },
        { "user.none", 0, "" },
        { "shared", 0, "shared shared.news" },
        { "dom.example!", 0, "dom.example!common dom.example!user.ann" },
        { "", 0,
          "dom.example!common dom.example!user.ann shared shared.news user.ann user.ann.x user.ann "
          "y "
          "user.anna user.bob user.bob.INBOX" },
        { "DELETED", 0, "" },
        { "DELETED", MBLIST_DELETED_TREE, "DELETED.user.bob.z.6B0177B7" },
    };
    struct store *s = instance_open("virtdomains: userid");
    struct buf got = BUF_INIT;

    put_sample_names(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&got);
        CU_CHECK_ROW(i, mblist_foreach(s, slice_cstr(rows[i].prefix), rows[i].flags, collect,
                                       &got) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&got), rows[i].want));
    }
    buf_fini(&got);
    instance_close(&s);
}

static void test_foreach_kinds(void)
{
    static const struct {
        uint32_t type;
        unsigned flags;                         /* with which it is visited; 0: always */
    } rows[] = {
        { MBTYPE_EMAIL, 0 },
        { 'c', 0 },
        { MBTYPE_LEGACY, 0 },
        { MBTYPE_DELETED, MBLIST_TOMBSTONES },
        { MBTYPE_REMOTE, MBLIST_SPECIAL },
        { MBTYPE_RESERVED, MBLIST_SPECIAL },
        { MBTYPE_INTERMEDIATE, MBLIST_INTERMEDIATE },
    };
    struct store *s = instance_open("");
    struct buf got = BUF_INIT;
    struct mbentry e;

    make_entry(&e, "user.x", "aaaaaaaaaaaaaaaaaaaaaaaa", "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        e.type = rows[i].type;
        CU_ASSERT_EQUAL(mblist_put(s, &e), ERR_OK);
        buf_reset(&got);
        CU_CHECK_ROW(i, mblist_foreach(s, SLICE_NULL, 0, collect, &got) == ERR_OK);
        CU_CHECK_ROW(i, (got.n > 0) == (rows[i].flags == 0));
        buf_reset(&got);
        CU_CHECK_ROW(i, mblist_foreach(s, SLICE_NULL, rows[i].flags, collect, &got) == ERR_OK);
        CU_CHECK_ROW(i, got.n > 0);
    }
    mbentry_fini(&e);
    buf_fini(&got);
    instance_close(&s);
}

/* A callback may change the list under the walk. */
static err_t remove_it(void *arg, const struct mbentry *e)
{
    return mblist_remove(arg, buf_slice(&e->name));
}

static void test_change_in_walk(void)
{
    struct store *s = instance_open("");
    struct buf got = BUF_INIT;

    put_sample_names(s);
    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_LIT("user.ann"), 0, remove_it, s), ERR_OK);
    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_LIT("user.ann"), 0, collect, &got), ERR_OK);
    CU_ASSERT_EQUAL(got.n, 0);
    buf_fini(&got);
    instance_close(&s);
}

/* A damaged record hides nothing but itself. */
static void test_damaged_record(void)
{
    struct store *s = instance_open("");
    struct buf got = BUF_INIT;
    struct mbentry e;
    struct db *db;

    put(s, "user.a", "aaaaaaaaaaaaaaaaaaaaaaaa", "");
    put(s, "user.c", "cccccccccccccccccccccccc", "");
    CU_ASSERT_EQUAL(store_db(s, STORE_DB_MBOXLIST, &db), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db,
                                 SLICE_LIT("Nuser\x1f"
                                           "b"),
                                 SLICE_LIT("%(T e V garbage)")),
                    ERR_OK);
    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, 0, collect, &got), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&got), "user.a user.c"));
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.b"), &e), ERR_CORRUPT);
    mbentry_fini(&e);
    buf_fini(&got);
    instance_close(&s);
}

/* ---- what users see ---- */

static err_t collect_seen(void *arg, const struct mblist_seen *seen)
{
    struct buf *out = arg;

    if (out->n)
        buf_addc(out, '|');
    buf_add_slice(out, seen->ext);
    return ERR_OK;
}

static void fill_visible(struct store *s)
{
    static const struct {
        const char *name, *acl;
        uint32_t type;
    } rows[] = {
        { "user.ann", "ann\tlrswipkxtecdan\tbob\tlr\t", 0 },
        { "user.ann.private", "ann\tlrswipkxtecdan\t", 0 },
        { "user.ann.sub", "ann\tlrs\tbob\tr\t", 0 },
        { "user.bob", "bob\tlrswipkxtecdan\t", 0 },
        { "user.bob.noacl", "", 0 },
        { "user.bob.#calendars", "bob\tlrs\t", 'c' },
        { "user.bobby", "bobby\tlrs\t", 0 },
        { "user.carl", "anyone\tlr\t-bob\tl\t", 0 },
        { "shared", "anyone\tlrs\t", 0 },
        { "shared.quiet", "anyone\trs\t", 0 },
        { "shared.team", "group:team\tlrs\tcarl\tl\t", 0 },
        { "DELETED.user.bob.z.6B0177B7", "bob\tlrs\t", 0 },
        { "dom.example!common", "anyone\tlrs\tbob\tlrs\t", 0 },
    };
    char id[] = "aaaaaaaaaaaaaaaaaaaaaaaa";
    struct mbentry e;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        id[0] = (char)('a' + i);
        make_entry(&e, rows[i].name, id, rows[i].acl);
        e.type = rows[i].type;
        CU_CHECK_ROW(i, mblist_put(s, &e) == ERR_OK);
        mbentry_fini(&e);
    }
}

static void test_visible(void)
{
    static const char std[] = "", alt[] = "altnamespace: yes\nunixhierarchysep: yes";
    static const struct {
        const char *conf, *userid;
        bool admin;
        const char *want;
    } rows[] = {
        { std, "bob", false, "INBOX|INBOX.noacl|shared|user.ann" },
        { alt, "bob", false, "INBOX|noacl|Shared Folders/shared|Other Users/ann" },
        { std, "ann", false, "INBOX|INBOX.private|INBOX.sub|shared|user.carl" },
        { std, "carl", false, "INBOX|shared|shared.team" },
        { std, "", false, "shared|user.carl" },
        { "disable_user_namespace: yes", "bob", false, "INBOX|INBOX.noacl|shared" },
        { "disable_shared_namespace: yes", "bob", false, "INBOX|INBOX.noacl|user.ann" },
        { std, "admin", true,
          "DELETED.user.bob.z.6B0177B7|common@dom.example|shared|shared.quiet|shared.team|user.ann|"
          "user.ann.private|user.ann.sub|user.bob|user.bob.noacl|user.bobby|user.carl" },
        { std, "admin@dom.example", true, "common@dom.example" },
    };
    struct buf got = BUF_INIT, conf = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ident *who;
        struct namespace *ns;
        struct store *s;

        buf_reset(&conf);
        buf_addf(&conf, "virtdomains: userid\ndefaultdomain: defdomain\n%s", rows[i].conf);
        s = instance_open(buf_cstr(&conf));
        fill_visible(s);
        who = *rows[i].userid ? ident_new(slice_cstr(rows[i].userid)) : ident_new_anonymous();
        ns = namespace_new(slice_cstr(rows[i].userid), rows[i].admin);
        buf_reset(&got);
        CU_CHECK_ROW(i, mblist_visible(s, ns, who, rows[i].admin, NULL, 0, collect_seen, &got) ==
                            ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&got), rows[i].want));
        if (!slice_eqs(buf_slice(&got), rows[i].want))
            fprintf(stderr, "row %zu: %s\n", i, buf_cstr(&got));
        namespace_free(&ns);
        ident_free(&who);
        instance_close(&s);
    }
    buf_fini(&got);
    buf_fini(&conf);
}

static void test_visible_ranges(void)
{
    const struct slice ranges[] = { SLICE_LIT("user.bob"), SLICE_LIT("user"), SLICE_LIT("") };
    struct store *s = instance_open("");
    struct ident *who = ident_new(SLICE_LIT("bob"));
    struct namespace *ns = namespace_new(SLICE_LIT("bob"), false);
    struct buf got = BUF_INIT;

    fill_visible(s);
    CU_ASSERT_EQUAL(mblist_visible(s, ns, who, false, ranges, 3, collect_seen, &got), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&got), "INBOX|INBOX.noacl|shared|user.ann"));
    buf_reset(&got);
    CU_ASSERT_EQUAL(mblist_visible(s, ns, who, false, ranges, 1, collect_seen, &got), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&got), "INBOX|INBOX.noacl"));

    CU_ASSERT(mblist_has_children(s, SLICE_LIT("user.bob"), who, false));
    CU_ASSERT(!mblist_has_children(s, SLICE_LIT("user.bob.noacl"), who, false));
    /* none that bob may see */
    CU_ASSERT(!mblist_has_children(s, SLICE_LIT("user.ann"), who, false));
    CU_ASSERT(mblist_has_children(s, SLICE_LIT("user.ann"), who, true));
    CU_ASSERT(!mblist_has_children(s, SLICE_LIT("shared"), who, false));
    CU_ASSERT(mblist_has_children(s, SLICE_LIT("user"), who, false));
    buf_fini(&got);
    namespace_free(&ns);
    ident_free(&who);
    instance_close(&s);
}

/* What is outside of the own tree is remembered, but never longer than it is true. */
static void test_visible_again(void)
{
    static const struct {
        const char *name, *id, *acl;    /* put before the look; name NULL: nothing */
        const char *want;
    } rows[] = {
        { NULL, NULL, NULL, "INBOX|INBOX.noacl|shared|user.ann" },
        { NULL, NULL, NULL, "INBOX|INBOX.noacl|shared|user.ann" },
        { "user.ann", "aaaaaaaaaaaaaaaaaaaaaaaa", "ann\tlrs\t", "INBOX|INBOX.noacl|shared" },
        { "user.bob.new", "zaaaaaaaaaaaaaaaaaaaaaaa", "bob\tlrs\t",
          "INBOX|INBOX.new|INBOX.noacl|shared" },
        { "user.ann.private", "baaaaaaaaaaaaaaaaaaaaaaa", "ann\tlrs\tbob\tlr\t",
          "INBOX|INBOX.new|INBOX.noacl|shared|user.ann.private" },
        { NULL, NULL, NULL, "INBOX|INBOX.new|INBOX.noacl|shared|user.ann.private" },
        { "shared", "iaaaaaaaaaaaaaaaaaaaaaaa", "anyone\tp\t",
          "INBOX|INBOX.new|INBOX.noacl|user.ann.private" },
    };
    struct store *s = instance_open("");
    struct ident *bob = ident_new(SLICE_LIT("bob")), *carl = ident_new(SLICE_LIT("carl"));
    struct namespace *of_bob = namespace_new(SLICE_LIT("bob"), false);
    struct namespace *of_carl = namespace_new(SLICE_LIT("carl"), false);
    struct buf got = BUF_INIT;

    fill_visible(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].name)
            put(s, rows[i].name, rows[i].id, rows[i].acl);
        buf_reset(&got);
        CU_CHECK_ROW(i, mblist_visible(s, of_bob, bob, false, NULL, 0, collect_seen, &got) ==
                            ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&got), rows[i].want));
    }
    /* somebody else sees his own */
    buf_reset(&got);
    CU_ASSERT_EQUAL(mblist_visible(s, of_carl, carl, false, NULL, 0, collect_seen, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), "INBOX|shared.team");
    buf_fini(&got);
    namespace_free(&of_bob);
    namespace_free(&of_carl);
    ident_free(&bob);
    ident_free(&carl);
    instance_close(&s);
}

static void test_access(void)
{
    struct store *s = instance_open("");
    struct ident *bob = ident_new(SLICE_LIT("bob")), *admin = ident_new(SLICE_LIT("admin"));
    struct mbentry e;
    rights_t r;

    fill_visible(s);
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_access(s, SLICE_LIT("user.ann"), bob, false, &e, &r), ERR_OK);
    CU_ASSERT_EQUAL(r, ACL_L | ACL_R);
    CU_ASSERT_EQUAL(mblist_access(s, SLICE_LIT("user.none"), bob, false, &e, &r), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(r, 0);
    CU_ASSERT_EQUAL(mblist_access(s, SLICE_LIT("DELETED.user.bob.z.6B0177B7"), bob, false, &e, &r),
                    ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mblist_access(s, SLICE_LIT("DELETED.user.bob.z.6B0177B7"), admin, true, &e, &r),
                    ERR_OK);
    mbentry_fini(&e);
    ident_free(&bob);
    ident_free(&admin);
    instance_close(&s);
}

/* ---- reverse ACL ---- */

static err_t count_reverse(void *arg, struct slice key, struct slice value)
{
    struct buf *out = arg;

    (void)value;
    for (size_t i = 0; i < key.n; i++)
        buf_addc(out, key.p[i] == '\x1e' ? '^' : key.p[i] == '\x1f' ? '~' : key.p[i]);
    buf_addc(out, ' ');
    return ERR_OK;
}

static void check_reverse(struct store *s, const char *want)
{
    struct buf got = BUF_INIT;
    struct db *db;

    CU_ASSERT_EQUAL(store_db(s, STORE_DB_MBOXLIST, &db), ERR_OK);
    CU_ASSERT_EQUAL(db_foreach(db, NULL, SLICE_LIT("A"), count_reverse, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

static void test_reverse(void)
{
    struct store *s = instance_open("reverseacls: yes");
    struct mblist_repairs done;

    put(s, "user.ann", "aaaaaaaaaaaaaaaaaaaaaaaa",
        "ann\tlr\tbob\tlr\t-anyone\tr\tcarl\tip\tadmin\tlr\t");
    put(s, "shared.x", "bbbbbbbbbbbbbbbbbbbbbbbb", "anyone\tl\t");
    check_reverse(s, "");                       /* no marker: not kept */
    CU_ASSERT_EQUAL(mblist_recover(s, &done), ERR_OK);
    CU_ASSERT_EQUAL(done.reverse_added, 2);
    check_reverse(s, "AS^ AS^anyone^shared~x AU^-anyone^user~ann AU^bob^user~ann ");
    put(s, "user.ann", "aaaaaaaaaaaaaaaaaaaaaaaa", "carl\tl\t");
    check_reverse(s, "AS^ AS^anyone^shared~x AU^carl^user~ann ");
    CU_ASSERT_EQUAL(move(s, "shared.x", "shared.y"), ERR_OK);
    check_reverse(s, "AS^ AS^anyone^shared~y AU^carl^user~ann ");
    CU_ASSERT_EQUAL(mblist_remove(s, SLICE_LIT("user.ann")), ERR_OK);
    CU_ASSERT_EQUAL(mblist_purge(s, SLICE_LIT("shared.y")), ERR_OK);
    check_reverse(s, "AS^ ");
    CU_ASSERT_EQUAL(mblist_recover(s, &done), ERR_OK);
    check_reverse(s, "AS^ ");
    instance_close(&s);
}

/* ---- start-up ---- */

static void test_recover_old_list(void)
{
    static const char *const old[][2] = {
        { "user.fred", "(uniqueid qwertyuiopasdfgh) 0 default fred\tlrs\tmary\tl\t" },
        { "user.fred.x", "0 default fred\tlrs\t" },
        { "Newsy.a^b", "%(A %(anyone lrs) I abcdefghijklmnop P default T e V 5)" },
        { "user.remote", "16 be1!default x\tl\t" },
        { "$RACL", "x" },
    };
    struct store *s = instance_open("");
    struct mblist_repairs done;
    struct mbentry e;
    struct db *db;

    CU_ASSERT_EQUAL(store_db(s, STORE_DB_MBOXLIST, &db), ERR_OK);
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        CU_CHECK_ROW(i, db_store_now(db, slice_cstr(old[i][0]), slice_cstr(old[i][1])) == ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("Nuser\x1fz"),
                                 SLICE_LIT("%(T ez I zzzzzzzzzzzzzzzz P default)")),
                    ERR_OK);
    clock_fake(1000);
    CU_ASSERT_EQUAL(mblist_recover(s, &done), ERR_OK);
    CU_ASSERT_EQUAL(done.upgraded, 4);
    CU_ASSERT_EQUAL(done.given_ids, 1);
    CU_ASSERT_EQUAL(done.unreserved, 1);
    CU_ASSERT_STRING_EQUAL(raw(s, "Nuser\x1f" "fred"),
                           "%(T el I qwertyuiopasdfgh P default M 1000 A %(fred lrs mary l))");
    CU_ASSERT_STRING_EQUAL(raw(s, "NNewsy\x1f" "a.b"),
                           "%(T el I abcdefghijklmnop P default V 5 M 1000 A %(anyone lrs))");
    CU_ASSERT_STRING_EQUAL(raw(s, "Nuser\x1fremote"), "%(T erl P default S be1 M 1000 A %(x l))");
    CU_ASSERT_STRING_EQUAL(raw(s, "user.fred"), "-");
    CU_ASSERT_STRING_EQUAL(raw(s, "$RACL"), "-");
    CU_ASSERT_STRING_EQUAL(raw(s, "Nuser\x1fz"), "-");
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.fred.x"), &e), ERR_OK);
    CU_ASSERT_EQUAL(e.uniqueid.n, 24);
    CU_ASSERT(e.type & MBTYPE_LEGACY);
    mbentry_fini(&e);
    CU_ASSERT_EQUAL(mblist_recover(s, &done), ERR_OK);
    CU_ASSERT_EQUAL(done.upgraded + done.given_ids + done.unreserved, 0);
    clock_fake(0);
    instance_close(&s);
}

/* The real server's list. */
static void test_sample(void)
{
    struct store *s = instance_open_sample("hashimapspool: yes\nadmins: cyrus");
    struct ident *fred = ident_new(SLICE_LIT("fred")), *mary = ident_new(SLICE_LIT("mary"));
    struct namespace *ns = namespace_new(SLICE_LIT("fred"), false);
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(mblist_visible(s, ns, fred, false, NULL, 0, collect_seen, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got),
                           "INBOX|INBOX.Entw&APw-rfe|INBOX.Old Stuff|INBOX.Renamed|INBOX.Sh|"
                           "INBOX.Trash|INBOX.Work|shared|shared.news");
    namespace_free(&ns);
    ns = namespace_new(SLICE_LIT("mary"), false);
    buf_reset(&got);
    CU_ASSERT_EQUAL(mblist_visible(s, ns, mary, false, NULL, 0, collect_seen, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), "INBOX|shared|shared.news|user.fred.Sh|user.fred.Work");
    namespace_free(&ns);
    buf_reset(&got);
    CU_ASSERT_EQUAL(
        mblist_foreach(s, SLICE_NULL, MBLIST_TOMBSTONES | MBLIST_DELETED_TREE, collect, &got),
        ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got),
                           "DELETED.user.fred.Gone.6B0177B7 shared shared.news user.fred "
                           "user.fred.Entw&APw-rfe user.fred.Gone user.fred.Old Stuff "
                           "user.fred.Renamed user.fred.Sh user.fred.Temp user.fred.Trash "
                           "user.fred.Work user.j^doe user.mary");
    buf_fini(&got);
    ident_free(&fred);
    ident_free(&mary);
    instance_close(&s);
}

TEST_SUITE("mblist", { "put_and_bury", test_put_and_bury }, { "move", test_move },
           { "foreach", test_foreach }, { "foreach_kinds", test_foreach_kinds },
           { "change_in_walk", test_change_in_walk }, { "damaged_record", test_damaged_record },
           { "visible", test_visible }, { "visible_ranges", test_visible_ranges },
           { "visible_again", test_visible_again },
           { "access", test_access }, { "reverse", test_reverse },
           { "recover_old_list", test_recover_old_list }, { "sample", test_sample })
