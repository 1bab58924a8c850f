/* cmd_search.c - SEARCH and UID SEARCH (RFC 3501 6.4.4, 9051 6.4.4, 4731, 5182, 9394) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/search_context.h"
#include "imap/imapd/search_filter.h"
#include "lib/base/num.h"

/* Without RETURN, in the words of RFC 3501. */
static void tell_plain(struct session *s, const struct search_args *a)
{
    static const struct search_return all = { .what = RETURN_ALL };
    struct vec hits = VEC_INIT(uint32_t);
    struct view *v = s->view;
    uint64_t highest = 0;
    char num[NUM_U64_MAX + 1] = " ";

    search_collect(v, a, &all, &hits);
    stream_puts(out(s), "* SEARCH");
    for (size_t i = 0; i < hits.n; i++) {
        uint32_t n = *VEC_AT(&hits, uint32_t, i);
        stream_put(out(s), num, 1 + num_put_u64(num + 1, s->is_uid ? view_uid(v, n) : n));
        if (a->has_modseq) {
            uint64_t modseq = mailbox_modseq_at(view_mailbox(v), view_recno(v, n));
            highest = modseq > highest ? modseq : highest;
        }
    }
    if (highest)                                /* RFC 7162 3.1.5 */
        stream_printf(out(s), " (MODSEQ %" PRIu64 ")", highest);
    stream_puts(out(s), "\r\n");
    vec_fini(&hits);
}

static void tell_extended(struct session *s, struct search_args *a, const struct search_return *ret)
{
    struct vec hits = VEC_INIT(uint32_t);
    struct search_answer answer = {
        .view = s->view, .ret = ret, .hits = &hits, .is_uid = s->is_uid, .has_modseq = a->has_modseq,
    };

    search_collect(s->view, a, ret, &hits);
    search_tell(s, &answer);
    if (ret->what & RETURN_UPDATE)
        context_begin(s, a, ret, NULL, &hits);
    vec_fini(&hits);
}

void cmd_search(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct search_args a = { .s = s, .filter = search_filter_find };
    struct search_return ret = { .what = s->enabled & ENABLED_REV2 ? RETURN_ALL : 0 };
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = search_return_read(s, &ret);
    if (!err && (ret.what & RETURN_UPDATE) && context_prepare(s, &a) != ERR_OK)
        return;
    if (!err)
        err = search_args_read(&a, CHARSET_OPTIONAL);
    if (err) {
        search_refuse(s, err, &ret);
        context_drop(s, &a);
    } else {
        if (ret.given || (s->enabled & ENABLED_REV2))       /* RFC 9051 6.4.4 */
            tell_extended(s, &a, &ret);
        else
            tell_plain(s, &a);
        reply_ok(s, "Completed");
    }
}
