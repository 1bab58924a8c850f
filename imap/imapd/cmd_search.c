/* cmd_search.c - SEARCH and UID SEARCH (RFC 3501 6.4.4) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/search_args.h"
#include "imap/imapd/view.h"
#include "imap/search/match.h"
#include "lib/base/num.h"

static bool is_seen(void *arg, uint32_t recno)
{
    return view_is_seen(arg, recno);
}

static bool is_recent(void *arg, uint32_t recno)
{
    return view_is_recent(arg, recno);
}

/* The reply is written while the search runs: it may be long, the numbers are not kept. */
static void run(struct session *s, struct search_args *a)
{
    struct view *v = s->view;
    struct mailbox *mb = view_mailbox(v);
    struct match_who who = { is_seen, is_recent, v };
    struct matcher *m = matcher_new(mb, &who, a->fold_flags);
    uint64_t highest = 0;
    char num[NUM_U64_MAX + 1];

    (void)expr_prepare(a->root);
    stream_puts(out(s), "* SEARCH");
    for (uint32_t n = 1; n <= view_exists(v); n++) {
        uint32_t recno = view_recno(v, n);
        uint64_t modseq;
        if (recno == 0 || !mailbox_record_ok(mb, recno) || !matcher_test(m, a->root, n, recno))
            continue;
        num[0] = ' ';
        stream_put(out(s), num, 1 + num_put_u64(num + 1, s->is_uid ? view_uid(v, n) : n));
        modseq = mailbox_modseq_at(mb, recno);
        highest = modseq > highest ? modseq : highest;
    }
    if (a->has_modseq && highest)               /* RFC 7162 3.1.5 */
        stream_printf(out(s), " (MODSEQ %" PRIu64 ")", highest);
    stream_puts(out(s), "\r\n");
    matcher_free(&m);
}

void cmd_search(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct search_args a = { .s = s };
    err_t err = search_args_read(&a);

    if (err == ERR_UNSUPPORTED) {
        reply_no(s, "BADCHARSET (US-ASCII UTF-8)", "Unrecognized character set");
    } else if (err) {
        args_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        run(s, &a);
        reply_ok(s, "Completed");
    }
}
