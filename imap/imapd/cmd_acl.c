/* cmd_acl.c - SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314; features AC-*) */
#include "imap/imapd/imapd.h"

#include "imap/store/mbname.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

enum { IDENTIFIER_MAX = 256 };

static bool start_args(struct session *s, struct slice *name)
{
    err_t err = imaptok_sp(&s->tok);

    if (err) {
        args_bad(s, err);
        return false;
    }
    return args_mailbox(s, name) == ERR_OK;
}

/* Identifier argument in its canonical form: "anyone", "anonymous", "group:x" and "-" prefixes are kept,
 * user ids follow the rules of login names. */
static bool read_identifier(struct session *s, struct slice *id)
{
    struct buf canon = BUF_INIT, full = BUF_INIT;
    struct slice given, bare;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &given)) != ERR_OK) {
        args_bad(s, err);
        return false;
    }
    bare = given.n && given.p[0] == '-' ? slice_skip(given, 1) : given;
    if (slice_starts(bare, SLICE_LIT("group:")) || slice_eqs(bare, "anyone") || slice_eqs(bare, "anonymous"))
        buf_add_slice(&canon, bare);
    else
        err = ident_canonify(bare, &canon);
    if (!err && (canon.n == 0 || canon.n > IDENTIFIER_MAX || slice_find(buf_slice(&canon), '\t') >= 0))
        err = ERR_BADNAME;
    if (bare.n != given.n)
        buf_addc(&full, '-');
    buf_add_slice(&full, buf_slice(&canon));
    *id = arena_dup(s->base->command, buf_slice(&full));
    buf_fini(&canon);
    buf_fini(&full);
    if (err)
        reply_no(s, "CANNOT", "Invalid identifier");
    return !err;
}

static enum acl_mode take_mode(struct slice *rights)
{
    char c = rights->n ? rights->p[0] : '\0';

    if (c != '+' && c != '-')
        return ACL_MODE_SET;
    *rights = slice_skip(*rights, 1);
    return c == '+' ? ACL_MODE_ADD : ACL_MODE_REMOVE;
}

/* Site rules on who may give rights to whom (AC-35, AC-36).  NULL: fine. */
static const char *forbidden(const struct session *s, struct slice id)
{
    if (s->base->is_admin)
        return NULL;
    if (!conf_bool(CONF_ALLOWSETACL))
        return "SETACL is disabled on this server";
    if (!conf_bool(CONF_ANYONEUSERACL) && (slice_eqs(id, "anyone") || slice_eqs(id, "-anyone")))
        return "Rights may not be given to anyone";
    return NULL;
}

static void change(struct session *s, struct slice name, struct slice id, enum acl_mode mode, rights_t rights)
{
    const char *why = forbidden(s, id);
    err_t err;

    if (why) {
        reply_no(s, "NOPERM", why);
        return;
    }
    err = mbop_set_acl(s->base->store, &s->actor, name, id, mode, rights);
    if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
}

void cmd_setacl(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name, id, text;
    rights_t rights;
    enum acl_mode mode;
    char bad = '?';
    err_t err;

    if (!start_args(s, &name) || !read_identifier(s, &id))
        return;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &text)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    mode = take_mode(&text);
    if (acl_parse_rights(text, &rights, &bad) != ERR_OK) {
        reply_bad(s, arena_printf(s->base->command, "The %c right is not supported",
                                  bad > ' ' && bad < 0x7f ? bad : '?'));
        return;
    }
    change(s, name, id, mode, rights);
}

void cmd_deleteacl(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name, id;

    if (start_args(s, &name) && read_identifier(s, &id) && args_end(s) == ERR_OK)
        change(s, name, id, ACL_MODE_SET, 0);
}

void cmd_getacl(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct mbentry entry;
    struct slice name, id, rights;
    size_t pos = 0;
    struct buf b = BUF_INIT;

    if (!start_args(s, &name) || args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    if (session_access(s, name, OP_LIST_ACL, &entry, NULL) == ERR_OK) {
        buf_adds(&b, "* ACL ");
        session_put_mailbox(s, &b, name);
        while (acl_next(buf_slice(&entry.acl), &pos, &id, &rights)) {
            buf_addc(&b, ' ');
            imapout_astring(&b, id, 0);
            buf_addc(&b, ' ');
            imapout_astring(&b, rights, 0);
        }
        buf_adds(&b, "\r\n");
        stream_put_slice(out(s), buf_slice(&b));
        reply_ok(s, "Completed");
    }
    buf_fini(&b);
    mbentry_fini(&entry);
}

/* Rights that an identifier always holds here (AC-38). */
static rights_t required_rights(struct slice name, struct slice id)
{
    rights_t rights = 0;
    char bad;

    if (mbname_owned_by(name, id)) {
        if (acl_parse_rights(slice_cstr(conf_string(CONF_IMPLICIT_OWNER_RIGHTS)), &rights, &bad) != ERR_OK)
            rights = ACL_L | ACL_A;
    } else if (mbname_is_inbox(name) && (slice_eqs(id, "anyone") || slice_eqs(id, "anonymous"))) {
        rights = ACL_P;
    }
    return rights;
}

void cmd_listrights(void *session, const struct command *cmd)
{
    static const char optional[] = "lrswipkxtecdan0123456789";
    struct session *s = session;
    struct mbentry entry;
    struct slice name, id;
    struct buf b = BUF_INIT, required = BUF_INIT;

    if (!start_args(s, &name) || !read_identifier(s, &id) || args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    if (session_access(s, name, OP_LIST_ACL, &entry, NULL) == ERR_OK) {
        acl_rights_text(required_rights(name, id), &required);
        buf_adds(&b, "* LISTRIGHTS ");
        session_put_mailbox(s, &b, name);
        buf_addc(&b, ' ');
        imapout_astring(&b, id, 0);
        buf_addc(&b, ' ');
        imapout_astring(&b, buf_slice(&required), 0);
        for (const char *p = optional; *p; p++) {
            if (slice_find(buf_slice(&required), *p) >= 0)
                continue;
            buf_addc(&b, ' ');
            buf_addc(&b, *p);
        }
        buf_adds(&b, "\r\n");
        stream_put_slice(out(s), buf_slice(&b));
        reply_ok(s, "Completed");
    }
    buf_fini(&required);
    buf_fini(&b);
    mbentry_fini(&entry);
}

/* One of these is enough to be told one's rights (RFC 4314 4). */
static const rights_t myrights_any = ACL_L | ACL_R | ACL_I | ACL_K | ACL_X | ACL_A;

void cmd_myrights(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct mbentry entry;
    struct slice name;
    rights_t rights = 0;
    struct buf b = BUF_INIT;
    err_t err;

    if (!start_args(s, &name) || args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    err = mblist_access(s->base->store, name, s->base->ident, s->base->is_admin, &entry, &rights);
    if (!err && !(rights & myrights_any))
        err = ERR_NOTFOUND;
    if (err) {
        reply_err(s, err);
    } else {
        buf_adds(&b, "* MYRIGHTS ");
        session_put_mailbox(s, &b, name);
        buf_addc(&b, ' ');
        acl_rights_text(rights, &b);
        buf_adds(&b, "\r\n");
        stream_put_slice(out(s), buf_slice(&b));
        reply_ok(s, "Completed");
    }
    buf_fini(&b);
    mbentry_fini(&entry);
}
