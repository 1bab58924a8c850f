/* search_state.c - see search_state.h */
#include "imap/imapd/search_state.h"

#include "imap/imapd/search_context.h"
#include "lib/base/mem.h"

struct search_state {
    struct ranges saved;
    struct memo *memo;
    struct contexts *contexts;
};

struct search_state *search_state_new(void)
{
    struct search_state *s = mem_zalloc(sizeof *s);

    s->contexts = contexts_new();
    return s;
}

void search_state_free(struct search_state **sp)
{
    struct search_state *s = *sp;

    if (!s)
        return;
    *sp = NULL;
    ranges_fini(&s->saved);
    memo_free(&s->memo);
    contexts_free(&s->contexts);
    mem_free(s);
}

const struct ranges *search_saved(const struct search_state *s)
{
    return &s->saved;
}

void search_save(struct search_state *s, const struct ranges *uids)
{
    ranges_clear(&s->saved);
    if (uids)
        ranges_copy(&s->saved, uids);
}

struct contexts *search_contexts(const struct search_state *s)
{
    return s->contexts;
}

struct memo *search_memo(struct search_state *s)
{
    if (!s->memo)
        s->memo = memo_new();
    return s->memo;
}
