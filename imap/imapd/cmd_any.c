/* cmd_any.c - CAPABILITY, NOOP, NAMESPACE, ENABLE */
#include "imap/imapd/imapd.h"

#include "imap/imapd/view.h"
#include "imap/store/mblist.h"
#include "lib/text/imapout.h"

void cmd_capability(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf caps = BUF_INIT;

    if (args_end(s) != ERR_OK)
        return;
    capability_answer(s, &caps);
    untagged(s, "CAPABILITY %.*s", SLICE_ARG(buf_slice(&caps)));
    buf_fini(&caps);
    reply_ok(s, "Completed");
}

void cmd_noop(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (args_end(s) == ERR_OK)
        reply_ok(s, "Completed");
}

static void add_namespace(struct buf *b, bool has, struct slice prefix, char sep)
{
    char quoted[2] = { sep, '\0' };

    if (!has) {
        buf_adds(b, "NIL");
        return;
    }
    buf_adds(b, "((");
    imapout_string(b, prefix, 0);
    buf_adds(b, " \"");
    buf_adds(b, quoted);
    buf_adds(b, "\"))");
}

/* RFC 2342 */
/* NS-16: administrators have a personal part only when they have an INBOX. */
static bool has_personal(struct session *s)
{
    struct mbentry entry;
    bool has;

    if (!s->base->is_admin)
        return true;
    mbentry_init(&entry);
    has = mblist_lookup(s->base->store, namespace_inbox(s->ns), &entry) == ERR_OK;
    mbentry_fini(&entry);
    return has;
}

void cmd_namespace(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct namespace_view v;
    struct buf b = BUF_INIT;
    char sep = namespace_sep(s->ns);

    if (args_end(s) != ERR_OK)
        return;
    namespace_describe(s->ns, &v);
    add_namespace(&b, v.has_personal && has_personal(s), v.personal, sep);
    buf_addc(&b, ' ');
    add_namespace(&b, v.has_other, v.other, sep);
    buf_addc(&b, ' ');
    add_namespace(&b, v.has_shared, v.shared, sep);
    untagged(s, "NAMESPACE %.*s", SLICE_ARG(buf_slice(&b)));
    buf_fini(&b);
    reply_ok(s, "Completed");
}

static const struct {
    const char *word;
    unsigned bits;
} features[] = {
    { "CONDSTORE", ENABLED_CONDSTORE },
    { "QRESYNC", ENABLED_QRESYNC | ENABLED_CONDSTORE },         /* RFC 7162 3.2.3 */
};

/* RFC 5161: unknown words are ignored; ENABLED lists what is on now because of this command. */
void cmd_enable(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf done = BUF_INIT;
    struct slice word;
    err_t err;

    do {
        if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_atom(&s->tok, &word)) != ERR_OK) {
            args_bad(s, err);
            buf_fini(&done);
            return;
        }
        for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
            if (!slice_eqs_nocase(word, features[i].word)
                || (s->enabled & features[i].bits) == features[i].bits)
                continue;
            s->enabled |= features[i].bits;
            buf_addc(&done, ' ');
            buf_adds(&done, features[i].word);
        }
    } while (!imaptok_at_end(&s->tok));
    if (done.n)
        untagged(s, "ENABLED%.*s", SLICE_ARG(buf_slice(&done)));
    buf_fini(&done);
    reply_ok(s, "Completed");
}
