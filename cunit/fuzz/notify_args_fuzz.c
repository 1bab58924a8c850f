/* notify_args_fuzz.c - the arguments of NOTIFY: any text is read or refused, and what is kept keeps the rules
 * (RFC 5465 5, 8) */
#include "imap/imapd/notify_args.h"
#include "lib/base/bug.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What fetch_args.c asks of the session's other parts. */
void args_bad(struct session *s, err_t err)
{
    abort();
}

err_t args_end(struct session *s)
{
    abort();
}

void reply_bad(struct session *s, const char *text)
{
    abort();
}

bool view_has_modseqs(const struct view *v)
{
    return true;
}

static void check_group(const struct notify_group *g)
{
    const unsigned both = NOTIFY_NEW | NOTIFY_EXPUNGE;
    size_t bytes = 0;

    BUG_UNLESS(!(g->events & NOTIFY_MESSAGES) || (g->events & both) == both);
    BUG_UNLESS(!g->fetch || (g->events & NOTIFY_NEW));
    BUG_UNLESS(g->sources.n > 0);
    for (size_t i = 0; i < g->sources.n; i++) {
        const struct mailbox_source *source = VEC_AT(&g->sources, struct mailbox_source, i);

        BUG_UNLESS(source->kind <= SOURCE_MAILBOXES && source->kind != SOURCE_SUBTREE_ONE);
        bytes += source->ext.n;
        mailbox_source_below(source->ext, VEC_AT(&g->sources, struct mailbox_source, 0)->ext, '.', false);
    }
    for (size_t i = 0; g->fetch && i < g->fetch->sections.n; i++)
        bytes += VEC_AT(&g->fetch->sections, struct fetch_section, i)->label.n;
    BUG_UNLESS(bytes < 64 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct session_base base = { .command = arena_new(0) };
    struct session s = { .base = &base };
    struct arena *arena = arena_new(0);
    struct notify_args args;
    char *text = malloc(n + 1);                 /* goes before what was kept is looked at */
    err_t err;

    memcpy(text, data, n);
    imaptok_init(&s.tok, slice_make(text, n), base.command, 0);
    err = notify_args_read(&s, arena, &args);
    memset(text, 'X', n);
    free(text);
    arena_reset(base.command);
    BUG_UNLESS(args.groups.n <= NOTIFY_GROUPS_MAX);
    for (size_t i = 0; err == ERR_OK && i < args.groups.n; i++)
        check_group(VEC_AT(&args.groups, struct notify_group, i));
    BUG_UNLESS(err != ERR_OK || args.is_set == (args.groups.n > 0));
    BUG_UNLESS(err == ERR_OK || err == ERR_SYNTAX || err == ERR_LIMIT || err == ERR_AGAIN);
    notify_args_fini(&args);
    arena_free(&arena);
    arena_free(&base.command);
    return 0;
}
