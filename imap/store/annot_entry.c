/* annot_entry.c - see annot_entry.h */
#include "imap/store/annot_entry.h"

#include "imap/store/annot_define.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/date_imap.h"

#define VENDOR "/vendor/cmu/cyrus-imapd/"

enum { S = ANNOT_SHARED, P = ANNOT_PRIVATE, SP = S | P };
#define MB ANNOT_MAILBOX
#define SV ANNOT_SERVER

static const struct annot_entry entries[] = {
    /* clang-format off */
    /* name, scope, readable, writable, type, all, any, source */
    { VENDOR "uniqueid",               MB, S,  0,  ANNOT_STRING, 0, 0, ANNOT_UNIQUEID },
    { VENDOR "synccrcs",               MB, S,  0,  ANNOT_STRING, 0, 0, ANNOT_SYNCCRCS },
    { VENDOR "squat",                  MB, SP, S,  ANNOT_BOOL,   ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "sortorder",              MB, SP, P,  ANNOT_UINT,   0, 0, ANNOT_IN_DB },
    { VENDOR "size",                   MB, S,  0,  ANNOT_UINT,   0, 0, ANNOT_SIZE },
    { VENDOR "sieve",                  MB, SP, S,  ANNOT_STRING, ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "sharedseen",             MB, S,  S,  ANNOT_BOOL,   0, 0, ANNOT_OPTION_SHAREDSEEN },
    { VENDOR "search-fuzzy-always",    MB, SP, S,  ANNOT_SWITCH, ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "pop3showafter",          MB, S,  S,  ANNOT_DATE,   0, 0, ANNOT_POP3_SHOW_AFTER },
    { VENDOR "pop3newuidl",            MB, S,  S,  ANNOT_BOOL,   0, 0, ANNOT_OPTION_POP3_NEW_UIDL },
    { VENDOR "partition",              MB, S,  0,  ANNOT_STRING, 0, 0, ANNOT_PARTITION },
    { VENDOR "news2mail",              MB, SP, S,  ANNOT_STRING, ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "lastupdate",             MB, S,  0,  ANNOT_DATE,   0, 0, ANNOT_LASTUPDATE },
    { VENDOR "foldermodseq",           MB, S,  0,  ANNOT_UINT,   0, 0, ANNOT_FOLDERMODSEQ },
    { VENDOR "hasalarms",              MB, S,  0,  ANNOT_BOOL,   0, 0, ANNOT_HASALARMS },
    { VENDOR "lastpop",                MB, S,  0,  ANNOT_DATE,   0, 0, ANNOT_LASTPOP },
    { VENDOR "expire",                 MB, SP, S,  ANNOT_UINT,   0, ACL_A | ACL_E, ANNOT_IN_DB },
    { VENDOR "duplicatedeliver",       MB, S,  S,  ANNOT_BOOL,   0, 0, ANNOT_OPTION_DUPDELIVER },
    { VENDOR "delete",                 MB, SP, S,  ANNOT_UINT,   ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "archive",                MB, SP, S,  ANNOT_UINT,   ACL_A, 0, ANNOT_IN_DB },
    { VENDOR "annotsize",              MB, S,  0,  ANNOT_UINT,   0, 0, ANNOT_ANNOTSIZE },
    { "/thread",                       MB, SP, SP, ANNOT_STRING, 0, 0, ANNOT_IN_DB },
    { "/specialuse",                   MB, SP, P,  ANNOT_USE,    0, 0, ANNOT_IN_DB },
    { "/sort",                         MB, SP, SP, ANNOT_STRING, 0, 0, ANNOT_IN_DB },
    { "/comment",                      MB, SP, SP, ANNOT_STRING, 0, 0, ANNOT_IN_DB },
    { "/checkperiod",                  MB, SP, SP, ANNOT_UINT,   0, 0, ANNOT_IN_DB },
    { "/check",                        MB, SP, SP, ANNOT_BOOL,   0, 0, ANNOT_IN_DB },
    /* of the server: shared ones for administrators */
    { VENDOR "squat",                  SV, SP, S,  ANNOT_BOOL,   0, 0, ANNOT_IN_DB },
    { VENDOR "shutdown",               SV, S,  S,  ANNOT_STRING, 0, 0, ANNOT_SHUTDOWN },
    { VENDOR "freespace/percent/most", SV, S,  0,  ANNOT_STRING, 0, 0, ANNOT_FREESPACE_MOST },
    { VENDOR "freespace/total",        SV, S,  0,  ANNOT_STRING, 0, 0, ANNOT_FREESPACE_TOTAL },
    { VENDOR "freespace",              SV, S,  0,  ANNOT_STRING, 0, 0, ANNOT_FREESPACE },
    { VENDOR "expire",                 SV, SP, S,  ANNOT_UINT,   0, 0, ANNOT_IN_DB },
    { VENDOR "usercounters",           SV, P,  0,  ANNOT_STRING, 0, 0, ANNOT_USERCOUNTERS },
    { VENDOR "usermodseq",             SV, P,  0,  ANNOT_UINT,   0, 0, ANNOT_USERMODSEQ },
    { "/motd",                         SV, S,  S,  ANNOT_STRING, 0, 0, ANNOT_MOTD },
    { "/comment",                      SV, SP, SP, ANNOT_STRING, 0, 0, ANNOT_IN_DB },
    { "/admin",                        SV, SP, S,  ANNOT_STRING, 0, 0, ANNOT_IN_DB },
    /* clang-format on */
};

const struct annot_entry *annot_entries(size_t *n)
{
    *n = sizeof entries / sizeof *entries;
    return entries;
}

const struct annot_entry *annot_entry_find(enum annot_scope scope, struct slice name)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i].scope == scope && slice_eqs_nocase(name, entries[i].name))
            return &entries[i];
    return annot_defined_find(scope, name);
}

bool annot_name_is_valid(struct slice name)
{
    if (name.n < 2 || name.p[0] != '/' || name.p[name.n - 1] == '/')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (c == '*' || c == '%' || ascii_is(c, A_CTL | A_8BIT) ||
            (c == '/' && name.p[i + 1] == '/'))
            return false;
    }
    return true;
}

/* ---- values ---- */

static const char *const uses[] = { "\\Archive", "\\Drafts",  "\\Important", "\\Junk",
                                    "\\Sent",    "\\Snoozed", "\\Trash",     NULL };

/* With or without the backslash, as 3.6 has it. */
static bool is_use(struct slice word, struct slice use)
{
    return slice_eq_nocase(word, use) ||
           (word.n && word.p[0] != '\\' && slice_eq_nocase(word, slice_skip(use, 1)));
}

/* The usual spelling of a special use; empty: none that is known. */
static struct slice find_use(struct slice word)
{
    struct slice rest = slice_trim(slice_cstr(conf_string(CONF_SPECIALUSE_EXTRA))), one;

    for (size_t i = 0; uses[i]; i++)
        if (is_use(word, slice_cstr(uses[i])))
            return slice_cstr(uses[i]);
    while (rest.n) {
        rest = slice_trim(slice_split(rest, ' ', &one, NULL));
        if (one.n > 1 && one.p[0] == '\\' && is_use(word, one))
            return one;
    }
    return SLICE_NULL;
}

err_t annot_uses_parse(struct slice words, struct buf *out)
{
    struct slice one, use;

    buf_reset(out);
    words = slice_trim(words);
    while (words.n) {
        words = slice_trim(slice_split(words, ' ', &one, NULL));
        use = find_use(one);
        if (!use.n)
            return ERR_UNSUPPORTED;
        if (out->n)
            buf_addc(out, ' ');
        buf_add_slice(out, use);
    }
    return ERR_OK;
}

static err_t check_bool(struct slice value, struct buf *out)
{
    static const char *const words[] = { "true", "false" };

    for (size_t i = 0; i < 2; i++) {
        if (slice_eqs_nocase(value, words[i])) {
            buf_adds(out, words[i]);
            return ERR_OK;
        }
    }
    return ERR_SYNTAX;
}

static err_t check_switch(struct slice value, struct buf *out)
{
    static const char *const words[] = { "true", "false", "yes", "no", "on", "off",
                                         "1",    "0",     "t",   "f",  "y",  "n" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (slice_eqs_nocase(value, words[i])) {
            buf_add_slice(out, value);
            return ERR_OK;
        }
    }
    return ERR_SYNTAX;
}

static err_t check_number(struct slice value, bool is_signed, struct buf *out)
{
    uint64_t u;
    int64_t i;
    err_t err = is_signed ? num_i64(value, &i) : num_u64(value, &u);

    buf_add_slice(out, value);
    return err ? ERR_SYNTAX : ERR_OK;
}

static err_t check_date(struct slice value, struct buf *out)
{
    time_t t;
    err_t err = date_imap_parse(value, &t);

    buf_add_slice(out, value);
    return err || t < 0 || t > UINT32_MAX ? ERR_SYNTAX : ERR_OK;
}

err_t annot_value_check(enum annot_type type, struct slice value, struct buf *out)
{
    buf_reset(out);
    if (!value.n)
        return ERR_OK; /* removes it */
    switch (type) {
    case ANNOT_BOOL:
        return check_bool(value, out);
    case ANNOT_SWITCH:
        return check_switch(value, out);
    case ANNOT_INT:
    case ANNOT_UINT:
        return check_number(value, type == ANNOT_INT, out);
    case ANNOT_DATE:
        return check_date(value, out);
    case ANNOT_USE:
        return annot_uses_parse(value, out);
    case ANNOT_STRING:
        break;
    }
    buf_add_slice(out, value);
    return ERR_OK;
}
