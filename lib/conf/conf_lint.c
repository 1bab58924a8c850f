/* conf_lint.c - remarks about a loaded file: names without effect, unknown, obsolete, blank */
#include "lib/base/log.h"
#include "lib/conf/conf_impl.h"

struct check {
    const struct conf *c;
    const struct slice *services;
    size_t nservices;
    void (*complain)(void *, const struct conf_complaint *);
    void *arg;
    struct arena *scratch;
};

static void report(const struct check *k, const struct conf_line *l, enum conf_complaint_kind kind,
                   const char *text)
{
    struct conf_complaint complaint = { .kind = kind, .file = l->file, .line = l->line,
                                        .name = l->name, .value = l->value, .text = text };

    k->complain(k->arg, &complaint);
}

/* May this word stand before the option?  Services, and replication channels of any name. */
static bool is_prefix(const struct check *k, struct slice word, enum conf_id id)
{
    if (!k->services || slice_starts(slice_cstr(conf_option(id)->name), SLICE_LIT("sync_")))
        return true;
    if (k->c->service && slice_eqs_nocase(word, k->c->service))
        return true;
    for (size_t i = 0; i < k->nservices; i++)
        if (slice_eq_nocase(word, k->services[i]))
            return true;
    return false;
}

static bool is_known(const struct check *k, const struct conf_line *l, enum conf_id *id)
{
    struct slice word;
    size_t pos = 0;

    if (conf_find(l->name, id))
        return true;
    while (conf_next_split(l->name, &pos, &word, id))
        if (is_prefix(k, word, *id))
            return true;
    return conf_find_family(l->name, id);
}

static void check_mark(const struct check *k, const struct conf_line *l,
                       const struct conf_option *o)
{
    const char *name = arena_cstr(k->scratch, l->name);

    if (o->mark == CONF_M_LATER)
        report(k, l, CONF_C_LATER,
               arena_printf(k->scratch, "%s has no effect: what it configures is not part of this "
                            "version.", name));
    else if (o->mark == CONF_M_OBSOLETE && o->replaced_by)
        report(k, l, CONF_C_OBSOLETE,
               arena_printf(k->scratch, "%s is an old name; write %s.", name, o->replaced_by));
    else if (o->mark == CONF_M_OBSOLETE)
        report(k, l, CONF_C_OBSOLETE,
               arena_printf(k->scratch, "%s is obsolete and has no effect; remove it.", name));
}

static void check_value(const struct check *k, const struct conf_line *l,
                        const struct conf_option *o)
{
    struct conf_value value = { 0 };
    struct slice partition;
    const char *wrong;

    if (partition_of_line(l->name, &partition) && !partition_exists(partition))
        report(k, l, CONF_C_VALUE,
               arena_printf(k->scratch, "%.*s is for a partition that has no partition-%.*s.",
                            SLICE_ARG(l->name), SLICE_ARG(partition)));
    if (o->type == CONF_T_STRING || (o->type == CONF_T_SET && conf_value_is_blank(l->value)))
        return;
    if (conf_value_is_blank(l->value))
        report(k, l, CONF_C_VALUE,
               arena_printf(k->scratch, "%.*s is blank; the default (%s) is used.",
                            SLICE_ARG(l->name), o->fallback ? o->fallback : "unset"));
    else if (conf_value_parse(o, k->scratch, l->value.p, &value, &wrong))
        report(k, l, CONF_C_VALUE,
               arena_printf(k->scratch, "%.*s must be %s.", SLICE_ARG(l->name), wrong));
}

void conf_check(const struct slice *services, size_t n,
                void (*complain)(void *, const struct conf_complaint *), void *arg)
{
    struct check k = { .c = conf_self(), .services = services, .nservices = n,
                       .complain = complain, .arg = arg, .scratch = arena_new(0) };
    enum conf_id id;

    for (size_t i = 0; i < k.c->lines.n; i++) {
        const struct conf_line *l = VEC_AT(&k.c->lines, struct conf_line, i);
        if (!is_known(&k, l, &id)) {
            report(&k, l, CONF_C_UNKNOWN,
                   arena_printf(k.scratch, "%.*s is no known option.", SLICE_ARG(l->name)));
            continue;
        }
        check_mark(&k, l, conf_option(id));
        check_value(&k, l, conf_option(id));
        arena_reset(k.scratch);
    }
    arena_free(&k.scratch);
}

/* ---- as text ---- */

struct lint {
    void (*complain)(void *, int line, const char *text);
    void *arg;
};

static void lint_one(void *arg, const struct conf_complaint *c)
{
    const struct lint *l = arg;

    l->complain(l->arg, c->line, c->text);
}

void conf_lint(void (*complain)(void *, int line, const char *text), void *arg)
{
    struct lint l = { complain, arg };

    conf_check(NULL, 0, lint_one, &l);
}

/* ---- to the log ---- */

enum { CONF_C_NKINDS = CONF_C_VALUE + 1 };

static void collect(void *arg, const struct conf_complaint *c)
{
    struct buf *names = arg;
    struct buf *b = &names[c->kind];

    if (b->n > 0)
        buf_adds(b, ", ");
    buf_add_slice(b, c->name);
}

void conf_log_complaints(void)
{
    static const char *const intro[CONF_C_NKINDS] = {
        [CONF_C_UNKNOWN] = "unknown options, ignored",
        [CONF_C_OBSOLETE] = "obsolete options",
        [CONF_C_LATER] = "options without effect, their part of the server is not in this version",
        [CONF_C_VALUE] = "options with a blank or wrong value",
    };
    struct buf names[CONF_C_NKINDS] = { BUF_INIT };

    conf_check(NULL, 0, collect, names);
    for (int i = 0; i < CONF_C_NKINDS; i++) {
        if (names[i].n > 0)
            log_notice("%s: %s: %s", conf_path(), intro[i], buf_cstr(&names[i]));
        buf_fini(&names[i]);
    }
}
