/* mbexamine.c - what the files of a mailbox hold, as text (feature RC-19) */
#include <stdio.h>

#include "imap/admin/admin.h"
#include "imap/admin/boxes.h"
#include "imap/store/facts.h"
#include "imap/store/index_format.h"
#include "imap/store/mailbox.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "lib/base/num.h"
#include "lib/os/map.h"
#include "lib/text/date822.h"

enum { COLUMN = 50 };                   /* width of the two columns of -c */

static const struct admin_tool tool = {
    .name = "mbexamine",
    .options = "u:s:qc",
    .usage = "[-q | -c | -u uid | -s seqnum] [mailbox...]\n"
             "  -u  only the message with this UID\n"
             "  -s  only the message with this number\n"
             "  -q  check the sizes that quotas are made of\n"
             "  -c  compare records with message files\n",
};

enum mode { MODE_DUMP, MODE_QUOTA, MODE_FILES };

struct examine {
    struct store *store;
    enum mode mode;
    uint32_t uid, number;               /* 0: all */
};

struct named_bit {
    uint32_t bit;
    const char *name;
};

static const struct named_bit option_names[] = {
    { MBOPT_POP3_NEW_UIDL, "POP3_NEW_UIDL" },
    { MBOPT_SHAREDSEEN, "IMAP_SHAREDSEEN" },
    { MBOPT_DUPDELIVER, "IMAP_DUPDELIVER" },
    { INDEX_OPT_HAS_ALARMS, "IMAP_HAS_ALARMS" },
    { 0, NULL },
};
static const struct named_bit internal_names[] = {
    { FLAG_INT_EXPUNGED, "FLAG_INTERNAL_EXPUNGED" },
    { FLAG_INT_UNLINKED, "FLAG_INTERNAL_UNLINKED" },
    { FLAG_INT_ARCHIVED, "FLAG_INTERNAL_ARCHIVED" },
    { FLAG_INT_NEEDS_CLEANUP, "FLAG_INTERNAL_NEEDS_CLEANUP" },
    { FLAG_INT_SNOOZED, "FLAG_INTERNAL_SNOOZED" },
    { 0, NULL },
};
static const struct named_bit system_names[] = {
    { FLAG_SEEN, "FLAG_SEEN" },         { FLAG_DRAFT, "FLAG_DRAFT" },
    { FLAG_DELETED, "FLAG_DELETED" },   { FLAG_FLAGGED, "FLAG_FLAGGED" },
    { FLAG_ANSWERED, "FLAG_ANSWERED" }, { 0, NULL },
};

static void print_bits(uint32_t value, const struct named_bit *names)
{
    for (; names->name; names++)
        if (value & names->bit)
            printf(" %s", names->name);
}

/* "(1795258296) Sat Nov 21 10:51:36 2026" */
static void print_time(const char *label, uint32_t when)
{
    time_t t = (time_t)when;
    char text[40] = "";
    struct tm tm;

    if (localtime_r(&t, &tm))
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &tm);
    printf("  %s: (%u) %s\n", label, when, text);
}

/* ---- the two headers ---- */

static void print_path(const struct mailbox *mb)
{
    struct buf path = BUF_INIT;

    if (partition_dir(mailbox_entry(mb), FILE_MESSAGE, &path) == ERR_OK)
        printf("  Path to mailbox: %s\n", buf_cstr(&path));
    buf_fini(&path);
}

static void print_mailbox_header(const struct mailbox *mb)
{
    bool any = false;

    printf(" Mailbox Header Info:\n");
    print_path(mb);
    printf("  Mailbox ACL: %.*s\n", SLICE_ARG(mailbox_acl(mb)));
    printf("  Unique ID: %.*s\n", SLICE_ARG(mailbox_uniqueid(mb)));
    printf("  User Flags: ");
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++) {
        struct slice name = mailbox_flag_name(mb, i);
        if (name.n)
            printf("%.*s ", SLICE_ARG(name));
        any |= name.n > 0;
    }
    printf("%s\n", any ? "" : "[none]");
}

static void print_index_header(const struct mailbox *mb)
{
    const struct index_head *h = mailbox_head(mb);

    printf("\n Index Header Info:\n");
    printf("  Generation Number: %u\n", h->generation);
    printf("  Minor Version: %u\n", h->minor_version);
    printf("  Header Size: %u bytes  Record Size: %u bytes\n", (unsigned)INDEX_HEAD_SIZE,
           (unsigned)INDEX_RECORD_SIZE);
    printf("  Number of Messages: %u  Mailbox Size: %llu bytes  Annotations Size: %u bytes\n",
           h->exists, (unsigned long long)h->quota_used, h->quota_annot_used);
    print_time("Last Append Date", h->last_appenddate);
    printf("  UIDValidity: %u  Last UID: %u\n", h->uidvalidity, h->last_uid);
    printf("  Deleted: %u  Answered: %u  Flagged: %u\n", h->deleted, h->answered, h->flagged);
    printf("  Mailbox Options:");
    print_bits(h->options, option_names);
    printf("\n");
    print_time("Last POP3 Login", h->pop3_last_login);
    printf("  Highest Mod Sequence: %llu\n", (unsigned long long)h->highestmodseq);
}

/* ---- messages ---- */

static void print_record(const struct record *r, uint32_t number)
{
    char guid[GUID_HEX_MAX];

    guid_hex(&r->guid, guid);
    printf("%06u> UID:%08u   INT_DATE:%u SENTDATE:%u SAVEDATE:%u SIZE:%-6u\n", number, r->uid,
           r->internaldate, r->sentdate, r->savedate, r->size);
    printf("      > HDRSIZE:%-6u LASTUPD :%u SYSFLAGS:%08X", r->header_size, r->last_updated,
           r->flags & FLAG_SYSTEM_MASK);
    printf("      > CACHEVER:%-2u GUID:%s MODSEQ:%llu  THRID: %llx\n", r->cache_version, guid,
           (unsigned long long)r->modseq, (unsigned long long)r->cid);
    printf("      > INTERNALFLAGS:");
    print_bits(r->flags, internal_names);
    printf("      > SYSTEMFLAGS:");
    print_bits(r->flags, system_names);
    printf("\n      > USERFLAGS: %08x %08x %08x %08x\n", r->user_flags[3], r->user_flags[2],
           r->user_flags[1], r->user_flags[0]);
}

static void print_cache(struct mailbox *mb, uint32_t recno)
{
    static const struct { enum cache_item item; const char *label; } rows[] = {
        { CACHE_ENVELOPE, "Envel" }, { CACHE_BODYSTRUCTURE, "BdyStr" }, { CACHE_BODY, "Body" },
        { CACHE_HEADERS, "CacHdr" }, { CACHE_FROM, "From" }, { CACHE_TO, "To" }, { CACHE_CC, "Cc" },
        { CACHE_BCC, "Bcc" }, { CACHE_SUBJECT, "Subjct" },
    };
    struct cache_record c;

    if (mailbox_cache(mb, recno, &c) != ERR_OK) {
        printf(" cache cannot be read\n");
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = c.item[rows[i].item];
        printf(" %s>{%zu}", rows[i].label, text.n);
        (void)!admin_write(stdout, text);
        printf("\n");
    }
}

static bool is_wanted(const struct examine *x, const struct record *r, uint32_t number)
{
    return (!x->uid || r->uid == x->uid) && (!x->number || number == x->number);
}

/* Next message behind *recno; *number counts messages as a client does. */
static bool next_message(struct mailbox *mb, uint32_t *recno, uint32_t *number, struct record *r)
{
    while (++*recno <= mailbox_nrecords(mb)) {
        if (!mailbox_record_ok(mb, *recno))
            continue;
        mailbox_record(mb, *recno, r);
        if (!(r->flags & FLAG_INT_EXPUNGED)) {
            ++*number;
            return true;
        }
    }
    return false;
}

static void dump(const struct examine *x, struct mailbox *mb)
{
    uint32_t recno = 0, number = 0, found = 0;
    struct record r;

    print_mailbox_header(mb);
    print_index_header(mb);
    printf("\n Message Info:\n");
    while (next_message(mb, &recno, &number, &r)) {
        if (!is_wanted(x, &r, number))
            continue;
        print_record(&r, number);
        print_cache(mb, recno);
        found++;
    }
    if (!found && (x->uid || x->number))
        printf("Desired message not found\n");
}

/* ---- -q ---- */

static bool has_other_size(const struct mailbox *mb, const struct record *r)
{
    struct filemap map = FILEMAP_INIT;
    bool other = msgfile_map(mailbox_entry(mb), r, &map) == ERR_CORRUPT;

    filemap_fini(&map);
    return other;
}

static void check_quota(struct mailbox *mb)
{
    uint32_t recno = 0, number = 0;
    uint64_t total = 0;
    struct record r;

    while (next_message(mb, &recno, &number, &r)) {
        if (has_other_size(mb, &r)) {
            printf("  Message %u has INCORRECT size in index record\n", r.uid);
            return;
        }
        total += r.size;
    }
    printf("  Mailbox has %s total quota usage\n",
           total == mailbox_head(mb)->quota_used ? "CORRECT" : "INCORRECT");
}

/* ---- -c ---- */

/* What the record says, and what the file says (NULL: there is none). */
static void print_row(const char *label, struct slice left, const struct slice *right)
{
    printf("   %s: %.*s%*s", label, SLICE_ARG(left), left.n < COLUMN ? (int)(COLUMN - left.n) : 0,
           "");
    if (right)
        printf("\t%.*s%*s", SLICE_ARG(*right), right->n < COLUMN ? (int)(COLUMN - right->n) : 0,
               "");
    printf("\n");
}

struct side {
    char guid[GUID_HEX_MAX];
    struct buf size, date;
    struct slice from, subject;
};

static void fill_side(struct side *s, const struct guid *guid, uint32_t size, time_t date,
                      const struct cache_record *c)
{
    *s = (struct side){ .size = BUF_INIT, .date = BUF_INIT };
    guid_hex(guid, s->guid);
    buf_add_u64(&s->size, size);
    date822_format_local(&s->date, date);
    if (c) {
        s->from = c->item[CACHE_FROM];
        s->subject = c->item[CACHE_SUBJECT];
    }
}

static void side_fini(struct side *s)
{
    buf_fini(&s->size);
    buf_fini(&s->date);
}

static void print_sides(const struct side *a, const struct side *b)
{
    struct slice guid = b ? slice_cstr(b->guid) : SLICE_NULL;
    struct slice size = b ? buf_slice(&b->size) : SLICE_NULL,
                 date = b ? buf_slice(&b->date) : SLICE_NULL;

    print_row("GUID", slice_cstr(a->guid), b ? &guid : NULL);
    print_row("Size", buf_slice(&a->size), b ? &size : NULL);
    print_row("Date", buf_slice(&a->date), b ? &date : NULL);
    print_row("From", a->from, b ? &b->from : NULL);
    print_row("Subj", a->subject, b ? &b->subject : NULL);
    printf("\n");
}

static void print_difference(struct mailbox *mb, uint32_t recno, const struct record *r,
                             const struct facts *f)
{
    struct cache_record stored, found;
    struct side a, b;

    bool cached = mailbox_cache(mb, recno, &stored) == ERR_OK;
    printf("  UID: %08u\n", r->uid);
    fill_side(&a, &r->guid, r->size, r->sentdate, cached ? &stored : NULL);
    if (f) {
        bool parsed = cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &found) == ERR_OK;
        fill_side(&b, &f->guid, f->size, facts_sentdate(f, r->internaldate),
                  parsed ? &found : NULL);
    }
    print_sides(&a, f ? &b : NULL);
    side_fini(&a);
    if (f)
        side_fini(&b);
}

static void check_files(struct mailbox *mb)
{
    uint32_t recno = 0, number = 0;
    struct record r;

    printf("\n Mailbox Header Info:\n");
    print_path(mb);
    printf("\n %-55s\t%s\n", "Index Record Info:", "Message File Info:");
    while (next_message(mb, &recno, &number, &r)) {
        struct filemap map = FILEMAP_INIT;
        struct buf path = BUF_INIT;
        struct facts *f = NULL;
        err_t err = msgfile_path(mailbox_entry(mb), &r, &path);
        if (!err)
            err = filemap_open(&map, buf_cstr(&path));
        if (!err)
            err = facts_of_bytes(filemap_slice(&map), NULL, &f);
        if (err || f->size != r.size || !guid_eq(&f->guid, &r.guid))
            print_difference(mb, recno, &r, f);
        facts_free(&f);
        filemap_fini(&map);
        buf_fini(&path);
    }
}

/* ---- one mailbox ---- */

static err_t examine(void *arg, const struct mbentry *e, struct slice ext)
{
    struct examine *x = arg;
    struct mailbox *mb;
    err_t err = mailbox_open_entry(x->store, e, &mb);

    printf("Examining %.*s...", SLICE_ARG(ext));
    if (err) {
        printf(" cannot be opened: %s\n", err_name(err));
        return err == ERR_CORRUPT || err == ERR_NOTFOUND ? ERR_OK : err;
    }
    switch (x->mode) {
    case MODE_QUOTA: check_quota(mb); break;
    case MODE_FILES: check_files(mb); break;
    case MODE_DUMP: dump(x, mb); break;
    }
    mailbox_close(&mb);
    return ERR_OK;
}

static void take_number(const struct admin *a, uint32_t *out)
{
    if (num_u32(slice_cstr(a->value), out) != ERR_OK || !*out)
        admin_usage(a);
}

int main(int argc, char **argv)
{
    struct examine x = { .mode = MODE_DUMP };
    struct buf why = BUF_INIT;
    struct admin a;

    admin_init(&a, &tool, argc, argv);
    for (int c; (c = admin_option(&a)) != ADMIN_END;) {
        switch (c) {
        case 'u': take_number(&a, &x.uid); break;
        case 's': take_number(&a, &x.number); break;
        case 'q': x.mode = MODE_QUOTA; break;
        case 'c': x.mode = x.mode == MODE_QUOTA ? MODE_QUOTA : MODE_FILES; break;
        default: admin_usage(&a);
        }
    }
    admin_args(&a, 0, ADMIN_MANY);
    if (x.uid && x.number)
        admin_usage(&a);
    admin_start(&a, 0);
    if (store_open(&x.store, &why) != ERR_OK)
        admin_fatal(EX_CONFIG, "%s", buf_cstr(&why));
    err_t err = admin_boxes(x.store, a.argv, a.argc, examine, &x);
    store_close(&x.store);
    buf_fini(&why);
    return admin_status(admin_close(&a, err));
}
