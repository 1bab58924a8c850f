/* boxes.c - see boxes.h */
#include "cunit/store/boxes.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "imap/store/mailbox_files.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "lib/base/crc32.h"
#include "lib/base/digest.h"
#include "lib/base/endian.h"
#include "lib/base/rand.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static void must(err_t err, const char *what)
{
    if (err) {
        fprintf(stderr, "test mailbox: %s: %s\n", what, err_name(err));
        abort();
    }
}

void box_create(struct store *s, const char *name, struct mbentry *entry)
{
    char id[RAND_UNIQUEID_LEN + 1];
    struct mbentry e;

    mbentry_init(&e);
    rand_uniqueid(id);
    buf_adds(&e.name, name);
    buf_adds(&e.uniqueid, id);
    buf_adds(&e.partition, "default");
    buf_adds(&e.acl, "fred\tlrswipkxtecdan\t");
    e.uidvalidity = 1700000000;
    e.createdmodseq = 1;
    must(mailbox_create_files(s, &e, 1, SLICE_NULL), "create files");
    must(mblist_put(s, &e), "list");
    if (entry)
        *entry = e;
    else
        mbentry_fini(&e);
}

struct mailbox *box_open(struct store *s, const char *name)
{
    struct mailbox *mb;

    must(mailbox_open(s, slice_cstr(name), &mb), "open");
    return mb;
}

void box_message(struct buf *out, unsigned number, size_t n)
{
    buf_reset(out);
    buf_addf(out, "From: Sender <s%u@example.org>\r\nTo: fred@example.org\r\n"
             "Date: Mon, 02 Jan 2023 10:11:12 +0200\r\nSubject: message %u\r\n"
             "Message-ID: <m%u@example.org>\r\n\r\n", number, number, number);
    for (size_t i = 0; i < n; i += 64)
        buf_adds(out, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n");
}

static err_t stage_text(struct mailbox *mb, struct slice text, struct stage **out)
{
    const struct mbentry *e = mailbox_entry(mb);
    struct store *s;
    err_t err;

    s = mailbox_store(mb);
    err = stage_begin(s, buf_slice(&e->partition), out);
    if (!err)
        err = stage_push(*out, text.p, text.n);
    if (!err)
        err = stage_finish(*out);
    if (err)
        stage_free(out);
    return err;
}

err_t box_append_text(struct mailbox *mb, struct slice text, uint32_t flags, uint32_t *uid)
{
    struct append_info info = { .flags = flags, .internaldate = 1600000000 };
    struct commit *c = NULL;
    struct stage *stage;
    uint32_t got = 0;
    err_t err = stage_text(mb, text, &stage);

    if (err)
        return err;
    err = commit_begin(mb, NULL, &c);
    if (!err)
        err = commit_append(c, stage, &info, &got);
    if (err)
        commit_abort(&c);
    else
        err = commit_end(&c);
    stage_free(&stage);
    if (uid)
        *uid = got;
    return err;
}

err_t box_append(struct mailbox *mb, unsigned number, uint32_t flags, uint32_t *uid)
{
    struct buf text = BUF_INIT;

    box_message(&text, number, 300);
    err_t err = box_append_text(mb, buf_slice(&text), flags, uid);
    buf_fini(&text);
    return err;
}

err_t box_append_many(struct mailbox *mb, unsigned n)
{
    struct append_info info = { .internaldate = 1600000000 };
    struct buf text = BUF_INIT;
    struct commit *c = NULL;
    err_t err = commit_begin(mb, NULL, &c);

    for (unsigned i = 0; i < n && !err; i++) {
        struct stage *stage;
        uint32_t uid;
        box_message(&text, i, 100);
        err = stage_text(mb, buf_slice(&text), &stage);
        if (err)
            break;
        err = commit_append(c, stage, &info, &uid);
        stage_free(&stage);
    }
    if (err)
        commit_abort(&c);
    else
        err = commit_end(&c);
    buf_fini(&text);
    return err;
}

err_t box_set_flags(struct mailbox *mb, uint32_t recno, uint32_t mask, uint32_t value)
{
    struct flag_change f = { .system_mask = mask, .system_value = value };
    struct commit *c;
    err_t err = commit_begin(mb, NULL, &c);

    if (err)
        return err;
    err = commit_flags(c, recno, &f);
    if (err)
        commit_abort(&c);
    else
        err = commit_end(&c);
    return err;
}

err_t box_expunge(struct mailbox *mb, uint32_t recno)
{
    struct commit *c;
    err_t err = commit_begin(mb, NULL, &c);

    if (err)
        return err;
    err = commit_expunge(c, recno);
    if (err)
        commit_abort(&c);
    else
        err = commit_end(&c);
    return err;
}

/* ---- the check: numbers of the format are written here once more on purpose ---- */

static char fault[400];

static const char *say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static const char *say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(fault, sizeof fault, fmt, ap);
    va_end(ap);
    return fault;
}

struct sums {
    uint32_t exists, answered, flagged, deleted, unseen, last_uid;
    uint64_t size, modseq;
};

static const char *check_file(const struct mbentry *e, const uint8_t *p, uint32_t uid)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    const char *wrong = NULL;
    uint8_t sha[20];

    must(partition_dir(e, FILE_MESSAGE, &path), "directory");
    buf_addf(&path, "/%u.", uid);
    if (file_load(buf_cstr(&path), 100000000, &bytes) != ERR_OK) {
        wrong = say("message %u is missing", uid);
    } else {
        sha1_of(sha, bytes.p, bytes.n);
        if (bytes.n != be32_get(p + 12))
            wrong = say("message %u has another size", uid);
        else if (memcmp(sha, p + 60, 20) != 0)
            wrong = say("message %u has another hash", uid);
    }
    buf_fini(&path);
    buf_fini(&bytes);
    return wrong;
}

static const char *check_record(const struct mbentry *e, const uint8_t *p, unsigned n,
                                struct sums *s)
{
    uint32_t uid = be32_get(p), flags = be32_get(p + 32);

    if (crc32_of(p, 108) != be32_get(p + 108))
        return say("record %u: checksum", n);
    if (uid <= s->last_uid)
        return say("record %u: uid %u after %u", n, uid, s->last_uid);
    s->last_uid = uid;
    if (be64_get(p + 80) > s->modseq)
        s->modseq = be64_get(p + 80);
    if (!(flags >> 31)) {
        s->exists++;
        s->size += be32_get(p + 12);
        s->answered += flags & 1;
        s->flagged += flags >> 1 & 1;
        s->deleted += flags >> 2 & 1;
        s->unseen += !(flags >> 4 & 1);
    }
    return flags >> 30 & 1 ? NULL : check_file(e, p, uid);
}

static const char *check_head(const uint8_t *p, const struct sums *s)
{
    if (be32_get(p + 60) & 1u << 20)
        return say("a commit is unfinished");
    if (s->exists != be32_get(p + 84))
        return say("exists: header %u, records %u", be32_get(p + 84), s->exists);
    if (s->size != be64_get(p + 32))
        return say("quota used");
    if (s->deleted != be32_get(p + 48) || s->answered != be32_get(p + 52) ||
        s->flagged != be32_get(p + 56))
        return say("flag counts");
    if (s->unseen != be32_get(p + 124))
        return say("unseen: header %u, records %u", be32_get(p + 124), s->unseen);
    if (s->last_uid > be32_get(p + 28))
        return say("last uid: header %u, records %u", be32_get(p + 28), s->last_uid);
    if (s->modseq > be64_get(p + 68))
        return say("highest modseq is below a record's");
    return NULL;
}

struct listing {
    uint32_t last_uid;
    const char *wrong;
};

static err_t check_name(void *arg, const char *name, enum dir_type type)
{
    struct listing *l = arg;
    size_t n = strlen(name);

    (void)type;
    if (n > 4 && strcmp(name + n - 4, ".NEW") == 0)
        l->wrong = say("left over: %s", name);
    if (msgfile_uid(name) > l->last_uid)
        l->wrong = say("orphan: %s", name);
    return ERR_OK;
}

static const char *check_index(const struct mbentry *e, const struct buf *b)
{
    const uint8_t *p = (const uint8_t *)b->p;
    struct listing l = { 0, NULL };
    struct buf dir = BUF_INIT;
    struct sums s = { 0 };
    const char *wrong = NULL;

    if (b->n < 160 || crc32_of(p, 156) != be32_get(p + 156))
        return say("index header: checksum");
    uint32_t n = be32_get(p + 20);
    if (b->n != 160 + (size_t)n * 112)
        return say("index has %zu bytes for %u records", b->n, n);
    for (uint32_t i = 0; i < n && !wrong; i++)
        wrong = check_record(e, p + 160 + (size_t)i * 112, i + 1, &s);
    if (!wrong)
        wrong = check_head(p, &s);
    l.last_uid = be32_get(p + 28);
    must(partition_dir(e, FILE_MESSAGE, &dir), "directory");
    must(dir_list(buf_cstr(&dir), check_name, &l), "list");
    buf_fini(&dir);
    return wrong ? wrong : l.wrong;
}

const char *box_fault(const struct mbentry *e)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    const char *wrong;

    must(partition_file(e, FILE_INDEX, &path), "path");
    if (file_load(buf_cstr(&path), 100000000, &bytes) != ERR_OK)
        wrong = say("no index");
    else
        wrong = check_index(e, &bytes);
    buf_fini(&path);
    buf_fini(&bytes);
    return wrong;
}

struct counting {
    struct slice ending;
    unsigned n;
};

static err_t count_name(void *arg, const char *name, enum dir_type type)
{
    struct counting *c = arg;

    (void)type;
    c->n += slice_ends(slice_cstr(name), c->ending);
    return ERR_OK;
}

unsigned box_count_files(const struct mbentry *e, const char *ending)
{
    struct counting c = { slice_cstr(ending), 0 };
    struct buf dir = BUF_INIT;

    must(partition_dir(e, FILE_MESSAGE, &dir), "directory");
    must(dir_list(buf_cstr(&dir), count_name, &c), "list");
    buf_fini(&dir);
    return c.n;
}
