/* ident.c - see ident.h */
#include "lib/auth/ident.h"

#include "lib/auth/ident_impl.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum { MATCH_NO, MATCH_ANYONE, MATCH_GROUP, MATCH_USER };
enum { VIRT_OFF, VIRT_USERID, VIRT_ON };        /* order of the words of virtdomains */

struct ident {
    struct buf userid;
    bool anonymous;
    bool groups_known;
    struct vec groups;                          /* char * */
};

/* virtdomains: on; one connection at a time is served by a process */
static struct buf local_domain = BUF_INIT;

err_t ident_start(struct buf *why)
{
    static const struct {
        const char *word, *cure;
    } absent[] = {
        { "pts", "groups from ptloader are not part of this build; use \"unix\"" },
        { "krb", "Kerberos 4 is gone; for Kerberos 5 logins use \"unix\" with the mechanism"
                 " GSSAPI" },
        { "krb5", "Kerberos 5 names as identifiers are not part of this build; use \"unix\", which"
                  " the mechanism GSSAPI works with" },
    };
    const char *mech = conf_enum_word(CONF_AUTH_MECH);

    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        if (strcmp(mech, absent[i].word) == 0) {
            buf_addf(why, "auth_mech: %s is not available: %s", mech, absent[i].cure);
            return ERR_UNSUPPORTED;
        }
    }
    return ERR_OK;
}

/* ---- names ---- */

void ident_set_local_domain(struct slice domain)
{
    buf_reset(&local_domain);
    buf_add_slice(&local_domain, domain);
}

struct slice ident_domain(struct slice userid)
{
    ssize_t at = slice_rfind(userid, '@');

    return at < 0 ? slice_make("", 0) : slice_skip(userid, (size_t)at + 1);
}

struct slice ident_local(struct slice userid)
{
    ssize_t at = slice_rfind(userid, '@');

    return at < 0 ? userid : slice_cut(userid, 0, (size_t)at);
}

static void lower(char *p, size_t n)
{
    for (; n > 0; p++, n--)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
}

/* May these bytes be (part of) a userid?  '@' is looked at elsewhere. */
static bool bytes_ok(struct slice s)
{
    static const char bad[] = "/%&*:?";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < ' ' || c >= 0x7f || memchr(bad, c, sizeof bad - 1))
            return false;
    }
    return true;
}

static bool is_reserved(struct slice s)
{
    static const char *const words[] = { ".", "..", "anyone", "anonymous" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eqs_nocase(s, words[i]))
            return true;
    return false;
}

/* Is the realm among the words of loginrealms? */
static bool realm_listed(struct slice realm)
{
    struct slice rest = slice_cstr(conf_string(CONF_LOGINREALMS)), word;

    while ((rest = slice_trim(rest)).n > 0) {
        rest = slice_split(rest, ' ', &word, NULL);
        if (slice_eq_nocase(word, realm))
            return true;
    }
    return false;
}

/* Under virtdomains: add the connection's domain, drop the default one. */
static err_t apply_domain(struct buf *id, bool has_domain)
{
    const char *fallback = conf_string(CONF_DEFAULTDOMAIN);
    const char *realms = conf_string(CONF_LOGINREALMS);

    if (!has_domain && conf_enum(CONF_VIRTDOMAINS) == VIRT_ON && local_domain.n > 0) {
        buf_addc(id, '@');
        buf_add_slice(id, buf_slice(&local_domain));
        has_domain = true;
    }
    if (!has_domain)
        return ERR_OK;
    struct slice domain = ident_domain(buf_slice(id));
    lower(id->p + (domain.p - id->p), domain.n);
    if (fallback && slice_eqs_nocase(domain, fallback))
        buf_truncate(id, id->n - domain.n - 1);
    else if (realms && *realms && !realm_listed(domain))
        return ERR_DENIED;
    return ERR_OK;
}

err_t ident_canonify(struct slice userid, struct buf *out)
{
    bool virt = conf_enum(CONF_VIRTDOMAINS) != VIRT_OFF;

    buf_reset(out);
    userid = slice_trim(userid);
    if (userid.n == 0 || userid.n > IDENT_MAX)
        return ERR_BADNAME;
    buf_add_slice(out, userid);
    ssize_t at = slice_rfind(userid, '@');
    if (virt && at < 0 && (at = slice_rfind(userid, '%')) >= 0)
        out->p[at] = '@';
    struct slice local = slice_cut(buf_slice(out), 0, at < 0 ? userid.n : (size_t)at);
    struct slice realm = at < 0 ? SLICE_NULL : slice_skip(buf_slice(out), (size_t)at + 1);
    if (local.n == 0 || (at >= 0 && realm.n == 0) || slice_find(local, '@') >= 0)
        return ERR_BADNAME;
    if (!bytes_ok(local) || !bytes_ok(realm) || is_reserved(local))
        return ERR_BADNAME;
    if (conf_bool(CONF_USERNAME_TOLOWER))
        lower(out->p, out->n);
    if (virt)
        return apply_domain(out, at >= 0);
    return at < 0 || realm_listed(realm) ? ERR_OK : ERR_DENIED;
}

/* ---- identities ---- */

struct ident *ident_new(struct slice canonical_userid)
{
    struct ident *id = mem_zalloc(sizeof *id);

    buf_add_slice(&id->userid, canonical_userid);
    vec_init(&id->groups, sizeof(char *));
    return id;
}

struct ident *ident_new_anonymous(void)
{
    struct ident *id = ident_new(SLICE_LIT("anonymous"));

    id->anonymous = true;
    id->groups_known = true;
    return id;
}

void ident_free(struct ident **idp)
{
    struct ident *id = *idp;

    if (!id)
        return;
    *idp = NULL;
    for (size_t i = 0; i < id->groups.n; i++)
        mem_free(*VEC_AT(&id->groups, char *, i));
    vec_fini(&id->groups);
    buf_fini(&id->userid);
    mem_free(id);
}

struct slice ident_userid(const struct ident *id)
{
    return buf_slice(&id->userid);
}

bool ident_is_anonymous(const struct ident *id)
{
    return id->anonymous;
}

static bool in_group(struct ident *id, struct slice group)
{
    if (!id->groups_known && conf_bool(CONF_UNIX_GROUP_ENABLE))
        ident_unix_groups(buf_slice(&id->userid), &id->groups);
    id->groups_known = true;
    for (size_t i = 0; i < id->groups.n; i++)
        if (slice_eqs(group, *VEC_AT(&id->groups, char *, i)))
            return true;
    return false;
}

int ident_matches(const struct ident *id, struct slice identifier)
{
    static const struct slice prefix = { "group:", 6 };

    if (slice_eqs(identifier, "anyone"))
        return MATCH_ANYONE;
    if (slice_eq(identifier, buf_slice(&id->userid)))
        return MATCH_USER;
    if (!slice_starts(identifier, prefix))
        return MATCH_NO;
    /* looking the groups up does not change who somebody is */
    return in_group((struct ident *)(uintptr_t)id, slice_skip(identifier, prefix.n)) ? MATCH_GROUP
                                                                                      : MATCH_NO;
}

/* Does one word of admins and its like mean this identity?  Words may be written in any way that
 * a login name may. */
static bool word_matches(const struct ident *id, struct slice word, struct buf *scratch)
{
    if (ident_matches(id, word) >= MATCH_GROUP)
        return true;
    return ident_canonify(word, scratch) == ERR_OK &&
           slice_eq(buf_slice(scratch), buf_slice(&id->userid));
}

bool ident_in_words(const struct ident *id, const char *words)
{
    struct slice rest = slice_cstr(words), word;
    struct buf scratch = BUF_INIT;
    bool found = false;

    while (!found && !id->anonymous && (rest = slice_trim(rest)).n > 0) {
        size_t n = 0;
        while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t')
            n++;
        word = slice_cut(rest, 0, n);
        rest = slice_skip(rest, n);
        found = word_matches(id, word, &scratch);
    }
    buf_fini(&scratch);
    return found;
}

bool ident_in_option(const struct ident *id, int conf_id)
{
    return ident_in_words(id, conf_string((enum conf_id)conf_id));
}

bool ident_is_admin(const struct ident *id)
{
    return ident_in_option(id, CONF_ADMINS);
}
