/* conf.c - see conf.h: loading, checking, handing out */
#include "lib/conf/conf.h"

#include <unistd.h>

#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/conf/conf_impl.h"

static struct conf *loaded;

const struct conf *conf_self(void)
{
    BUG_UNLESS(loaded);
    return loaded;
}

static struct conf *conf_new(const char *path, const char *service)
{
    struct arena *a = arena_new(0);
    struct conf *c = arena_alloc(a, sizeof *c);

    c->arena = a;
    c->path = arena_strndup(a, path, strlen(path));
    c->service = service && *service ? arena_strndup(a, service, strlen(service)) : NULL;
    vec_init(&c->lines, sizeof(struct conf_line));
    vec_init(&c->files, sizeof(const char *));
    vec_init(&c->partitions, sizeof(struct partition));
    c->by_name = map_new(NULL);
    return c;
}

static void conf_free(struct conf *c)
{
    if (!c)
        return;
    map_free(&c->by_name);
    vec_fini(&c->lines);
    vec_fini(&c->files);
    vec_fini(&c->partitions);
    arena_free(&c->arena);
}

/* ---- lines to values ---- */

/* Which line holds for each option: the service's own before the general one. */
static void choose_lines(struct conf *c)
{
    struct buf prefix = BUF_INIT;
    enum conf_id id;

    for (size_t i = 0; i < c->lines.n; i++) {
        const struct conf_line *l = VEC_AT(&c->lines, struct conf_line, i);
        if (conf_find(l->name, &id))
            c->value[id].line = l;
    }
    if (!c->service)
        return;
    buf_addf(&prefix, "%s_", c->service);
    for (size_t i = 0; i < c->lines.n; i++) {
        const struct conf_line *l = VEC_AT(&c->lines, struct conf_line, i);
        if (slice_starts_nocase(l->name, buf_slice(&prefix)) &&
            conf_find(slice_skip(l->name, prefix.n), &id))
            c->value[id].line = l;
    }
    buf_fini(&prefix);
}

/* Environment variables that stand for a line. */
static void choose_environment(struct conf *c)
{
    static const struct {
        const char *variable;
        enum conf_id id;
    } table[] = {
        { "CYRUS_USER", CONF_CYRUS_USER },
        { "CYRUS_GROUP", CONF_CYRUS_GROUP },
        { "CYRUS_SYSLOG_PREFIX", CONF_SYSLOG_PREFIX },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *text = getenv(table[i].variable);
        struct conf_line *l;
        if (!text || !*text)
            continue;
        l = arena_alloc(c->arena, sizeof *l);
        l->name = slice_cstr(conf_option(table[i].id)->name);
        l->value = arena_dup(c->arena, slice_cstr(text));
        l->file = arena_printf(c->arena, "environment variable %s", table[i].variable);
        c->value[table[i].id].line = l;
    }
}

/* "{configdirectory}" at the start of a text; directories lose a "/" at their end. */
static const char *expand(struct conf *c, const struct conf_option *o, const char *text)
{
    static const char mark[] = "{configdirectory}";
    const char *dir = c->value[CONF_CONFIGDIRECTORY].text;
    struct slice s = slice_cstr(text);

    if (text && o->type == CONF_T_STRING && dir && slice_starts(s, SLICE_LIT(mark)))
        return arena_printf(c->arena, "%s%s", dir, text + sizeof mark - 1);
    if (o == conf_option(CONF_CONFIGDIRECTORY) && s.n > 1 && s.p[s.n - 1] == '/')
        return arena_strndup(c->arena, text, s.n - 1);
    return text;
}

/* Value of an option out of a line (which may be another option's, of an old name) or its
 * default.  A blank line counts as none, save for texts and sets, where it means empty. */
static err_t take_value(struct conf *c, enum conf_id id, const struct conf_line *l, struct buf *why)
{
    const struct conf_option *o = conf_option(id);
    struct conf_value *v = &c->value[id];
    const char *wrong = NULL;
    err_t err;

    if (l && o->type != CONF_T_STRING && o->type != CONF_T_SET && conf_value_is_blank(l->value))
        l = NULL;
    v->line = l;
    err = conf_value_parse(o, c->arena, expand(c, o, l ? l->value.p : o->fallback), v, &wrong);
    if (!err)
        return ERR_OK;
    BUG_UNLESS(l);
    buf_addf(why, "%s, line %d: %.*s is \"%.*s\"; it must be %s.", l->file, l->line,
             SLICE_ARG(l->name), (int)(l->value.n > 100 ? 100 : l->value.n), l->value.p, wrong);
    return ERR_SYNTAX;
}

static err_t take_values(struct conf *c, struct buf *why)
{
    err_t err = take_value(c, CONF_CONFIGDIRECTORY, c->value[CONF_CONFIGDIRECTORY].line, why);
    enum conf_id target;

    for (int i = 0; !err && i < CONF_NOPTIONS; i++)
        if (i != CONF_CONFIGDIRECTORY)
            err = take_value(c, (enum conf_id)i, c->value[i].line, why);
    /* old names, once it is known that the new one is not there */
    for (int i = 0; !err && i < CONF_NOPTIONS; i++) {
        const char *now = conf_option((enum conf_id)i)->replaced_by;
        if (now && c->value[i].line && conf_find(slice_cstr(now), &target) &&
            !c->value[target].line)
            err = take_value(c, target, c->value[i].line, why);
    }
    return err;
}

/* ---- what must be there ---- */

static err_t check_configdirectory(const struct conf *c, struct buf *why)
{
    const struct conf_value *v = &c->value[CONF_CONFIGDIRECTORY];

    if (!v->text || !*v->text) {
        buf_addf(why,
                 "%s: configdirectory is missing; add \"configdirectory: DIRECTORY\", the root of "
                 "all server state.",
                 c->path);
        return ERR_BADNAME;
    }
    if (v->text[0] != '/') {
        buf_addf(why,
                 "%s, line %d: configdirectory is \"%s\"; write it from the root, beginning with "
                 "\"/\".",
                 v->line->file, v->line->line, v->text);
        return ERR_BADNAME;
    }
    return ERR_OK;
}

static const char *own_host_name(struct arena *a)
{
    char host[256];

    if (gethostname(host, sizeof host) != 0 || !host[0])
        return "localhost";
    host[sizeof host - 1] = '\0';
    return arena_strndup(a, host, strlen(host));
}

/* The part that reads the new one's own tables only. */
static err_t evaluate(struct conf *c, struct buf *why)
{
    err_t err;

    choose_lines(c);
    choose_environment(c);
    err = take_values(c, why);
    if (!err)
        err = check_configdirectory(c, why);
    if (!err)
        err = partitions_check(c, why);
    if (!err) {
        c->servername = c->value[CONF_SERVERNAME].text;
        if (!c->servername || !*c->servername)
            c->servername = own_host_name(c->arena);
    }
    return err;
}

static err_t replace_loaded(struct conf *c, err_t err, struct buf *why)
{
    if (!err)
        err = evaluate(c, why);
    if (err) {
        conf_free(c);
        return err;
    }
    conf_free(loaded);
    loaded = c;
    return ERR_OK;
}

err_t conf_load(const char *path, const char *service, struct buf *why)
{
    struct conf *c = conf_new(path ? path : CONF_DEFAULT_PATH, service);

    return replace_loaded(c, conf_read_file(c, c->path, why), why);
}

err_t conf_load_text(struct slice text, const char *service, struct buf *why)
{
    struct conf *c = conf_new("text", service);

    return replace_loaded(c, conf_read_text(c, text, why), why);
}

void conf_unload(void)
{
    conf_free(loaded);
    loaded = NULL;
}

/* ---- getters ---- */

const char *conf_path(void)
{
    return conf_self()->path;
}

const char *conf_service(void)
{
    return conf_self()->service;
}

const char *conf_servername(void)
{
    return conf_self()->servername;
}

static const struct conf_value *value_of(enum conf_id id, unsigned types)
{
    BUG_UNLESS((unsigned)id < CONF_NOPTIONS && (types >> conf_option(id)->type & 1));
    return &conf_self()->value[id];
}

const char *conf_string(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_STRING)->text;
}

bool conf_bool(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_BOOL)->flag;
}

int64_t conf_int(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_INT)->number;
}

int64_t conf_seconds(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_DURATION)->number;
}

unsigned conf_enum(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_ENUM | 1 << CONF_T_ONEOF)->index;
}

const char *conf_enum_word(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_ENUM | 1 << CONF_T_ONEOF)->word;
}

uint64_t conf_set(enum conf_id id)
{
    return value_of(id, 1 << CONF_T_SET)->set;
}

bool conf_is_default(enum conf_id id)
{
    return !value_of(id, UINT_MAX)->line;
}

const char *conf_text(const char *name)
{
    const struct conf *c = conf_self();
    const struct conf_line *l = NULL;

    if (c->service)
        l = conf_line_find_for(c, c->service, name);
    if (!l)
        l = conf_line_find_for(c, NULL, name);
    return l ? l->value.p : NULL;
}

bool conf_next(size_t *pos, struct slice *name, struct slice *value, int *line)
{
    const struct conf *c = conf_self();
    const struct conf_line *l;

    if (*pos >= c->lines.n)
        return false;
    l = VEC_AT(&c->lines, struct conf_line, (*pos)++);
    *name = l->name;
    *value = l->value;
    *line = l->line;
    return true;
}

bool conf_next_file(size_t *pos, const char **path)
{
    const struct conf *c = conf_self();

    if (*pos >= c->files.n)
        return false;
    *path = *VEC_AT(&c->files, const char *, (*pos)++);
    return true;
}

bool conf_has_word(enum conf_id id, struct slice want)
{
    struct slice rest = slice_cstr(conf_string(id)), word;

    while (conf_next_word(&rest, &word))
        if (slice_eq(word, want))
            return true;
    return false;
}

void conf_place(enum conf_id id, struct buf *out)
{
    const struct conf_line *l = value_of(id, UINT_MAX)->line;

    if (l)
        buf_addf(out, "%s, line %d: ", l->file, l->line);
    else
        buf_addf(out, "%s: ", conf_path());
}

void conf_dir(struct buf *out, const char *rest)
{
    buf_addf(out, "%s/%s", conf_string(CONF_CONFIGDIRECTORY), rest);
}

void conf_value_text(enum conf_id id, struct buf *out)
{
    const struct conf_option *o = conf_option(id);
    const struct conf_value *v = value_of(id, UINT_MAX);

    if (!v->text)
        return;
    switch (o->type) {
    case CONF_T_BOOL:
        buf_adds(out, v->flag ? "yes" : "no");
        break;
    case CONF_T_ENUM:
    case CONF_T_ONEOF:
        buf_adds(out, v->word);
        break;
    case CONF_T_SET:
        conf_value_put_set(o, v->set, out);
        break;
    case CONF_T_STRING:
    case CONF_T_INT:
    case CONF_T_DURATION:
        buf_adds(out, v->text);
        break;
    }
}
