/* mbautocreate.c - a new user's INBOX, folders, quota and subscriptions (mbops.h)
 *
 * Options with names of folders list them with "|" between; they are relative to the INBOX and use
 * the configured separator.  Names are as people write them (UTF-8 or modified UTF-7).
 */
#include "imap/store/mbops_impl.h"

#include "imap/store/annot.h"
#include "imap/store/mbname.h"
#include "imap/store/subs.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/mutf7.h"

struct newcomer {
    struct store *store;
    struct slice userid;
    struct buf inbox;
};

static const struct actor robot = { .is_system = true };

/* ---- names in options ---- */

/* Next word of a "|" list, blanks around it stripped; empty words are passed over. */
static bool next_folder(struct slice *list, struct slice *out)
{
    while (list->n) {
        *list = slice_split(*list, '|', out, NULL);
        *out = slice_trim(*out);
        if (out->n)
            return true;
    }
    return false;
}

/* "Sent", "Work/2024" -> internal, below `top` (empty: as it stands).  False (logged): no name. */
static bool folder_name(struct slice top, struct slice word, struct buf *intname)
{
    char sep = conf_bool(CONF_UNIXHIERARCHYSEP) ? '/' : '.';
    struct buf text = BUF_INIT;
    err_t err = ERR_OK;
    bool is_8bit = false;

    for (size_t i = 0; i < word.n; i++)
        is_8bit = is_8bit || ascii_is(word.p[i], A_8BIT);
    if (is_8bit)
        err = mutf7_from_utf8(word, &text);
    else
        buf_add_slice(&text, word);
    buf_reset(intname);
    if (top.n) {
        buf_add_slice(intname, top);
        buf_addc(intname, '.');
    }
    for (size_t i = 0; i < text.n; i++)
        buf_addc(intname, text.p[i] == sep ? '.' : text.p[i] == '.' ? '^' : text.p[i]);
    buf_fini(&text);
    if (!err)
        err = mbname_check_new(buf_slice(intname));
    if (err)
        log_err("CONFIG: no name for a folder in the autocreate options: folder=<%.*s>",
                SLICE_ARG(word));
    return !err;
}

static bool own_folder(const struct newcomer *n, struct slice word, struct buf *intname)
{
    return folder_name(buf_slice(&n->inbox), word, intname);
}

/* Is the folder among those of a "|" list? */
static bool is_listed(const char *option, struct slice word)
{
    struct slice list = slice_cstr(option), one;

    while (next_folder(&list, &one)) {
        if (slice_eq(one, word))
            return true;
    }
    return false;
}

/* ---- special uses: xlist-FLAG: FOLDER ---- */

static const char *const uses[] = { "\\All",  "\\Archive", "\\Drafts",  "\\Flagged", "\\Important",
                                    "\\Junk", "\\Sent",    "\\Snoozed", "\\Trash" };

/* The flag as clients know it (3.6.1 stores the spelling of the option), or one of
 * specialuse_extra. */
static bool find_use(struct slice word, struct slice *out)
{
    struct slice extra = slice_trim(slice_cstr(conf_string(CONF_SPECIALUSE_EXTRA)));

    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        *out = slice_cstr(uses[i]);
        if (slice_eq_nocase(slice_skip(*out, 1), word))
            return true;
    }
    while (extra.n) {
        extra = slice_trim(slice_split(extra, ' ', out, NULL));
        if (slice_eq_nocase(slice_skip(*out, out->p[0] == '\\'), word))
            return true;
    }
    return false;
}

static void set_uses(const struct newcomer *n, struct slice word, struct slice intname)
{
    static const struct slice prefix = { "xlist-", 6 };
    struct slice name, value, use;
    struct buf flags = BUF_INIT;
    size_t pos = 0;
    int line;

    while (conf_next(&pos, &name, &value, &line)) {
        if (!slice_starts_nocase(name, prefix) || !slice_eq(slice_trim(value), word))
            continue;
        if (!find_use(slice_skip(name, prefix.n), &use)) {
            log_err("CONFIG: unknown special use: option=<%.*s>", SLICE_ARG(name));
            continue;
        }
        if (flags.n)
            buf_addc(&flags, ' ');
        buf_add_slice(&flags, use);
    }
    if (flags.n &&
        mbop_annotate(n->store, intname, ANNOT_SPECIALUSE, ANNOT_OWNER, buf_slice(&flags)))
        log_err("STOREERROR: special use not stored: user=<%.*s> folder=<%.*s>",
                SLICE_ARG(n->userid), SLICE_ARG(word));
    buf_fini(&flags);
}

/* ---- autocreate_acl: FOLDER IDENTIFIER RIGHTS ... ---- */

static void add_right(const struct newcomer *n, struct slice intname, struct slice id,
                      struct slice text)
{
    rights_t r;
    char bad;
    err_t err = acl_parse_rights(text, &r, &bad);

    if (!err)
        err = mbop_set_acl(n->store, &robot, intname, id, ACL_MODE_ADD, r);
    if (err)
        log_err(
            "CONFIG: autocreate_acl cannot be applied: identifier=<%.*s> rights=<%.*s> error=<%s>",
            SLICE_ARG(id), SLICE_ARG(text), err_name(err));
}

/* One line of the option: triples; a folder with blanks stands in double quotes. */
static struct slice next_word(struct slice *rest)
{
    struct slice word;

    *rest = slice_trim(*rest);
    if (rest->n && rest->p[0] == '"') {
        *rest = slice_split(slice_skip(*rest, 1), '"', &word, NULL);
        return word;
    }
    *rest = slice_split(*rest, ' ', &word, NULL);
    return word;
}

static void set_rights(const struct newcomer *n, struct slice word, struct slice intname)
{
    struct slice name, value, folder, id;
    size_t pos = 0;
    int line;

    while (conf_next(&pos, &name, &value, &line)) {
        if (!slice_eqs_nocase(name, "autocreate_acl"))
            continue;
        while (slice_trim(value).n) {
            folder = next_word(&value);
            id = next_word(&value);
            if (slice_eq(folder, word))
                add_right(n, intname, id, next_word(&value));
            else
                (void)next_word(&value);
        }
    }
}

/* ---- the parts ---- */

static void subscribe(const struct newcomer *n, struct slice intname)
{
    err_t err = subs_add(n->store, n->userid, intname);

    if (err && err != ERR_EXISTS)
        log_err("STOREERROR: new user not subscribed: user=<%.*s> mailbox=<%.*s> error=<%s>",
                SLICE_ARG(n->userid), SLICE_ARG(intname), err_name(err));
}

static void make_folder(const struct newcomer *n, struct slice word)
{
    struct buf intname = BUF_INIT;

    if (own_folder(n, word, &intname)) {
        const struct mbop_create c = { .name = buf_slice(&intname) };
        err_t err = mbop_create(n->store, &robot, &c, NULL);

        if (!err) {
            set_uses(n, word, buf_slice(&intname));
            set_rights(n, word, buf_slice(&intname));
            if (is_listed(conf_string(CONF_AUTOCREATE_SUBSCRIBE_FOLDERS), word))
                subscribe(n, buf_slice(&intname));
        } else if (err != ERR_EXISTS) {
            log_err(
                "STOREERROR: folder of a new user not made: user=<%.*s> folder=<%.*s> error=<%s>",
                SLICE_ARG(n->userid), SLICE_ARG(word), err_name(err));
        }
    }
    buf_fini(&intname);
}

static void make_folders(const struct newcomer *n)
{
    struct slice list = slice_cstr(conf_string(CONF_AUTOCREATE_INBOX_FOLDERS)), word;

    while (next_folder(&list, &word))
        make_folder(n, word);
}

static err_t subscribe_entry(void *arg, const struct mbentry *e)
{
    const struct newcomer *n = arg;
    struct ident *ident = ident_new(n->userid);

    if (mbentry_is_mail(e) &&
        (acl_effective(buf_slice(&e->name), buf_slice(&e->acl), ident, false) & ACL_L))
        subscribe(n, buf_slice(&e->name));
    ident_free(&ident);
    return ERR_OK;
}

static err_t subscribe_shared_entry(void *arg, const struct mbentry *e)
{
    if (slice_starts(mbname_local(buf_slice(&e->name)), SLICE_LIT("user.")))
        return ERR_OK;
    return subscribe_entry(arg, e);
}

static void subscribe_shared(struct newcomer *n)
{
    struct slice list = slice_cstr(conf_string(CONF_AUTOCREATE_SUBSCRIBE_SHAREDFOLDERS)), word;
    struct buf intname = BUF_INIT;
    struct mbentry e;

    mbentry_init(&e);
    if (conf_bool(CONF_AUTOCREATE_SUBSCRIBE_SHAREDFOLDERS_ALL)) {
        if (mblist_foreach(n->store, SLICE_NULL, 0, subscribe_shared_entry, n))
            log_err("STOREERROR: shared folders not subscribed: user=<%.*s>", SLICE_ARG(n->userid));
        list = SLICE_NULL;
    }
    while (next_folder(&list, &word)) {
        if (folder_name(SLICE_NULL, word, &intname) &&
            mblist_lookup(n->store, buf_slice(&intname), &e) == ERR_OK)
            (void)subscribe_entry(n, &e);
    }
    mbentry_fini(&e);
    buf_fini(&intname);
}

static err_t set_quota(const struct newcomer *n)
{
    int64_t storage = conf_int(CONF_AUTOCREATE_QUOTA),
            messages = conf_int(CONF_AUTOCREATE_QUOTA_MESSAGES);
    int64_t limit[QUOTA_NRES] = { QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED,
                                  QUOTA_UNLIMITED };

    if (storage > 0 && storage <= INT64_MAX / 1024)
        limit[QUOTA_STORAGE] = storage * 1024;
    if (messages > 0)
        limit[QUOTA_MESSAGE] = messages;
    if (limit[QUOTA_STORAGE] == QUOTA_UNLIMITED && limit[QUOTA_MESSAGE] == QUOTA_UNLIMITED)
        return ERR_OK;
    return quota_set_limits(n->store, buf_slice(&n->inbox), limit);
}

static bool is_eligible(struct slice userid, bool by_delivery)
{
    struct ident *ident;
    bool wanted =
        by_delivery ? conf_bool(CONF_AUTOCREATE_POST) : conf_int(CONF_AUTOCREATE_QUOTA) >= 0;

    if (!wanted || userid.n == 0 || slice_eqs(userid, "anonymous"))
        return false;
    ident = ident_new(userid);
    wanted = !ident_is_admin(ident) &&
             (conf_has_word(CONF_AUTOCREATE_USERS, SLICE_LIT("anyone")) ||
              ident_in_option(ident, CONF_AUTOCREATE_USERS));
    ident_free(&ident);
    return wanted;
}

err_t mbop_autocreate(struct store *s, struct slice userid, bool by_delivery)
{
    struct newcomer n = { .store = s, .userid = userid };
    err_t err;

    if (!is_eligible(userid, by_delivery))
        return ERR_UNSUPPORTED;
    mbname_inbox(userid, &n.inbox);
    const struct mbop_create create = { .name = buf_slice(&n.inbox) };

    err = mbop_create(s, &robot, &create, NULL);
    if (!err) {
        log_notice("autocreate: new user: user=<%.*s>", SLICE_ARG(userid));
        err = set_quota(&n);
        subscribe(&n, buf_slice(&n.inbox));
        make_folders(&n);
        subscribe_shared(&n);
    }
    buf_fini(&n.inbox);
    return err;
}
