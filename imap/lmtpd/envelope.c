/* envelope.c - MAIL FROM and RCPT TO (RFC 5321 4.1.1, 1870, 4954) */
#include "imap/lmtpd/lmtpd.h"

#include "imap/serve/limits.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"

void envelope_reset(struct session *s)
{
    buf_reset(&s->from);
    ident_free(&s->poster);
    for (size_t i = 0; i < s->rcpts.n; i++)
        rcpt_fini(VEC_AT(&s->rcpts, struct rcpt, i));
    s->rcpts.n = 0;
    s->size = 0;
    if (s->state != LS_START && s->state != LS_END)
        s->state = LS_GREETED;
}

static unsigned path_flags(void)
{
    return conf_bool(CONF_LMTP_STRICT_RFC2821) ? 0 : LINETOK_LENIENT | LINETOK_8BIT;
}

static bool must_authenticate(struct session *s)
{
    if (s->preauth || (s->base->ident && s->base->is_admin))
        return false;
    reply(s, "%d Authentication required", conf_bool(CONF_SOFT_NOAUTH) ? 430 : 530);
    return true;
}

/* AUTH=<mailbox>: whose rights count for post; "<>" is nobody. */
static err_t set_poster(struct session *s, struct slice value)
{
    struct slice who;
    struct buf canon = BUF_INIT;
    err_t err = linetok_xtext(s->base->command, value, &who);

    if (err)
        return err;
    if (!slice_eqs(who, "<>") && ident_canonify(who, &canon) == ERR_OK) {
        ident_free(&s->poster);
        s->poster = ident_new(buf_slice(&canon));
    }
    buf_fini(&canon);
    return ERR_OK;
}

/* One parameter of MAIL.  ERR_LIMIT: message too large; ERR_UNSUPPORTED: unknown. */
static err_t mail_param(struct session *s, const struct linetok_param *p)
{
    if (slice_eqs_nocase(p->key, "SIZE")) {
        if (!p->has_value || num_u64(p->value, &s->size) != ERR_OK)
            return ERR_SYNTAX;
        return s->size > limit_value(LIMIT_MESSAGE) ? ERR_LIMIT : ERR_OK;
    }
    if (slice_eqs_nocase(p->key, "BODY"))
        return slice_eqs_nocase(p->value, "7BIT") || slice_eqs_nocase(p->value, "8BITMIME") ? ERR_OK : ERR_SYNTAX;
    if (slice_eqs_nocase(p->key, "AUTH"))
        return p->has_value ? set_poster(s, p->value) : ERR_SYNTAX;
    return ERR_UNSUPPORTED;
}

static err_t mail_params(struct session *s, struct linetok *t)
{
    struct linetok_param p;
    err_t err;

    while ((err = linetok_param(t, &p)) == ERR_OK) {
        err = mail_param(s, &p);
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void refuse(struct session *s, err_t err)
{
    if (err == ERR_LIMIT)
        reply(s, "552 5.2.3 Message SIZE exceeds fixed maximum message size (%llu)",
              (unsigned long long)limit_value(LIMIT_MESSAGE));
    else if (err == ERR_UNSUPPORTED)
        reply(s, "501 5.5.4 Unrecognized parameters");
    else
        reply(s, "501 5.5.4 Syntax error in parameters");
}

void lmtp_mail(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct linetok_path path;
    err_t err = ERR_SYNTAX;

    if (must_authenticate(s))
        return;
    if (s->state & (LS_MAIL | LS_RCPT)) {
        reply(s, "503 5.5.1 Nested MAIL command");
        return;
    }
    linetok_init(&t, s->args);
    if (linetok_accept_text(&t, "FROM:"))
        err = linetok_path(&t, s->base->command, path_flags() | LINETOK_NULL | LINETOK_BARE, &path, NULL);
    s->poster = ident_new_anonymous();
    if (!err)
        err = mail_params(s, &t);
    if (err) {
        envelope_reset(s);
        refuse(s, err);
        return;
    }
    buf_add_slice(&s->from, path.text);
    s->state = LS_MAIL;
    reply(s, "250 2.1.0 ok");
}

static err_t rcpt_params(struct linetok *t, bool *ignore_quota)
{
    struct linetok_param p;
    err_t err;

    while ((err = linetok_param(t, &p)) == ERR_OK) {
        if (!slice_eqs_nocase(p.key, "IGNOREQUOTA"))
            return ERR_UNSUPPORTED;
        if (p.has_value)                        /* it takes none: formats of 3.6 */
            return ERR_SYNTAX;
        *ignore_quota = true;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

void lmtp_rcpt(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct linetok_path path;
    struct rcpt r;
    bool ignore_quota = false;
    err_t err = ERR_SYNTAX;

    if (!(s->state & (LS_MAIL | LS_RCPT))) {
        reply(s, "503 5.5.1 Need MAIL command");
        return;
    }
    if (s->rcpts.n >= limit_value(LIMIT_RCPTS)) {
        reply(s, "452 4.5.3 %s", limit_answer(LIMIT_RCPTS, LIMIT_P_LMTP));
        return;
    }
    linetok_init(&t, s->args);
    if (linetok_accept_text(&t, "TO:"))
        err = linetok_path(&t, s->base->command, path_flags() | LINETOK_BARE, &path, NULL);
    if (!err)
        err = rcpt_params(&t, &ignore_quota);
    if (err) {
        refuse(s, err);
        return;
    }
    rcpt_init(&r);
    buf_add_slice(&r.address, path.text);
    err = rcpt_resolve(s->base->store, s->poster, path.local, path.domain, ignore_quota, s->size, &r);
    if (err) {
        log_notice("rcpt refused: %s: address=<%.*s> sessionid=<%s>", err_name(err), SLICE_ARG(path.text),
                   s->base->session_id);
        rcpt_fini(&r);
    } else {
        *VEC_PUSH(&s->rcpts, struct rcpt) = r;
        s->state = LS_RCPT;
    }
    verdict_rcpt(s, err);
}
