/* url_auth.c - see url_auth.h */
#include "imap/imapd/url_auth.h"

#include "imap/store/urlkey.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"

static const char bad_url[] = "Poorly specified URL";

static void token_of(struct slice rump, const uint8_t key[URLKEY_SIZE], char out[URL_TOKEN_SIZE])
{
    uint8_t raw[1 + SHA1_SIZE] = { 0 };
    struct buf hex = BUF_INIT;

    hmac_sha1(raw + 1, key, URLKEY_SIZE, rump.p, rump.n);
    buf_add_hex(&hex, raw, sizeof raw);
    memcpy(out, hex.p, URL_TOKEN_SIZE);
    buf_wipe(&hex);
    buf_fini(&hex);
}

/* A URL of this server, of a user and of a message, with an access. */
static bool is_complete(const struct imapurl *u)
{
    ssize_t colon = slice_find(u->host, ':');
    struct slice host = colon < 0 ? u->host : slice_cut(u->host, 0, (size_t)colon);

    return u->has_server && u->user.n && u->mailbox.n && u->uid && u->access != IMAPURL_NO_ACCESS
           && slice_eqs_nocase(host, conf_servername());
}

/* Internal name of the mailbox as that user names it, in the arena. */
static err_t mailbox_of(struct session *s, const struct namespace *ns, const struct imapurl *u, struct slice *out)
{
    struct buf name = BUF_INIT;
    err_t err = namespace_utf8_to_internal(ns, u->mailbox, &name);

    if (!err)
        *out = arena_dup(s->base->command, buf_slice(&name));
    buf_fini(&name);
    return err;
}

/* ---- making ---- */

static bool is_own(const struct session *s, const struct imapurl *u)
{
    struct buf user = BUF_INIT;
    bool own = !ident_is_anonymous(s->base->ident) && ident_canonify(u->user, &user) == ERR_OK
               && slice_eq(buf_slice(&user), ident_userid(s->base->ident));

    buf_fini(&user);
    return own;
}

static err_t may_read(struct session *s, struct slice intname)
{
    struct mbentry entry;
    rights_t rights;

    mbentry_init(&entry);
    err_t err = mblist_access(s->base->store, intname, s->base->ident, s->base->is_admin, &entry, &rights);
    if (!err && !mbentry_is_mail(&entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(OP_SELECT, rights);
    mbentry_fini(&entry);
    return err;
}

const char *url_auth_make(struct session *s, struct slice url, struct buf *out)
{
    uint8_t key[URLKEY_SIZE];
    char token[URL_TOKEN_SIZE];
    struct imapurl u;
    struct slice intname;

    if (imapurl_parse(url, s->base->command, &u) || !is_complete(&u) || u.token.n || !is_own(s, &u)
        || mailbox_of(s, s->ns, &u, &intname) || may_read(s, intname))
        return bad_url;
    if (urlkey_make(s->base->store, ident_userid(s->base->ident), intname, key) != ERR_OK)
        return "System I/O error";
    token_of(url, key, token);
    mem_wipe(key, sizeof key);
    buf_add_slice(out, url);
    buf_adds(out, ":internal:");
    buf_add(out, token, sizeof token);
    return NULL;
}

/* ---- checking ---- */

static bool is_meant(const struct session *s, const struct imapurl *u)
{
    const struct ident *me = s->base->ident;
    struct buf user = BUF_INIT;
    bool yes = false;

    switch (u->access) {
    case IMAPURL_SUBMIT:
        return ident_in_option(me, CONF_SUBMITSERVERS);
    case IMAPURL_USER:
        yes = !ident_is_anonymous(me) && ident_canonify(u->access_user, &user) == ERR_OK
              && slice_eq(buf_slice(&user), ident_userid(me));
        buf_fini(&user);
        return yes;
    case IMAPURL_AUTHUSER:
        return !ident_is_anonymous(me);
    case IMAPURL_ANONYMOUS:
        return true;
    default:
        return false;
    }
}

/* Without a key the same work is done with one that fits nothing: time tells no names (RFC 4467 6). */
static bool token_fits(struct session *s, struct slice url, const struct imapurl *u, struct slice owner,
                       struct slice intname)
{
    uint8_t key[URLKEY_SIZE];
    char token[URL_TOKEN_SIZE], given[URL_TOKEN_SIZE];
    bool known = intname.n && urlkey_read(s->base->store, owner, intname, key) == ERR_OK;

    if (!known)
        rand_bytes(key, sizeof key);
    token_of(slice_cut(url, 0, u->rump), key, token);
    mem_wipe(key, sizeof key);
    if (u->token.n != sizeof given)
        return false;
    for (size_t i = 0; i < sizeof given; i++)
        given[i] = ascii_lower(u->token.p[i]);
    return mem_equal_secret(token, given, sizeof token) && known;
}

bool url_auth_check(struct session *s, struct slice url, const struct imapurl *u, struct ident **owner,
                    struct slice *intname)
{
    struct buf user = BUF_INIT;

    *owner = NULL;
    *intname = SLICE_NULL;
    if (!is_complete(u) || !slice_eqs_nocase(u->mech, "internal") || !is_meant(s, u)
        || (u->has_expire && u->expire < clock_now()) || ident_canonify(u->user, &user) != ERR_OK) {
        buf_fini(&user);
        return false;
    }
    struct namespace *ns = namespace_new(buf_slice(&user), false);
    if (mailbox_of(s, ns, u, intname) != ERR_OK)
        *intname = SLICE_NULL;
    namespace_free(&ns);
    bool fits = token_fits(s, url, u, buf_slice(&user), *intname);
    if (fits)
        *owner = ident_new(buf_slice(&user));
    buf_fini(&user);
    return fits;
}
