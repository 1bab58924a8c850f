/* conf_file.c - lines of imapd.conf: names, values, continuation, "@include"
 *
 * A "\" at the end of a line joins the next one (which keeps its blanks), in comments too.  A
 * file may not be open twice at a time and files nest CONF_MAX_DEPTH deep.  A name
 * may stand once in all files together.
 */
#include "lib/base/mem.h"
#include "lib/conf/conf_impl.h"
#include "lib/os/file.h"
#include "lib/text/ascii.h"

struct source {
    const struct source *outer;                 /* the file that includes this one */
    const char *name;                           /* in the arena of the configuration */
    struct slice rest;
    int line;                                   /* number of the line last taken */
    unsigned depth;
    bool may_include;
};

static err_t complain(const struct source *s, int line, err_t err, struct buf *why,
                      const char *fmt, ...) PRINTF_LIKE(5, 6);

static err_t complain(const struct source *s, int line, err_t err, struct buf *why,
                      const char *fmt, ...)
{
    va_list ap;

    buf_addf(why, "%s, line %d: ", s->name, line);
    va_start(ap, fmt);
    buf_vaddf(why, fmt, ap);
    va_end(ap);
    return err;
}

/* Next logical line into `out`; *first is the number of its first physical line. */
static bool next_line(struct source *s, struct buf *out, int *first)
{
    struct slice part;
    bool joined = true;

    buf_reset(out);
    if (s->rest.n == 0)
        return false;
    *first = s->line + 1;
    while (joined && s->rest.n > 0) {
        s->rest = slice_split(s->rest, '\n', &part, NULL);
        s->line++;
        if (part.n > 0 && part.p[part.n - 1] == '\r')
            part.n--;
        joined = part.n > 0 && part.p[part.n - 1] == '\\';
        buf_add(out, part.p, part.n - joined);
    }
    return true;
}

static bool is_name_char(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '-';
}

static err_t split_line(const struct source *s, int line, struct slice text, struct slice *name,
                        struct slice *value, struct buf *why)
{
    size_t n = 0, skip = text.n > 0 && text.p[0] == '@';

    for (n = skip; n < text.n && is_name_char(text.p[n]); n++)
        ;
    *name = slice_cut(text, 0, n);
    if (n == skip || n == text.n || text.p[n] != ':')
        return complain(s, line, ERR_SYNTAX, why,
                        "\"%.*s\" is no option; write \"name: value\" with the colon right behind "
                        "the name, or put \"#\" in front.",
                        (int)(text.n > 60 ? 60 : text.n), text.p);
    *value = slice_trim(slice_skip(text, n + 1));
    if (value->n > 0 && memchr(value->p, '\0', value->n))
        return complain(s, line, ERR_SYNTAX, why,
                        "the value of %.*s has a NUL character; remove it.", SLICE_ARG(*name));
    return ERR_OK;
}

static struct slice lower_copy(struct arena *a, struct slice s)
{
    char *p = arena_strndup(a, s.p, s.n);

    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(p[i]);
    return slice_make(p, s.n);
}

static err_t add_line(struct conf *c, const struct source *s, int line, struct slice name,
                      struct slice value, struct buf *why)
{
    struct slice lower = lower_copy(c->arena, name);
    const struct conf_line *old = conf_line_find(c, lower);

    if (old)
        return complain(s, line, ERR_SYNTAX, why,
                        "%.*s is given a second time (first in %s, line %d); remove one of them.",
                        SLICE_ARG(lower), old->file, old->line);
    if (c->lines.n == CONF_MAX_LINES)
        return complain(s, line, ERR_LIMIT, why, "more than %d options; remove some.",
                        CONF_MAX_LINES);
    *VEC_PUSH(&c->lines, struct conf_line) = (struct conf_line){
        .name = lower, .value = arena_dup(c->arena, value), .file = s->name, .line = line
    };
    map_put(c->by_name, lower, (void *)(uintptr_t)c->lines.n);
    return ERR_OK;
}

/* Path of an included file: a relative one is beside the file that names it. */
static const char *included_path(struct conf *c, const struct source *s, struct slice value)
{
    ssize_t dir = slice_rfind(slice_cstr(s->name), '/');

    if (value.p[0] == '/' || dir < 0)
        return arena_cstr(c->arena, value);
    return arena_printf(c->arena, "%.*s/%.*s", (int)dir, s->name, SLICE_ARG(value));
}

static err_t read_source(struct conf *c, struct source *s, struct buf *why);

static err_t load_source(struct conf *c, const struct source *outer, int line, const char *path,
                         struct buf *why)
{
    struct source s = { .outer = outer, .name = path, .depth = outer ? outer->depth + 1 : 0,
                        .may_include = true };
    struct buf text = BUF_INIT;
    err_t err = file_load(path, CONF_MAX_FILE, &text);

    if (!err) {
        *VEC_PUSH(&c->files, const char *) = path;
        s.rest = buf_slice(&text);
        err = read_source(c, &s, why);
    } else if (outer) {
        complain(outer, line, err, why, "cannot read the included file %s (%s); create it, make it "
                 "readable for this user, or remove the line.", path, err_name(err));
    } else {
        buf_addf(why, "cannot read the configuration file %s (%s); create it, make it readable for "
                 "this user, or name another with -C.", path, err_name(err));
    }
    buf_fini(&text);
    return err;
}

static err_t include(struct conf *c, const struct source *s, int line, struct slice value,
                     struct buf *why)
{
    const char *path;

    if (value.n == 0)
        return complain(s, line, ERR_SYNTAX, why,
                        "@include names no file; write \"@include: FILE\".");
    if (!s->may_include)
        return complain(s, line, ERR_SYNTAX, why,
                        "@include is not possible here; remove the line.");
    if (s->depth == CONF_MAX_DEPTH)
        return complain(s, line, ERR_LIMIT, why,
                        "files include each other more than %d deep; put their lines into one.",
                        CONF_MAX_DEPTH);
    path = included_path(c, s, value);
    for (const struct source *o = s; o; o = o->outer)
        if (slice_eqs(slice_cstr(path), o->name))
            return complain(s, line, ERR_SYNTAX, why,
                            "%s includes itself; remove the line.", path);
    return load_source(c, s, line, path, why);
}

static err_t read_source(struct conf *c, struct source *s, struct buf *why)
{
    struct buf joined = BUF_INIT;
    struct slice text, name, value;
    int line;
    err_t err = ERR_OK;

    while (!err && next_line(s, &joined, &line)) {
        text = slice_trim(buf_slice(&joined));
        if (text.n == 0 || text.p[0] == '#')
            continue;
        err = split_line(s, line, text, &name, &value, why);
        if (err)
            break;
        if (name.p[0] != '@')
            err = add_line(c, s, line, name, value, why);
        else if (slice_eqs_nocase(name, "@include"))
            err = include(c, s, line, value, why);
        else
            err = complain(s, line, ERR_SYNTAX, why, "%.*s is no directive; only @include is.",
                           SLICE_ARG(name));
    }
    buf_fini(&joined);
    return err;
}

err_t conf_read_file(struct conf *c, const char *path, struct buf *why)
{
    return load_source(c, NULL, 0, arena_strndup(c->arena, path, strlen(path)), why);
}

err_t conf_read_text(struct conf *c, struct slice text, struct buf *why)
{
    struct source s = { .name = "text", .rest = text };

    return read_source(c, &s, why);
}

const struct conf_line *conf_line_find(const struct conf *c, struct slice name)
{
    uintptr_t i = (uintptr_t)map_get(c->by_name, name);

    return i ? VEC_AT(&c->lines, struct conf_line, i - 1) : NULL;
}

const struct conf_line *conf_line_find_for(const struct conf *c, const char *prefix,
                                           const char *name)
{
    struct buf full = BUF_INIT;
    const struct conf_line *found;

    if (!prefix)
        return conf_line_find(c, slice_cstr(name));
    buf_addf(&full, "%s_%s", prefix, name);
    found = conf_line_find(c, buf_slice(&full));
    buf_fini(&full);
    return found;
}
