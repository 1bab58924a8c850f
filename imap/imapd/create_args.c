/* create_args.c - see create_args.h */
#include "imap/imapd/create_args.h"

static err_t read_partition(struct session *s, struct create_args *a)
{
    return imaptok_astring(&s->tok, &a->partition);
}

static err_t read_server(struct session *s, struct create_args *a)
{
    return imaptok_astring(&s->tok, &a->server);
}

static err_t read_type(struct session *s, struct create_args *a)
{
    return imaptok_astring(&s->tok, &a->type);
}

static err_t read_uidvalidity(struct session *s, struct create_args *a)
{
    return imaptok_nz_number(&s->tok, &a->uidvalidity);
}

/* RFC 6154 6: "(" [use-attr *(SP use-attr)] ")".  A word without the backslash is taken for one. */
static err_t read_use(struct session *s, struct create_args *a)
{
    struct imaptok *t = &s->tok;
    struct buf words = BUF_INIT;
    struct slice word;
    bool more;
    err_t err = imaptok_open(t);

    a->has_use = true;
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        err = imaptok_peek(t) == '\\' ? imaptok_flag(t, &word) : imaptok_atom(t, &word);
        if (err)
            break;
        if (words.n)
            buf_addc(&words, ' ');
        buf_add_slice(&words, word);
    }
    a->uses = arena_dup(s->base->command, buf_slice(&words));
    buf_fini(&words);
    return err;
}

static const struct {
    const char *word;
    err_t (*read)(struct session *, struct create_args *);
} params[] = {
    { "PARTITION", read_partition },     { "SERVER", read_server }, { "TYPE", read_type },
    { "UIDVALIDITY", read_uidvalidity }, { "USE", read_use },
};

static err_t read_param(struct session *s, struct create_args *a)
{
    err_t err;

    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        if (!imaptok_accept_word(&s->tok, params[i].word))
            continue;
        err = imaptok_sp(&s->tok);
        return err ? err : params[i].read(s, a);
    }
    s->tok.why = "Unknown parameter"; /* RFC 4466 2.2: BAD */
    return ERR_SYNTAX;
}

err_t create_args_read(struct session *s, struct create_args *a)
{
    bool more, any = false;
    err_t err;

    *a = (struct create_args){ 0 };
    if (imaptok_at_end(&s->tok))
        return ERR_OK;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK)
        return err;
    if (imaptok_peek(&s->tok) != '(')
        return read_partition(s, a);
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        err = read_param(s, a);
        any = true;
    }
    if (!err && !any) {
        s->tok.why = "Empty list of parameters";
        err = ERR_SYNTAX;
    }
    return err;
}
