/* namespace.c - see namespace.h
 *
 * External names have up to four areas, told apart by their first bytes:
 *
 *   area      standard     alternate                 internal
 *   own       INBOX.x      x  (INBOX is INBOX)       user.<me>.x
 *   clashing  -            <altprefix>/x             user.<me>.x
 *   other     user.ann.x   <userprefix>/ann/x        user.ann.x
 *   shared    x            <sharedprefix>/x          x
 *
 * With crossdomains the user (and, in the alternate form, the first level of a shared name)
 * carries "@domain".  Administrators see the standard form without the own area, and
 * "@domain" behind the whole name.
 */
#include "imap/store/namespace.h"

#include "imap/store/mbname.h"
#include "lib/auth/ident.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/mutf7.h"
#include "lib/text/utf8.h"

struct namespace {
    bool is_admin;
    bool alternate;
    bool virtual_domains;
    bool cross, cross_only_other;
    bool hide_users, hide_shared;
    bool utf8;                      /* external names are UTF-8, not modified UTF-7 */
    char sep;
    struct buf domain;              /* of the user; empty: the default one */
    struct buf inbox;               /* internal name of the user's INBOX; empty: none */
    struct buf own, other, shared, clash;   /* external prefixes with their separator */
};

static const struct slice inbox_word = { "INBOX", 5 };

/* ---- making one ---- */

static void set_prefix(struct buf *out, const char *text, char sep)
{
    buf_adds(out, text);
    buf_addc(out, sep);
}

static void set_prefixes(struct namespace *ns)
{
    if (ns->alternate) {
        set_prefix(&ns->other, conf_string(CONF_USERPREFIX), ns->sep);
        set_prefix(&ns->shared, conf_string(CONF_SHAREDPREFIX), ns->sep);
        set_prefix(&ns->clash, conf_string(CONF_ALTPREFIX), ns->sep);
    } else {
        set_prefix(&ns->own, "INBOX", ns->sep);
        set_prefix(&ns->other, "user", ns->sep);
    }
}

struct namespace *namespace_new(struct slice userid, bool is_admin)
{
    struct namespace *ns = mem_zalloc(sizeof *ns);

    ns->is_admin = is_admin;
    ns->alternate = conf_bool(CONF_ALTNAMESPACE) && !is_admin;
    ns->virtual_domains = conf_enum(CONF_VIRTDOMAINS) != 0;
    ns->cross = ns->virtual_domains && conf_bool(CONF_CROSSDOMAINS);
    ns->cross_only_other = conf_bool(CONF_CROSSDOMAINS_ONLYOTHER);
    ns->hide_users = !is_admin && conf_bool(CONF_DISABLE_USER_NAMESPACE);
    ns->hide_shared = !is_admin && conf_bool(CONF_DISABLE_SHARED_NAMESPACE);
    ns->sep = conf_bool(CONF_UNIXHIERARCHYSEP) ? '/' : '.';
    if (userid.n) {
        mbname_inbox(userid, &ns->inbox);
        buf_add_slice(&ns->domain, mbname_domain(buf_slice(&ns->inbox)));
    }
    set_prefixes(ns);
    return ns;
}

void namespace_free(struct namespace **nsp)
{
    struct namespace *ns = *nsp;

    *nsp = NULL;
    if (!ns)
        return;
    buf_fini(&ns->domain);
    buf_fini(&ns->inbox);
    buf_fini(&ns->own);
    buf_fini(&ns->other);
    buf_fini(&ns->shared);
    buf_fini(&ns->clash);
    mem_free(ns);
}

void namespace_use_utf8(struct namespace *ns)
{
    ns->utf8 = true;
}

char namespace_sep(const struct namespace *ns)
{
    return ns->sep;
}

/* ---- external to internal ---- */

static void put_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    for (size_t i = 0; i < ext.n; i++) {
        char c = ext.p[i];

        if (c == ns->sep)
            c = '.';
        else if (c == '.')
            c = '^';
        buf_addc(out, c);
    }
}

/* No NUL, no byte that has another meaning in the internal form, no empty level. */
static bool is_well_formed(const struct namespace *ns, struct slice ext)
{
    char before = ns->sep;

    for (size_t i = 0; i < ext.n; i++) {
        char c = ext.p[i];

        if (ascii_is_ctl(c) || c == '!' || (c == '/' && ns->sep == '.') ||
            (c == '^' && ns->sep == '/') || (c == ns->sep && before == ns->sep))
            return false;
        before = c;
    }
    return before != ns->sep;               /* the empty name and a separator at the end */
}

/* "first" and, with its separator, the rest of an external name. */
static struct slice first_level(const struct namespace *ns, struct slice ext, struct slice *rest)
{
    ssize_t at = slice_find(ext, ns->sep);

    if (at < 0)
        at = (ssize_t)ext.n;
    *rest = slice_skip(ext, (size_t)at);
    return slice_cut(ext, 0, (size_t)at);
}

/* Append "domain!", in lower case and with its dots, unless it is the default one. */
static err_t put_domain(struct slice domain, struct buf *out)
{
    size_t start = out->n;
    char before = '.';

    for (size_t i = 0; i < domain.n; i++) {
        char c = domain.p[i] == '^' ? '.' : domain.p[i];

        if (c == '.' ? before == '.' : !ascii_is_alnum(c) && c != '-' && c != '_')
            return ERR_BADNAME;
        buf_addc(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        before = c;
    }
    if (slice_eqs_nocase(slice_skip(buf_slice(out), start), conf_string(CONF_DEFAULTDOMAIN)))
        buf_truncate(out, start);
    else
        buf_addc(out, '!');
    return before == '.' ? ERR_BADNAME : ERR_OK;    /* empty, or a dot at the end */
}

static void put_own_domain(const struct namespace *ns, struct buf *out)
{
    if (ns->domain.n) {
        buf_add_slice(out, buf_slice(&ns->domain));
        buf_addc(out, '!');
    }
}

/* Cut "@domain" off the level and append the domain prefix it asks for (the user's own). */
static err_t take_domain(const struct namespace *ns, struct slice *level, struct buf *out)
{
    ssize_t at = ns->cross ? slice_rfind(*level, '@') : -1;

    if (at < 0) {
        put_own_domain(ns, out);
        return ERR_OK;
    }
    err_t err = put_domain(slice_skip(*level, (size_t)at + 1), out);

    *level = slice_cut(*level, 0, (size_t)at);
    return err || level->n ? err : ERR_BADNAME;
}

/* "ann[@domain]/x" behind the prefix of other users. */
static err_t other_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    struct slice rest, name = first_level(ns, ext, &rest);
    err_t err = take_domain(ns, &name, out);

    if (err)
        return err;
    buf_adds(out, "user.");
    put_internal(ns, name, out);
    put_internal(ns, rest, out);
    return ERR_OK;
}

static err_t shared_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    struct slice rest, first = first_level(ns, ext, &rest);
    err_t err = ERR_OK;

    if (ns->alternate)
        err = take_domain(ns, &first, out);
    else
        put_own_domain(ns, out);
    if (err)
        return err;
    if (slice_eqs(first, "user") || slice_eqs(first, conf_string(CONF_DELETEDPREFIX)))
        return ERR_BADNAME;
    put_internal(ns, first, out);
    put_internal(ns, rest, out);
    return ERR_OK;
}

/* Something below the user's INBOX; `ext` begins with a separator or is empty. */
static err_t own_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    if (ns->inbox.n == 0)
        return ERR_BADNAME;
    buf_add_slice(out, buf_slice(&ns->inbox));
    put_internal(ns, ext, out);
    return ERR_OK;
}

static err_t standard_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    struct slice rest, first = first_level(ns, ext, &rest);

    if (slice_eq_nocase(first, inbox_word))
        return own_to_internal(ns, rest, out);
    if (slice_starts(ext, buf_slice(&ns->other)))
        return other_to_internal(ns, slice_skip(ext, ns->other.n), out);
    return shared_to_internal(ns, ext, out);
}

/* Is this external name a prefix word itself ("Other Users")? */
static bool is_bare_prefix(struct slice ext, const struct buf *prefix)
{
    return slice_eq(ext, slice_cut(buf_slice(prefix), 0, prefix->n - 1));
}

static err_t alternate_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    struct slice rest, first = first_level(ns, ext, &rest);
    err_t err;

    if (slice_starts(ext, buf_slice(&ns->other)))
        return other_to_internal(ns, slice_skip(ext, ns->other.n), out);
    if (slice_starts(ext, buf_slice(&ns->shared)))
        return shared_to_internal(ns, slice_skip(ext, ns->shared.n), out);
    if (slice_starts(ext, buf_slice(&ns->clash)))
        return own_to_internal(ns, slice_skip(ext, ns->clash.n - 1), out);
    if (is_bare_prefix(ext, &ns->other) || is_bare_prefix(ext, &ns->shared) ||
        is_bare_prefix(ext, &ns->clash))
        return ERR_BADNAME;
    err = own_to_internal(ns, SLICE_NULL, out);
    if (err || slice_eq_nocase(ext, inbox_word))
        return err;
    buf_addc(out, '.');
    /* what is below INBOX in any spelling is below "INBOX": as 3.6 does */
    put_internal(ns, slice_eq_nocase(first, inbox_word) ? inbox_word : first, out);
    put_internal(ns, rest, out);
    return ERR_OK;
}

/* "user/ann/x[@domain]"; an administrator of one domain is there without naming it. */
static err_t admin_to_internal(const struct namespace *ns, struct slice ext, struct buf *out)
{
    ssize_t at = ns->virtual_domains ? slice_rfind(ext, '@') : -1;
    struct slice rest, first;
    err_t err = ERR_OK;

    if (at >= 0 && slice_find(slice_skip(ext, (size_t)at), '/') < 0) {
        err = put_domain(slice_skip(ext, (size_t)at + 1), out);
        ext = slice_cut(ext, 0, (size_t)at);
        if (!err && ns->domain.n &&
            !slice_eq(mbname_domain(buf_slice(out)), buf_slice(&ns->domain)))
            err = ERR_BADNAME;
    } else {
        first = first_level(ns, ext, &rest);
        if (slice_eq_nocase(first, inbox_word) && ns->inbox.n)
            return own_to_internal(ns, rest, out);
        put_own_domain(ns, out);
    }
    if (err || !is_well_formed(ns, ext))
        return ERR_BADNAME;
    put_internal(ns, ext, out);
    return ERR_OK;
}

/* What RFC 6855 3 keeps out of names: controls, line and paragraph separator. */
static bool is_net_unicode(struct slice utf8)
{
    while (utf8.n) {
        uint32_t c;
        size_t n = utf8_decode(utf8, &c);

        if (c == UTF8_BAD || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
            return false;
        utf8 = slice_skip(utf8, n);
    }
    return true;
}

static err_t mutf7_to_internal(const struct namespace *ns, struct slice ext, struct buf *intname)
{
    if (!is_well_formed(ns, ext))
        return ERR_BADNAME;
    if (ns->is_admin)
        return admin_to_internal(ns, ext, intname);
    if (ns->alternate)
        return alternate_to_internal(ns, ext, intname);
    return standard_to_internal(ns, ext, intname);
}

err_t namespace_utf8_to_internal(const struct namespace *ns, struct slice utf8, struct buf *intname)
{
    struct buf mutf7 = BUF_INIT;
    err_t err = ERR_BADNAME;

    buf_reset(intname);
    if (is_net_unicode(utf8))
        err = mutf7_from_utf8(utf8, &mutf7);
    if (!err)
        err = mutf7_to_internal(ns, buf_slice(&mutf7), intname);
    buf_fini(&mutf7);
    return err;
}

err_t namespace_to_internal(const struct namespace *ns, struct slice ext, struct buf *intname)
{
    if (ns->utf8)
        return namespace_utf8_to_internal(ns, ext, intname);
    buf_reset(intname);
    return mutf7_to_internal(ns, ext, intname);
}

/* ---- internal to external ---- */

static void put_external(const struct namespace *ns, struct slice internal, struct buf *out)
{
    for (size_t i = 0; i < internal.n; i++) {
        char c = internal.p[i];

        if (c == '.')
            c = ns->sep;
        else if (c == '^' && ns->sep == '/')
            c = '.';
        buf_addc(out, c);
    }
}

/* "@domain" of another's or a shared name, as far as it is shown at all. */
static void put_shown_domain(const struct namespace *ns, struct slice domain, struct buf *out)
{
    bool foreign = !slice_eq(domain, buf_slice(&ns->domain));

    if (!ns->cross || (ns->cross_only_other && !foreign))
        return;
    if (domain.n == 0)
        domain = slice_cstr(conf_string(CONF_DEFAULTDOMAIN));
    buf_addc(out, '@');
    for (size_t i = 0; i < domain.n; i++)
        buf_addc(out, domain.p[i] == '.' && ns->sep == '.' ? '^' : domain.p[i]);
}

/* First level, domain, rest: behind `prefix`. */
static void put_with_domain(const struct namespace *ns, const struct buf *prefix,
                            struct slice local, struct slice domain, struct buf *out)
{
    struct slice first, rest;
    bool more;

    rest = slice_split(local, '.', &first, &more);
    buf_add_slice(out, buf_slice(prefix));
    put_external(ns, first, out);
    put_shown_domain(ns, domain, out);
    if (more) {
        buf_addc(out, ns->sep);
        put_external(ns, rest, out);
    }
}

/* Would this external name of an own mailbox be read back as something else? */
static bool is_clashing(const struct namespace *ns, struct slice ext)
{
    struct slice rest, first = first_level(ns, ext, &rest);
    const struct buf *prefixes[] = { &ns->other, &ns->shared, &ns->clash };

    if (slice_eq_nocase(first, inbox_word))
        return rest.n == 0 || !slice_eq(first, inbox_word);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (slice_starts(ext, buf_slice(prefixes[i])) || is_bare_prefix(ext, prefixes[i]))
            return true;
    }
    return false;
}

static void own_to_external(const struct namespace *ns, struct slice below, struct buf *ext)
{
    if (below.n == 0) {
        buf_add_slice(ext, inbox_word);
        return;
    }
    buf_add_slice(ext, buf_slice(&ns->own));
    put_external(ns, below, ext);
    if (!ns->alternate || !is_clashing(ns, buf_slice(ext)))
        return;
    buf_reset(ext);
    buf_add_slice(ext, buf_slice(&ns->clash));
    put_external(ns, below, ext);
}

static bool is_own(const struct namespace *ns, struct slice intname)
{
    struct slice inbox = buf_slice(&ns->inbox);

    return inbox.n && (slice_eq(intname, inbox) || mbname_is_below(intname, inbox));
}

static void admin_to_external(const struct namespace *ns, struct slice intname, struct buf *ext)
{
    struct slice domain = mbname_domain(intname);

    if (ns->domain.n && !slice_eq(domain, buf_slice(&ns->domain)))
        return;
    put_external(ns, mbname_local(intname), ext);
    /* an '@' of its own would be taken for the domain's */
    if (domain.n == 0 && ns->virtual_domains && slice_find(buf_slice(ext), '@') >= 0)
        domain = slice_cstr(conf_string(CONF_DEFAULTDOMAIN));
    if (domain.n) {
        buf_addc(ext, '@');
        buf_add_slice(ext, domain);
    }
}

static bool is_deleted_level(struct slice local)
{
    struct slice first;

    (void)slice_split(local, '.', &first, NULL);
    return slice_eqs(first, conf_string(CONF_DELETEDPREFIX));
}

static void to_external(const struct namespace *ns, struct slice intname, struct buf *ext)
{
    struct slice domain = mbname_domain(intname), local = mbname_local(intname);
    bool foreign = !slice_eq(domain, buf_slice(&ns->domain));

    if (ns->is_admin) {
        admin_to_external(ns, intname, ext);
        return;
    }
    if (is_own(ns, intname)) {
        own_to_external(ns, slice_skip(intname, ns->inbox.n + 1), ext);
        return;
    }
    if ((foreign && !ns->cross) || is_deleted_level(local) || slice_eqs(local, "user"))
        return;
    if (slice_starts(local, SLICE_LIT("user.")))
        put_with_domain(ns, &ns->other, slice_skip(local, 5), domain, ext);
    else if (ns->alternate)
        put_with_domain(ns, &ns->shared, local, domain, ext);
    else if (!foreign)
        put_external(ns, local, ext);
}

void namespace_to_external(const struct namespace *ns, struct slice intname, struct buf *ext)
{
    struct buf utf8 = BUF_INIT;

    buf_reset(ext);
    to_external(ns, intname, ext);
    /* an old name whose spelling is broken is shown as it is */
    if (ns->utf8 && slice_find(buf_slice(ext), '&') >= 0
        && mutf7_to_utf8(buf_slice(ext), &utf8) == ERR_OK) {
        buf_reset(ext);
        buf_add_slice(ext, buf_slice(&utf8));
    }
    buf_fini(&utf8);
}

bool namespace_hides(const struct namespace *ns, struct slice intname)
{
    if (is_own(ns, intname))
        return false;
    if (slice_starts(mbname_local(intname), SLICE_LIT("user.")))
        return ns->hide_users;
    return ns->hide_shared;
}

struct slice namespace_inbox(const struct namespace *ns)
{
    return buf_slice(&ns->inbox);
}

void namespace_describe(const struct namespace *ns, struct namespace_view *out)
{
    *out = (struct namespace_view){
        .has_personal = ns->inbox.n > 0,
        .has_other = !ns->hide_users,
        .has_shared = !ns->hide_shared,
        .personal = buf_slice(&ns->own),
        .other = buf_slice(&ns->other),
        .shared = buf_slice(&ns->shared),
    };
}

/* ---- LIST ---- */

void namespace_pattern(const struct namespace *ns, struct slice reference, struct slice pattern,
                       struct buf *out)
{
    bool ends = reference.n && reference.p[reference.n - 1] == ns->sep;

    buf_reset(out);
    buf_add_slice(out, reference);
    if (ends && pattern.n && pattern.p[0] == ns->sep)
        pattern = slice_skip(pattern, 1);
    buf_add_slice(out, pattern);
}

/* Collected ranges: offsets into *bytes until all are there. */
struct ranges_out {
    struct buf *bytes;
    struct slice *out;
    size_t n, max;
    bool all;                       /* nothing narrower than everything will do */
};

static void add_range(struct ranges_out *r, size_t start)
{
    if (r->n == r->max) {
        r->all = true;
        return;
    }
    r->out[r->n++] = slice_make(NULL, r->bytes->n - start);
}

/* Could a name that begins with `fixed` also begin with `prefix`?  *rest: what fixed has
 * behind it. */
static bool may_begin(struct slice fixed, struct slice prefix, bool nocase, struct slice *rest)
{
    size_t n = fixed.n < prefix.n ? fixed.n : prefix.n;
    struct slice a = slice_cut(fixed, 0, n), b = slice_cut(prefix, 0, n);

    *rest = slice_skip(fixed, prefix.n);
    return nocase ? slice_eq_nocase(a, b) : slice_eq(a, b);
}

/* The whole levels of `fixed`: those that a separator follows. */
static struct slice whole_levels(const struct namespace *ns, struct slice fixed)
{
    ssize_t at = slice_rfind(fixed, ns->sep);

    return at < 0 ? SLICE_NULL : slice_cut(fixed, 0, (size_t)at);
}

static void add_own_range(const struct namespace *ns, struct slice fixed, struct ranges_out *r)
{
    struct slice rest, levels;
    size_t start = r->bytes->n;

    if (ns->inbox.n == 0)
        return;
    if (ns->alternate) {
        levels = whole_levels(ns, fixed);
        if (is_clashing(ns, fixed) || slice_starts_nocase(levels, inbox_word))
            levels = SLICE_NULL;
    } else if (may_begin(fixed, buf_slice(&ns->own), true, &rest)) {
        levels = whole_levels(ns, rest);
    } else {
        return;
    }
    buf_add_slice(r->bytes, buf_slice(&ns->inbox));
    if (levels.n) {
        buf_addc(r->bytes, '.');
        put_internal(ns, levels, r->bytes);
    }
    add_range(r, start);
}

static void add_foreign_range(const struct namespace *ns, const char *tree, struct slice levels,
                              struct ranges_out *r)
{
    size_t start = r->bytes->n;

    if (ns->cross)
        r->all = true;
    put_own_domain(ns, r->bytes);
    buf_adds(r->bytes, tree);
    if (levels.n && tree[0])
        buf_addc(r->bytes, '.');
    put_internal(ns, levels, r->bytes);
    add_range(r, start);
}

/* Alternate form: is the pattern confined to the names behind one of the prefixes? */
static void add_user_ranges(const struct namespace *ns, struct slice fixed, struct ranges_out *r)
{
    struct slice rest;
    bool in_other = slice_starts(fixed, buf_slice(&ns->other));
    bool in_shared = ns->alternate && slice_starts(fixed, buf_slice(&ns->shared));

    if (!in_other && !in_shared)
        add_own_range(ns, fixed, r);
    if (!in_shared && may_begin(fixed, buf_slice(&ns->other), false, &rest))
        add_foreign_range(ns, "user", whole_levels(ns, rest), r);
    if (!in_other && may_begin(fixed, buf_slice(&ns->shared), false, &rest))
        add_foreign_range(ns, "", whole_levels(ns, rest), r);
}

static void add_admin_ranges(const struct namespace *ns, struct slice fixed, struct ranges_out *r)
{
    struct slice levels = whole_levels(ns, fixed);
    size_t start = r->bytes->n;

    put_own_domain(ns, r->bytes);
    put_internal(ns, levels, r->bytes);
    /* a global administrator's pattern may mean every domain */
    if (ns->virtual_domains && ns->domain.n == 0)
        r->all = true;
    add_range(r, start);
}

/* The front of a UTF-8 pattern that is spelled alike in modified UTF-7. */
static struct slice same_in_both(struct slice utf8)
{
    size_t n = 0;

    while (n < utf8.n && (unsigned char)utf8.p[n] < 0x80 && utf8.p[n] != '&')
        n++;
    return slice_cut(utf8, 0, n);
}

size_t namespace_scan_ranges(const struct namespace *ns, struct slice fixed,
                             struct buf *store_bytes, struct slice *out, size_t max)
{
    struct ranges_out r = { .bytes = store_bytes, .out = out, .max = max };
    size_t at = 0;

    if (ns->utf8)
        fixed = same_in_both(fixed);
    buf_reset(store_bytes);
    if (ns->is_admin)
        add_admin_ranges(ns, fixed, &r);
    else
        add_user_ranges(ns, fixed, &r);
    if (r.all)
        return 0;
    for (size_t i = 0; i < r.n; i++) {
        size_t length = out[i].n;

        out[i] = slice_cut(buf_slice(store_bytes), at, at + length);
        at += length;
    }
    return r.n;
}
