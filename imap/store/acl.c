/* acl.c - see acl.h */
#include "imap/store/acl.h"

#include "imap/store/mbname.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"

/* Bit i is the i-th letter. */
static const char letters[] = "lrswipkxtecdan0123456789";

/* What the two letters of RFC 2086 stand for (RFC 4314 2.1.1). */
static const rights_t create_parts = ACL_K | ACL_X;
static const rights_t delete_parts = ACL_T | ACL_E;

/* c and d are held exactly when one of their parts is. */
static rights_t with_old_rights(rights_t r)
{
    r &= ~(rights_t)(ACL_C | ACL_D);
    if (r & create_parts)
        r |= ACL_C;
    if (r & delete_parts)
        r |= ACL_D;
    return r;
}

err_t acl_parse_rights(struct slice text, rights_t *out, char *bad)
{
    rights_t r = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char *at = memchr(letters, text.p[i], sizeof letters - 1);

        if (!at) {
            *bad = text.p[i];
            return ERR_SYNTAX;
        }
        r |= (rights_t)1 << (at - letters);
    }
    if (r & ACL_C)
        r |= create_parts;
    if (r & ACL_D)
        r |= delete_parts;
    *out = with_old_rights(r);
    return ERR_OK;
}

void acl_rights_text(rights_t r, struct buf *out)
{
    r = with_old_rights(r);
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        if (r >> i & 1)
            buf_addc(out, letters[i]);
    }
}

bool acl_next(struct slice acl, size_t *pos, struct slice *id, struct slice *rights)
{
    struct slice rest = slice_skip(acl, *pos);

    if (rest.n == 0)
        return false;
    rest = slice_split(rest, '\t', id, NULL);
    rest = slice_split(rest, '\t', rights, NULL);
    *pos = acl.n - rest.n;
    return id->n > 0;
}

/* Stored letters; unknown ones, of a newer version, count for nothing.  Beside one of its parts a
 * stored c or d says nothing new: it stands for both parts only where it stands alone, as older
 * versions wrote it. */
static rights_t stored_rights(struct slice text)
{
    rights_t r = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char *at = memchr(letters, text.p[i], sizeof letters - 1);
        if (at)
            r |= (rights_t)1 << (at - letters);
    }
    if ((r & ACL_C) && !(r & create_parts))
        r |= create_parts;
    if ((r & ACL_D) && !(r & delete_parts))
        r |= delete_parts;
    return with_old_rights(r);
}

rights_t acl_text_rights(struct slice acl, const struct ident *ident)
{
    rights_t positive = 0, negative = 0;
    struct slice id, text;
    size_t pos = 0;

    while (acl_next(acl, &pos, &id, &text)) {
        if (id.p[0] == '-') {
            if (ident_matches(ident, slice_skip(id, 1)))
                negative |= stored_rights(text);
        } else if (ident_matches(ident, id)) {
            positive |= stored_rights(text);
        }
    }
    return with_old_rights(positive & ~negative);
}

static bool is_storable_identifier(struct slice id)
{
    for (size_t i = 0; i < id.n; i++) {
        if (ascii_is_ctl(id.p[i]))
            return false;
    }
    return id.n > 0 && id.n <= ACL_IDENTIFIER_MAX && !slice_eqs(id, "-");
}

static rights_t changed_rights(rights_t old, enum acl_mode mode, rights_t r)
{
    switch (mode) {
    case ACL_MODE_ADD:    return old | r;
    case ACL_MODE_REMOVE: return old & ~r;
    default:              return r;
    }
}

/* Rights of all entries of the identifier: there should be one. */
static rights_t rights_of_entry(struct slice acl, struct slice identifier)
{
    struct slice id, text;
    size_t pos = 0;
    rights_t sum = 0;

    while (acl_next(acl, &pos, &id, &text)) {
        if (slice_eq(id, identifier))
            sum |= stored_rights(text);
    }
    return sum;
}

/* Every entry of one stands in the other. */
static bool holds_all(struct slice acl, struct slice of)
{
    struct slice id, text;
    size_t pos = 0;

    while (acl_next(of, &pos, &id, &text))
        if (rights_of_entry(acl, id) != rights_of_entry(of, id))
            return false;
    return true;
}

bool acl_same(struct slice a, struct slice b)
{
    return slice_eq(a, b) || (holds_all(a, b) && holds_all(b, a));
}

static void put_entry(struct buf *acl, struct slice id, struct slice rights)
{
    buf_add_slice(acl, id);
    buf_addc(acl, '\t');
    buf_add_slice(acl, rights);
    buf_addc(acl, '\t');
}

err_t acl_change(struct buf *acl, struct slice identifier, enum acl_mode mode, rights_t r)
{
    struct buf next = BUF_INIT, letters_now = BUF_INIT;
    struct slice id, text;
    size_t pos = 0;
    bool placed;

    if (!is_storable_identifier(identifier))
        return ERR_BADNAME;
    r = with_old_rights(changed_rights(rights_of_entry(buf_slice(acl), identifier), mode, r));
    acl_rights_text(r, &letters_now);
    placed = r == 0;                        /* nothing left: the entry goes */
    while (acl_next(buf_slice(acl), &pos, &id, &text)) {
        bool ours = slice_eq(id, identifier);

        if (!ours)
            put_entry(&next, id, text);
        else if (!placed)
            put_entry(&next, id, buf_slice(&letters_now));
        placed |= ours;
    }
    if (!placed)
        put_entry(&next, identifier, buf_slice(&letters_now));
    buf_reset(acl);
    buf_add_slice(acl, buf_slice(&next));
    buf_fini(&next);
    buf_fini(&letters_now);
    return acl->n <= ACL_TEXT_MAX ? ERR_OK : ERR_LIMIT;
}

/* ---- effective rights ---- */

/* Domain of an identity as it stands in internal names: the default one is empty. */
static struct slice internal_domain(const struct ident *ident)
{
    struct slice domain;

    if (conf_enum(CONF_VIRTDOMAINS) == 0)
        return SLICE_NULL;
    domain = ident_domain(ident_userid(ident));
    return slice_eqs_nocase(domain, conf_string(CONF_DEFAULTDOMAIN)) ? SLICE_NULL : domain;
}

bool acl_admin_covers(struct slice intname, const struct ident *ident)
{
    struct slice domain = internal_domain(ident);

    return domain.n == 0 || slice_eq(domain, mbname_domain(intname));
}

/* May identities of other domains have rights here at all? */
static bool crosses_domain(struct slice intname, const struct ident *ident)
{
    if (conf_enum(CONF_VIRTDOMAINS) == 0 || conf_bool(CONF_CROSSDOMAINS) ||
        ident_is_anonymous(ident))
        return false;
    return !slice_eq(internal_domain(ident), mbname_domain(intname));
}

static rights_t owner_rights(void)
{
    return stored_rights(slice_cstr(conf_string(CONF_IMPLICIT_OWNER_RIGHTS)));
}

rights_t acl_implicit_rights(struct slice intname, struct slice identifier)
{
    return mbname_owned_by(intname, identifier) ? owner_rights() : 0;
}

rights_t acl_effective(struct slice intname, struct slice acl, const struct ident *ident,
                       bool is_admin)
{
    rights_t r = 0;

    if (is_admin) {
        if (!acl_admin_covers(intname, ident))
            return 0;
    } else if (crosses_domain(intname, ident)) {
        return 0;
    }
    r = acl_text_rights(acl, ident);
    if (is_admin)
        r |= ACL_L | ACL_A;
    if (!ident_is_anonymous(ident) && mbname_owned_by(intname, ident_userid(ident)))
        r |= owner_rights();
    if ((r & ACL_A) && conf_bool(CONF_ACL_ADMIN_IMPLIES_WRITE))
        r |= ACL_W;
    return with_old_rights(r);
}

/* ---- first ACL ---- */

/* "id rights id rights" of the option; a half pair at the end is left out. */
static void option_acl(const char *words, struct buf *acl)
{
    struct slice rest = slice_trim(slice_cstr(words)), id, text;
    rights_t r;
    char bad;

    while (rest.n) {
        rest = slice_trim(slice_split(rest, ' ', &id, NULL));
        rest = slice_trim(slice_split(rest, ' ', &text, NULL));
        if (acl_parse_rights(text, &r, &bad) || acl_change(acl, id, ACL_MODE_SET, r))
            log_err("CONFIG: bad rights in option: option=<defaultacl> identifier=<%.*s>",
                    SLICE_ARG(id));
    }
}

void acl_default(struct slice intname, struct buf *acl)
{
    struct buf owner = BUF_INIT;

    buf_reset(acl);
    if (mbname_owner(intname, &owner)) {
        buf_add_slice(acl, buf_slice(&owner));
        buf_addc(acl, '\t');
        acl_rights_text(ACL_FULL, acl);
        buf_addc(acl, '\t');
    } else {
        option_acl(conf_string(CONF_DEFAULTACL), acl);
    }
    buf_fini(&owner);
}
