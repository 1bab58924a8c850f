/* cmd_append.c - APPEND of one message or several (RFC 3501 6.3.11, 3502, 4315 3): from the wire to stages
 * (append_take.c), and all into the mailbox by one commit (append_store.c)
 */
#include "imap/imapd/append.h"

#include <inttypes.h>

void append_refuse(struct append_run *r, err_t err)
{
    if (err == ERR_NOTFOUND)
        reply_no(r->s, "TRYCREATE", "Mailbox does not exist");
    else
        annotation_refuse(r->s, err, &r->refused);
}

bool append_uid_code(const struct append_run *r, struct buf *code)
{
    if (!(r->rights & ACL_R))                   /* RFC 4315 3: UIDs only to who may read them */
        return false;
    buf_addf(code, "APPENDUID %" PRIu32 " ", r->uidvalidity);
    ranges_format(&r->uids, code);
    return true;
}

static void answer(struct append_run *r, err_t err)
{
    struct buf code = BUF_INIT;

    if (err)
        append_refuse(r, err);
    else if (append_uid_code(r, &code))
        reply_ok_code(r->s, buf_cstr(&code), "Completed");
    else
        reply_ok(r->s, "Completed");
    buf_fini(&code);
}

bool append_begin(struct append_run *r, struct session *s)
{
    struct slice name;
    err_t err = imaptok_sp(&s->tok);

    append_init(r, s, SLICE_NULL);
    if (err) {
        args_bad(s, err);
        return false;
    }
    if (args_mailbox(s, &name) != ERR_OK)
        return false;
    r->name = name;
    err = append_admit(r);
    if (err)
        append_refuse(r, err);
    return !err;
}

void append_end(struct append_run *r)
{
    if (r->s->state != ST_LOGOUT)
        append_drain(r->s);
    append_fini(r);
}

void cmd_append(void *session, const struct command *cmd)
{
    struct append_run r;

    if (append_begin(&r, session) && append_take(&r, true))
        answer(&r, append_store(&r));
    append_end(&r);
}
