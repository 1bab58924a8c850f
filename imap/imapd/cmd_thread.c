/* cmd_thread.c - THREAD and UID THREAD (RFC 5256 3) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/search_run.h"
#include "imap/imapd/search_filter.h"
#include "imap/imapd/search_state.h"
#include "imap/search/thread.h"
#include "lib/base/mem.h"

static err_t read_algorithm(struct session *s, enum thread_algorithm *algorithm)
{
    struct slice word;
    err_t err = imaptok_sp(&s->tok);
    int found;

    if (!err)
        err = imaptok_atom(&s->tok, &word);
    if (err)
        return err;
    found = thread_algorithm_find(word);
    *algorithm = (enum thread_algorithm)found;
    if (found >= 0)
        return imaptok_sp(&s->tok);
    s->tok.why = "Invalid Thread algorithm";
    return ERR_SYNTAX;
}

static void put(void *arg, const char *p, size_t n)
{
    stream_put(arg, p, n);
}

static void tell(struct session *s, enum thread_algorithm algorithm, const struct vec *hits)
{
    struct view *v = s->view;
    struct memo *memo = search_memo(view_search(v));
    struct sort_item *items = mem_rearray(NULL, hits->n + 1, sizeof *items);
    struct thread_msg *msg = mem_rearray(NULL, hits->n + 1, sizeof *msg);
    struct threads *t;

    for (size_t i = 0; i < hits->n; i++) {
        uint32_t n = *VEC_AT(hits, uint32_t, i);
        items[i] = (struct sort_item){ view_recno(v, n), s->is_uid ? view_uid(v, n) : n };
    }
    memo_begin(memo, view_mailbox(v));
    thread_load(memo, view_mailbox(v), items, hits->n, msg);
    t = thread_build(algorithm, msg, (uint32_t)hits->n, memo_ids(memo), memo_subjects(memo));
    memo_end(memo);
    stream_puts(out(s), hits->n ? "* THREAD " : "* THREAD");
    thread_write(t, put, out(s));
    stream_puts(out(s), "\r\n");
    thread_free(&t);
    mem_free(items);
    mem_free(msg);
}

void cmd_thread(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct search_args a = { .s = s, .filter = search_filter_find };
    struct search_return all = { .what = RETURN_ALL };
    struct vec hits = VEC_INIT(uint32_t);
    enum thread_algorithm algorithm;
    err_t err = read_algorithm(s, &algorithm);

    if (!err)
        err = search_args_read(&a, CHARSET_FIRST);
    if (err) {
        search_refuse(s, err, &all);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    search_collect(s->view, &a, &all, &hits);
    tell(s, algorithm, &hits);
    vec_fini(&hits);
    reply_ok(s, "Completed");
}
