/* cmd_any.c - CAPABILITY, NOOP, NAMESPACE, ENABLE, COMPRESS */
#include "imap/imapd/imapd.h"

#include "imap/imapd/view.h"
#include "imap/store/mblist.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"
#include "lib/text/mutf7.h"

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

static void add_namespace(struct session *s, struct buf *b, bool has, struct slice prefix)
{
    char quoted[2] = { namespace_sep(s->ns), '\0' };
    struct buf utf8 = BUF_INIT;

    if (!has) {
        buf_adds(b, "NIL");
        return;
    }
    if ((s->enabled & ENABLED_UTF8) && mutf7_to_utf8(prefix, &utf8) == ERR_OK)
        prefix = buf_slice(&utf8);
    buf_adds(b, "((");
    imapout_string(b, prefix, out_flags(s));
    buf_fini(&utf8);
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

    if (args_end(s) != ERR_OK)
        return;
    namespace_describe(s->ns, &v);
    add_namespace(s, &b, v.has_personal && has_personal(s), v.personal);
    buf_addc(&b, ' ');
    add_namespace(s, &b, v.has_other, v.other);
    buf_addc(&b, ' ');
    add_namespace(s, &b, v.has_shared, v.shared);
    untagged(s, "NAMESPACE %.*s", SLICE_ARG(buf_slice(&b)));
    buf_fini(&b);
    reply_ok(s, "Completed");
}

static const struct {
    const char *word;
    unsigned bits;
    bool (*when)(const struct session *);       /* NULL: always */
} features[] = {
    { "CONDSTORE", ENABLED_CONDSTORE, NULL },
    { "UIDONLY", ENABLED_UIDONLY, NULL },
    { "UTF8=ACCEPT", ENABLED_UTF8 | ENABLED_ACCEPT, capability_utf8 },
    { "IMAP4rev2", ENABLED_UTF8 | ENABLED_REV2, capability_rev2 },
    { "QRESYNC", ENABLED_QRESYNC | ENABLED_CONDSTORE, NULL },   /* RFC 7162 3.2.3 */
};

/* RFC 5161: unknown words are ignored; ENABLED lists what is on now because of this command, be it nothing. */
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
                || (s->enabled & features[i].bits) == features[i].bits
                || (features[i].when && !features[i].when(s)))
                continue;
            s->enabled |= features[i].bits;
            if (features[i].bits & ENABLED_UTF8)
                namespace_use_utf8(s->ns);
            buf_addc(&done, ' ');
            buf_adds(&done, features[i].word);
        }
    } while (!imaptok_at_end(&s->tok));
    untagged(s, "ENABLED%.*s", SLICE_ARG(buf_slice(&done)));
    buf_fini(&done);
    reply_ok(s, "Completed");
}

/* RFC 4978.  TLS of ours never compresses, so that only a second COMPRESS finds the door shut. */
void cmd_compress(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice word;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_atom(&s->tok, &word)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    if (!slice_eqs_nocase(word, "DEFLATE")) {
        reply_bad(s, "Unknown COMPRESS algorithm");
    } else if (stream_is_deflate(out(s))) {
        reply_bad(s, "[COMPRESSIONACTIVE] DEFLATE active via COMPRESS");
    } else {
        reply_ok(s, "DEFLATE active");
        if (stream_start_deflate(out(s)) != ERR_OK)
            s->state = ST_LOGOUT;
    }
}
