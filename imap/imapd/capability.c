/* capability.c - the capability list: one row each, with the states in which it may be used
 *
 * Before login only what works before login is shown (decisions.md), but for what cyradm of 3.6
 * wants to know: it asks for the list once, before it logs in (ST_EARLY).
 */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/serve/limits.h"
#include "lib/conf/conf.h"

/* In rows: told before login too, to those who ask (not in the greeting). */
enum { ST_EARLY = 1 << 30 };

static bool has_starttls(const struct session *s)
{
    return s->base->tls && !stream_is_tls(s->base->stream);
}

static bool login_is_disabled(const struct session *s)
{
    return !sasl_server_plain_allowed(s->base->sasl);
}

static bool is_admin(const struct session *s)
{
    return s->base->is_admin;
}

static bool has_legacy_annotations(const struct session *s)
{
    return conf_bool(CONF_ANNOTATION_ENABLE_LEGACY_COMMANDS);
}

static bool has_referrals(const struct session *s)
{
    return !conf_bool(CONF_PROXYD_DISABLE_MAILBOX_REFERRALS);
}

static bool has_idle(const struct session *s)
{
    return conf_seconds(CONF_IMAPIDLEPOLL) > 0;
}

bool capability_rev2(const struct session *s)
{
    return has_idle(s);
}

static bool may_compress(const struct session *s)
{
    return !stream_is_deflate(s->base->stream);
}

static bool has_plus(const struct session *s)
{
    return !conf_bool(CONF_LITERALMINUS);
}

static bool has_minus(const struct session *s)
{
    return conf_bool(CONF_LITERALMINUS);
}

bool capability_utf8(const struct session *s)
{
    return !conf_bool(CONF_MUNGE8BIT) && !conf_bool(CONF_REJECT8BIT);
}

static const struct capability {
    const char *word;
    unsigned states;
    bool (*when)(const struct session *);       /* NULL: always */
} capabilities[] = {
    { "IMAP4rev1", ST_ANY, NULL },
    { "IMAP4rev2", ST_ANY, capability_rev2 },
    { "LITERAL+", ST_ANY, has_plus },
    { "LITERAL-", ST_ANY, has_minus },
    { "ID", ST_ANY, NULL },
    { "ENABLE", ST_ANY, NULL },
    { "LANGUAGE", ST_ANY, NULL },
    { "STARTTLS", ST_NOAUTH, has_starttls },
    { "LOGINDISABLED", ST_NOAUTH, login_is_disabled },
    { "SASL-IR", ST_NOAUTH, NULL },
    { "ACL", ST_LOGGED_IN, NULL },
    { "ANNOTATE-EXPERIMENT-1", ST_LOGGED_IN, NULL },
    { "ANNOTATEMORE", ST_LOGGED_IN | ST_EARLY, has_legacy_annotations },
    { "BINARY", ST_LOGGED_IN, NULL },
    { "CATENATE", ST_LOGGED_IN, NULL },
    { "CHILDREN", ST_LOGGED_IN, NULL },
    { "COMPRESS=DEFLATE", ST_LOGGED_IN, may_compress },
    { "CONDSTORE", ST_LOGGED_IN, NULL },
    { "CONTEXT=SEARCH", ST_LOGGED_IN, NULL },
    { "CONTEXT=SORT", ST_LOGGED_IN, NULL },
    { "CREATE-SPECIAL-USE", ST_LOGGED_IN | ST_EARLY, NULL },
    { "ESEARCH", ST_LOGGED_IN, NULL },
    { "ESORT", ST_LOGGED_IN, NULL },
    { "FILTERS", ST_LOGGED_IN, NULL },
    { "INPROGRESS", ST_LOGGED_IN, NULL },
    { "LIST-EXTENDED", ST_LOGGED_IN | ST_EARLY, NULL },
    { "LIST-METADATA", ST_LOGGED_IN, NULL },
    { "LIST-MYRIGHTS", ST_LOGGED_IN, NULL },
    { "LIST-STATUS", ST_LOGGED_IN, NULL },
    { "MAILBOX-REFERRALS", ST_LOGGED_IN | ST_EARLY, has_referrals },
    { "METADATA", ST_LOGGED_IN | ST_EARLY, NULL },
    { "MOVE", ST_LOGGED_IN, NULL },
    { "MULTIAPPEND", ST_LOGGED_IN, NULL },
    { "MULTISEARCH", ST_LOGGED_IN, NULL },
    { "NAMESPACE", ST_LOGGED_IN, NULL },
    { "NOTIFY", ST_LOGGED_IN, has_idle },
    { "OBJECTID", ST_LOGGED_IN, NULL },
    { "PARTIAL", ST_LOGGED_IN, NULL },
    { "PREVIEW", ST_LOGGED_IN, NULL },
    { "QRESYNC", ST_LOGGED_IN, NULL },
    { "QUOTA", ST_LOGGED_IN, NULL },
    { "QUOTA=RES-STORAGE", ST_LOGGED_IN, NULL },
    { "QUOTA=RES-MESSAGE", ST_LOGGED_IN, NULL },
    { "QUOTA=RES-MAILBOX", ST_LOGGED_IN, NULL },
    { "QUOTA=RES-ANNOTATION-STORAGE", ST_LOGGED_IN, NULL },
    { "QUOTASET", ST_LOGGED_IN, is_admin },
    { "REPLACE", ST_LOGGED_IN, NULL },
    { "RIGHTS=kxten", ST_LOGGED_IN, NULL },
    { "SAVEDATE", ST_LOGGED_IN, NULL },
    { "SEARCHRES", ST_LOGGED_IN, NULL },
    { "SORT", ST_LOGGED_IN, NULL },
    { "SORT=DISPLAY", ST_LOGGED_IN, NULL },
    { "SPECIAL-USE", ST_LOGGED_IN | ST_EARLY, NULL },
    { "STATUS=SIZE", ST_LOGGED_IN, NULL },
    { "THREAD=ORDEREDSUBJECT", ST_LOGGED_IN, NULL },
    { "THREAD=REFERENCES", ST_LOGGED_IN, NULL },
    { "UIDONLY", ST_LOGGED_IN, NULL },
    { "UIDPLUS", ST_LOGGED_IN, NULL },
    { "UNAUTHENTICATE", ST_LOGGED_IN, NULL },
    { "UNSELECT", ST_LOGGED_IN, NULL },
    { "URL-PARTIAL", ST_LOGGED_IN, NULL },
    { "URLAUTH", ST_LOGGED_IN, NULL },
    { "URLAUTH=BINARY", ST_LOGGED_IN, NULL },
    { "UTF8=ACCEPT", ST_LOGGED_IN, capability_utf8 },
    { "WITHIN", ST_LOGGED_IN, NULL },
    { "DIGEST=SHA1", ST_LOGGED_IN, NULL },
    { "SORT=MODSEQ", ST_LOGGED_IN, NULL },
    { "SORT=UID", ST_LOGGED_IN, NULL },
    { "THREAD=REFS", ST_LOGGED_IN, NULL },
    { "XLIST", ST_LOGGED_IN, NULL },
    { "X-QUOTA=STORAGE", ST_LOGGED_IN, NULL },
    { "X-QUOTA=MESSAGE", ST_LOGGED_IN, NULL },
    { "X-QUOTA=X-ANNOTATION-STORAGE", ST_LOGGED_IN, NULL },
    { "X-QUOTA=X-NUM-FOLDERS", ST_LOGGED_IN, NULL },
    { "IDLE", ST_LOGGED_IN, has_idle },
};

/* RFC 7889: the one limit for all mailboxes. */
static void add_append_limit(const struct session *s, struct buf *out)
{
    if ((s->state & ST_LOGGED_IN) && !conf_has_word(CONF_SUPPRESS_CAPABILITIES, SLICE_LIT("APPENDLIMIT")))
        buf_addf(out, " APPENDLIMIT=%" PRIu64, limit_value(LIMIT_MESSAGE));
}

static bool is_shown(const struct session *s, const struct capability *c, unsigned states)
{
    return (c->states & states) && (!c->when || c->when(s))
           && !conf_has_word(CONF_SUPPRESS_CAPABILITIES, slice_cstr(c->word));
}

static void put_words(struct session *s, unsigned states, struct buf *out)
{
    size_t start = out->n;

    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        if (!is_shown(s, &capabilities[i], states))
            continue;
        if (out->n > start)
            buf_addc(out, ' ');
        buf_adds(out, capabilities[i].word);
    }
    add_append_limit(s, out);
    if (s->state == ST_NOAUTH) {
        struct buf mechs = BUF_INIT;
        sasl_server_mechs(s->base->sasl, "AUTH=", " ", &mechs);
        if (mechs.n) {
            buf_addc(out, ' ');
            buf_add_slice(out, buf_slice(&mechs));
        }
        buf_fini(&mechs);
    }
}

void capability_text(struct session *s, struct buf *out)
{
    put_words(s, s->state, out);
}

void capability_answer(struct session *s, struct buf *out)
{
    put_words(s, s->state == ST_NOAUTH ? s->state | ST_EARLY : s->state, out);
}
