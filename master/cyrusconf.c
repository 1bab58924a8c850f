/* cyrusconf.c - lines of cyrus.conf: sections, entries, pairs.  See cyrusconf.h
 *
 *            NAME "{"                       "}"
 *   OUTSIDE -----------> IN_SECTION ------------------> OUTSIDE
 *      |  anything else with "{"         depth 0 |
 *      +----------------> IN_UNKNOWN ------------+
 */
#include "master/cyrusconf.h"

#include <stdarg.h>

#include "lib/os/file.h"
#include "lib/text/ascii.h"
#include "master/cyrusconf_impl.h"

enum state { OUTSIDE, IN_SECTION, IN_UNKNOWN };

struct lines {
    struct cyrusconf_reader *r;
    enum state state;
    enum cyrusconf_section section;     /* IN_SECTION */
    int depth;                          /* IN_UNKNOWN: open braces */
    int opened;                         /* line of the section's brace */
};

static const char *const section_names[CYRUSCONF_NSECTIONS] = { "START", "SERVICES", "EVENTS",
                                                                "DAEMON" };

const char *cyrusconf_section_name(enum cyrusconf_section s)
{
    return section_names[s];
}

void cyrusconf_init(struct cyrusconf *c)
{
    c->arena = arena_new(0);
    vec_init(&c->entries, sizeof(struct cyrusconf_entry));
}

void cyrusconf_fini(struct cyrusconf *c)
{
    vec_fini(&c->entries);
    arena_free(&c->arena);
}

static void tell(struct cyrusconf_reader *r, enum cyrusconf_level level, const char *fmt,
                 va_list ap)
{
    struct buf text = BUF_INIT;

    buf_vaddf(&text, fmt, ap);
    r->remark(r->arg, level, r->line, buf_cstr(&text));
    buf_fini(&text);
}

void cyrusconf_warn(struct cyrusconf_reader *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(r, CYRUSCONF_WARNING, fmt, ap);
    va_end(ap);
}

err_t cyrusconf_refuse(struct cyrusconf_reader *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(r, CYRUSCONF_ERROR, fmt, ap);
    va_end(ap);
    return ERR_SYNTAX;
}

/* The first word of s; *s becomes what follows it. */
static struct slice take_while(struct slice *s, bool (*fits)(char))
{
    struct slice word;
    size_t n = 0;

    while (n < s->n && fits(s->p[n]))
        n++;
    word = slice_cut(*s, 0, n);
    *s = slice_skip(*s, n);
    return word;
}

static bool is_blank(char c)
{
    return ascii_is_space(c);
}

static bool is_not_blank(char c)
{
    return !ascii_is_space(c);
}

/* A value behind "=": quoted, or up to the next blank. */
static err_t take_value(struct cyrusconf_reader *r, struct slice *rest, struct slice *out)
{
    bool closed;

    if (rest->n == 0 || rest->p[0] != '"') {
        *out = take_while(rest, is_not_blank);
        return ERR_OK;
    }
    *rest = slice_split(slice_skip(*rest, 1), '"', out, &closed);
    if (!closed)
        return cyrusconf_refuse(r, "missing \" at the end of a value; close it on the same line, "
                                   "and mind that # begins a comment inside quotes too");
    return ERR_OK;
}

static err_t bad_character(struct cyrusconf_reader *r, struct slice rest, const char *where,
                           const char *cure)
{
    if (rest.n == 0)
        return cyrusconf_refuse(r, "unexpected end of line in %s; %s", where, cure);
    return cyrusconf_refuse(r, "bad character '%c' in %s; %s",
                            ascii_is_ctl(rest.p[0]) ? '?' : rest.p[0], where, cure);
}

/* The pairs of an entry; *closed_out: a "}" among them ends the section. */
static err_t parse_pairs(struct cyrusconf_reader *r, struct cyrusconf_entry *e, struct slice rest,
                         bool *closed_out)
{
    struct slice key, value;
    err_t err = ERR_OK;

    for (int n = 0; !err; n++) {
        take_while(&rest, is_blank);
        if (rest.n == 0 || rest.p[0] == '}')
            break;
        if (n == CYRUSCONF_ARGS_MAX)
            return cyrusconf_refuse(r, "more than %d arguments; remove some", CYRUSCONF_ARGS_MAX);
        key = take_while(&rest, ascii_is_alnum);
        if (key.n == 0 || rest.n == 0 || rest.p[0] != '=')
            return bad_character(r, rest, "argument", "write key=value without blanks around =");
        rest = slice_skip(rest, 1);
        err = take_value(r, &rest, &value);
        if (!err)
            err = cyrusconf_entry_set(r, e, key, value);
    }
    *closed_out = rest.n > 0;
    return err;
}

static bool is_duplicate(const struct cyrusconf *c, const struct cyrusconf_entry *e)
{
    for (size_t i = 0; i < c->entries.n; i++) {
        const struct cyrusconf_entry *other = cyrusconf_at(c, i);
        if (other->section == CYRUSCONF_SERVICES && strcmp(other->name, e->name) == 0)
            return true;
    }
    return false;
}

static err_t keep_entry(struct cyrusconf_reader *r, struct cyrusconf_entry *e)
{
    err_t err = cyrusconf_entry_finish(r, e);

    if (err)
        return err;
    if (e->section == CYRUSCONF_SERVICES && is_duplicate(r->conf, e)) {
        if (r->duplicates == CYRUSCONF_REFUSE_DUPLICATES)
            return cyrusconf_refuse(r, "multiple entries for service '%s'; give each service a "
                                       "name of its own", e->name);
        cyrusconf_warn(r, "multiple entries for service '%s', only the first one counts; give "
                          "each service a name of its own", e->name);
        return ERR_OK;
    }
    *VEC_PUSH(&r->conf->entries, struct cyrusconf_entry) = *e;
    return ERR_OK;
}

static void close_section(struct lines *l, struct slice behind)
{
    l->state = OUTSIDE;
    if (slice_trim(behind).n > 0)
        cyrusconf_warn(l->r, "text behind } is ignored; begin a new line after it");
}

static err_t section_line(struct lines *l, struct slice line)
{
    struct cyrusconf_entry e;
    struct slice name;
    bool closed = false;
    err_t err;

    if (line.p[0] == '}') {
        close_section(l, slice_skip(line, 1));
        return ERR_OK;
    }
    cyrusconf_entry_init(&e, l->section, l->r->line);
    name = take_while(&line, ascii_is_alnum);
    if (name.n == 0 || (line.n > 0 && !ascii_is_space(line.p[0]) && line.p[0] != '}'))
        return bad_character(l->r, line, "name", "use letters and digits only");
    e.name = arena_cstr(l->r->conf->arena, name);
    err = parse_pairs(l->r, &e, line, &closed);
    if (!err)
        err = keep_entry(l->r, &e);
    if (!err && closed)
        close_section(l, SLICE_NULL);
    return err;
}

static int brace_balance(struct slice line)
{
    int depth = 0;

    for (size_t i = 0; i < line.n; i++)
        depth += line.p[i] == '{' ? 1 : line.p[i] == '}' ? -1 : 0;
    return depth;
}

static bool find_section(struct slice name, enum cyrusconf_section *out)
{
    for (size_t i = 0; i < CYRUSCONF_NSECTIONS; i++) {
        if (slice_eqs_nocase(name, section_names[i])) {
            *out = (enum cyrusconf_section)i;
            return true;
        }
    }
    return false;
}

/* A line outside of all sections. */
static void outside_line(struct lines *l, struct slice line)
{
    struct slice rest = line, name = take_while(&rest, ascii_is_alnum);
    bool known = find_section(name, &l->section);

    rest = slice_trim(rest);
    l->opened = l->r->line;
    if (known && slice_eqs(rest, "{")) {
        l->state = IN_SECTION;
        return;
    }
    l->depth = brace_balance(line);
    if (slice_find(line, '{') < 0)
        cyrusconf_warn(l->r, "text outside of a section is ignored; write NAME { on one line "
                             "and the entries below it");
    else if (known)
        cyrusconf_warn(l->r, "section %s is ignored because { does not end its line; write each "
                             "entry on a line of its own", section_names[l->section]);
    else
        cyrusconf_warn(l->r, "section '%.*s' is unknown and ignored; use START, SERVICES, EVENTS "
                             "or DAEMON", SLICE_ARG(name));
    if (l->depth > 0)
        l->state = IN_UNKNOWN;
}

static err_t one_line(struct lines *l, struct slice line)
{
    struct slice text;

    if (line.n > CYRUSCONF_LINE_MAX)
        return cyrusconf_refuse(l->r, "line of more than %d bytes; shorten it",
                                CYRUSCONF_LINE_MAX);
    slice_split(line, '#', &text, NULL);
    text = slice_trim(text);
    if (text.n == 0)
        return ERR_OK;
    if (memchr(text.p, '\0', text.n))
        return cyrusconf_refuse(l->r, "NUL byte; save the file as plain text");
    switch (l->state) {
    case IN_SECTION:
        return section_line(l, text);
    case IN_UNKNOWN:
        l->depth += brace_balance(text);
        if (l->depth <= 0)
            l->state = OUTSIDE;
        return ERR_OK;
    case OUTSIDE:
        outside_line(l, text);
        return ERR_OK;
    }
    return ERR_OK;
}

err_t cyrusconf_parse(struct slice text, enum cyrusconf_duplicates duplicates,
                      struct cyrusconf *out, cyrusconf_remark_fn *remark, void *arg)
{
    struct cyrusconf_reader r = { .conf = out, .duplicates = duplicates, .remark = remark,
                                  .arg = arg };
    struct lines l = { .r = &r, .state = OUTSIDE };
    struct slice line;
    err_t err = ERR_OK;

    while (text.n > 0 && !err) {
        text = slice_split(text, '\n', &line, NULL);
        r.line++;
        err = one_line(&l, line);
    }
    if (!err && l.state != OUTSIDE) {
        r.line = l.opened;
        cyrusconf_warn(&r, "section is not closed; put a } behind its last entry");
    }
    return err;
}

err_t cyrusconf_load(const char *path, enum cyrusconf_duplicates duplicates,
                     struct cyrusconf *out, cyrusconf_remark_fn *remark, void *arg)
{
    struct buf text = BUF_INIT;
    err_t err = file_load(path, CYRUSCONF_FILE_MAX, &text);

    if (err == ERR_NOTFOUND)
        remark(arg, CYRUSCONF_ERROR, 0, "no such file; create it or name another one with -M");
    else if (err == ERR_DENIED)
        remark(arg, CYRUSCONF_ERROR, 0, "cannot be read; let the user that starts master read it");
    else if (err)
        remark(arg, CYRUSCONF_ERROR, 0, "cannot be read; it must be a plain file of at most 1 MB");
    else
        err = cyrusconf_parse(buf_slice(&text), duplicates, out, remark, arg);
    buf_fini(&text);
    return err;
}
