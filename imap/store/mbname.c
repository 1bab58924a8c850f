/* mbname.c - see mbname.h */
#include "imap/store/mbname.h"

#include "lib/auth/ident.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/mutf7.h"

#define DOMAIN_END '!'
#define DB_DOMAIN_END '\x1d'
#define DB_LEVEL '\x1f'

/* Printable characters that a new name may not have: those that 3.6.1 refuses, and '*'. */
static const char forbidden[] = "!\"%*/;<>\\`{|}";

enum { DELETED_HEX_MAX = 16 };

/* ---- cutting ---- */

struct slice mbname_domain(struct slice intname)
{
    ssize_t at = slice_find(intname, DOMAIN_END);

    return at < 0 ? SLICE_NULL : slice_cut(intname, 0, (size_t)at);
}

struct slice mbname_local(struct slice intname)
{
    ssize_t at = slice_find(intname, DOMAIN_END);

    return at < 0 ? intname : slice_skip(intname, (size_t)at + 1);
}

struct slice mbname_parent(struct slice intname)
{
    ssize_t dot = slice_rfind(mbname_local(intname), '.');

    if (dot < 0)
        return SLICE_NULL;
    return slice_cut(intname, 0, intname.n - mbname_local(intname).n + (size_t)dot);
}

struct slice mbname_last(struct slice intname)
{
    struct slice local = mbname_local(intname);
    ssize_t dot = slice_rfind(local, '.');

    return dot < 0 ? local : slice_skip(local, (size_t)dot + 1);
}

bool mbname_is_below(struct slice intname, struct slice ancestor)
{
    if (intname.n <= ancestor.n || !slice_starts(intname, ancestor))
        return false;
    if (ancestor.n == 0 || ancestor.p[ancestor.n - 1] == DOMAIN_END)
        return true;
    /* "user.bob.example!x" is not below "user.bob": a dot may belong to the domain */
    return intname.p[ancestor.n] == '.' &&
           slice_find(slice_skip(intname, ancestor.n), DOMAIN_END) < 0;
}

/* ---- may it be created ---- */

static bool is_domain_text(struct slice domain)
{
    if (domain.n == 0)
        return false;
    for (size_t i = 0; i < domain.n; i++) {
        unsigned char c = (unsigned char)domain.p[i];

        if (!ascii_is_alnum(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return domain.p[0] != '.' && domain.p[domain.n - 1] != '.';
}

static bool has_empty_level(struct slice local)
{
    if (local.n == 0 || local.p[0] == '.' || local.p[local.n - 1] == '.')
        return true;
    return slice_search(local, SLICE_LIT("..")) >= 0;
}

static bool has_forbidden_byte(struct slice local)
{
    for (size_t i = 0; i < local.n; i++) {
        unsigned char c = (unsigned char)local.p[i];

        if (c < 0x20 || c >= 0x7f || memchr(forbidden, c, sizeof forbidden - 1))
            return true;
    }
    return false;
}

/* Control characters may not come in through modified UTF-7 either. */
static bool encodes_control(struct slice local)
{
    struct buf text = BUF_INIT;
    bool found = mutf7_to_utf8(local, &text) != ERR_OK;

    for (size_t i = 0; i < text.n && !found; i++) {
        unsigned char c = (unsigned char)text.p[i];

        found = c < 0x20 || c == 0x7f ||
                (c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0);
    }
    buf_fini(&text);
    return found;
}

static bool is_reserved(struct slice local)
{
    struct slice first;

    (void)slice_split(local, '.', &first, NULL);
    return slice_eqs(local, "user") || slice_eqs(first, conf_string(CONF_DELETEDPREFIX));
}

err_t mbname_check_new(struct slice intname)
{
    struct slice domain = mbname_domain(intname);
    struct slice local = mbname_local(intname);

    if (intname.n > MBNAME_MAX)
        return ERR_LIMIT;
    if (local.n != intname.n && !is_domain_text(domain))
        return ERR_BADNAME;
    if (has_empty_level(local) || has_forbidden_byte(local) || is_reserved(local))
        return ERR_BADNAME;
    return encodes_control(local) ? ERR_BADNAME : ERR_OK;
}

/* ---- database key ---- */

void mbname_to_db(struct slice intname, struct buf *dbname)
{
    struct slice domain = mbname_domain(intname);
    struct slice local = mbname_local(intname);

    buf_reset(dbname);
    if (local.n != intname.n) {
        buf_add_slice(dbname, domain);
        buf_addc(dbname, DB_DOMAIN_END);
    }
    buf_reserve(dbname, local.n);
    for (size_t i = 0; i < local.n; i++) {
        char c = local.p[i];

        buf_addc(dbname, c == '.' ? DB_LEVEL : c == '^' ? '.' : c);
    }
}

void mbname_from_db(struct slice dbname, struct buf *intname)
{
    ssize_t end = slice_find(dbname, DB_DOMAIN_END);
    size_t local = end < 0 ? 0 : (size_t)end + 1;

    buf_reset(intname);
    buf_reserve(intname, dbname.n);
    if (local) {
        buf_add_slice(intname, slice_cut(dbname, 0, local - 1));
        buf_addc(intname, DOMAIN_END);
    }
    for (size_t i = local; i < dbname.n; i++) {
        char c = dbname.p[i];

        buf_addc(intname, c == DB_LEVEL ? '.' : c == '.' ? '^' : c);
    }
}

/* ---- users ---- */

/* A userid as local part and domain; the default domain, and any domain while virtual domains
 * are off, gives none. */
static void split_userid(struct slice userid, struct slice *local, struct slice *domain)
{
    *local = userid;
    *domain = SLICE_NULL;
    if (conf_enum(CONF_VIRTDOMAINS) == 0)
        return;
    *local = ident_local(userid);
    *domain = ident_domain(userid);
    if (slice_eqs_nocase(*domain, conf_string(CONF_DEFAULTDOMAIN)))
        *domain = SLICE_NULL;
}

void mbname_inbox(struct slice userid, struct buf *intname)
{
    struct slice local, domain;

    split_userid(userid, &local, &domain);
    buf_reset(intname);
    if (domain.n) {
        buf_add_slice(intname, domain);
        buf_addc(intname, DOMAIN_END);
    }
    buf_adds(intname, "user.");
    for (size_t i = 0; i < local.n; i++)
        buf_addc(intname, local.p[i] == '.' ? '^' : local.p[i]);
}

/* The component that names the user, in "user.NAME..." and "DELETED.user.NAME...HEX". */
static bool user_component(struct slice intname, struct slice *out)
{
    struct slice rest = mbname_local(intname), first;

    if (mbname_is_deleted(intname)) {
        rest = slice_split(rest, '.', &first, NULL);
        rest = slice_cut(rest, 0, (size_t)slice_rfind(rest, '.'));
    }
    if (!slice_starts(rest, SLICE_LIT("user.")))
        return false;
    (void)slice_split(slice_skip(rest, 5), '.', out, NULL);
    return out->n > 0;
}

bool mbname_owner(struct slice intname, struct buf *userid)
{
    struct slice name, domain = mbname_domain(intname);

    buf_reset(userid);
    if (!user_component(intname, &name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        buf_addc(userid, name.p[i] == '^' ? '.' : name.p[i]);
    if (domain.n) {
        buf_addc(userid, '@');
        buf_add_slice(userid, domain);
    }
    return true;
}

bool mbname_is_inbox(struct slice intname)
{
    struct slice local = mbname_local(intname);

    return local.n > 5 && slice_starts(local, SLICE_LIT("user.")) &&
           slice_find(slice_skip(local, 5), '.') < 0;
}

bool mbname_owned_by(struct slice intname, struct slice userid)
{
    struct slice name, local, domain;

    if (userid.n == 0 || !user_component(intname, &name))
        return false;
    split_userid(userid, &local, &domain);
    if (name.n != local.n || !slice_eq(domain, mbname_domain(intname)))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if ((name.p[i] == '^' ? '.' : name.p[i]) != local.p[i])
            return false;
    }
    return true;
}

/* ---- deleted names ---- */

bool mbname_is_deleted(struct slice intname)
{
    struct slice local = mbname_local(intname), first;
    struct slice rest = slice_split(local, '.', &first, NULL);
    struct slice last = mbname_last(intname);
    uint64_t when;

    return slice_eqs(first, conf_string(CONF_DELETEDPREFIX)) && slice_find(rest, '.') >= 0 &&
           last.n <= DELETED_HEX_MAX && num_hex64(last, &when) == ERR_OK;
}

void mbname_make_deleted(struct slice intname, time_t when, struct buf *out)
{
    struct slice domain = mbname_domain(intname);

    buf_reset(out);
    if (domain.n) {
        buf_add_slice(out, domain);
        buf_addc(out, DOMAIN_END);
    }
    buf_adds(out, conf_string(CONF_DELETEDPREFIX));
    buf_addc(out, '.');
    buf_add_slice(out, mbname_local(intname));
    buf_addf(out, ".%llX", (unsigned long long)when);
}
