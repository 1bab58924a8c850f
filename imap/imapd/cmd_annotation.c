/* cmd_annotation.c - GETANNOTATION and SETANNOTATION (draft-daboo-imap-annotatemore; AN-12)
 *
 * The same annotations as those of METADATA under their older names: "/comment" with "value.shared"
 * and "value.priv".  Only with annotation_enable_legacy_commands.
 */
#include "imap/imapd/metadata.h"

#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

enum { ANN_VALUE = 1, ANN_SIZE = 2 };

/* Attributes that are asked for: bits of ANN_* for each of shared and private. */
struct attributes {
    unsigned of[ANNOT_PRIVATE + 1];
};

struct annotation_get {
    struct session *s;
    struct vec wants; /* struct metadata_want */
    struct attributes attributes;
    /* the entry that is being told */
    struct buf mailbox, line;
    struct slice name;
};

static bool is_enabled(struct session *s)
{
    if (!conf_bool(CONF_ANNOTATION_ENABLE_LEGACY_COMMANDS))
        reply_err(s, ERR_DENIED); /* as 3.6 */
    return conf_bool(CONF_ANNOTATION_ENABLE_LEGACY_COMMANDS);
}

/* ---- reading */

static const struct {
    const char *word;
    unsigned bits, attributes;
} attribute_words[] = {
    { "value", ANN_VALUE, ANNOT_SHARED | ANNOT_PRIVATE },
    { "value.shared", ANN_VALUE, ANNOT_SHARED },
    { "value.priv", ANN_VALUE, ANNOT_PRIVATE },
    { "size", ANN_SIZE, ANNOT_SHARED | ANNOT_PRIVATE },
    { "size.shared", ANN_SIZE, ANNOT_SHARED },
    { "size.priv", ANN_SIZE, ANNOT_PRIVATE },
    { "*", ANN_VALUE | ANN_SIZE, ANNOT_SHARED | ANNOT_PRIVATE },
    { "%", ANN_VALUE | ANN_SIZE, ANNOT_SHARED | ANNOT_PRIVATE },
};

/* Others (content-type, modifiedsince) are known to the draft and have no value here. */
static err_t read_attribute(struct annotation_get *g)
{
    struct slice word;
    err_t err = imaptok_string(&g->s->tok, &word);

    for (size_t i = 0; !err && i < sizeof attribute_words / sizeof *attribute_words; i++) {
        if (!slice_eqs_nocase(word, attribute_words[i].word))
            continue;
        for (unsigned a = ANNOT_SHARED; a <= ANNOT_PRIVATE; a++)
            if (attribute_words[i].attributes & a)
                g->attributes.of[a] |= attribute_words[i].bits;
    }
    return err;
}

static err_t read_entry(struct annotation_get *g)
{
    struct metadata_want w = { .attributes = ANNOT_SHARED | ANNOT_PRIVATE };
    err_t err = imaptok_string(&g->s->tok, &w.name);

    if (err)
        return err;
    if (g->wants.n == METADATA_WANTS_MAX || w.name.n > METADATA_NAME_MAX)
        return ERR_LIMIT;
    *VEC_PUSH(&g->wants, struct metadata_want) = w;
    return ERR_OK;
}

/* One string, or several in parentheses. */
static err_t read_some(struct annotation_get *g, err_t (*one)(struct annotation_get *))
{
    struct imaptok *t = &g->s->tok;
    bool more;
    err_t err;

    if (imaptok_peek(t) != '(')
        return one(g);
    err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        err = one(g);
    return err;
}

/* ---- GETANNOTATION */

static void end_entry(struct annotation_get *g)
{
    if (!g->line.n)
        return;
    buf_adds(&g->line, ")\r\n");
    stream_put_slice(out(g->s), buf_slice(&g->line));
    buf_reset(&g->line);
}

static void begin_attribute(struct annotation_get *g, const char *what, enum annot_attribute a)
{
    if (!g->line.n) {
        buf_addf(&g->line, "* ANNOTATION %.*s ", SLICE_ARG(buf_slice(&g->mailbox)));
        imapout_string(&g->line, g->name, 0);
        buf_adds(&g->line, " (");
    } else {
        buf_addc(&g->line, ' ');
    }
    buf_addf(&g->line, "\"%s.%s\" ", what, a == ANNOT_SHARED ? "shared" : "priv");
}

static void put_item(void *arg, const struct metadata_item *item)
{
    struct annotation_get *g = arg;
    unsigned bits = g->attributes.of[item->attribute];

    if (!slice_eq(item->name, g->name)) {
        end_entry(g);
        g->name = item->name;
    }
    if (bits & ANN_VALUE) {
        begin_attribute(g, "value", item->attribute);
        imapout_nstring(&g->line, item->has_value ? item->value : SLICE_NULL, 0);
    }
    if (bits & ANN_SIZE) {
        begin_attribute(g, "size", item->attribute);
        buf_addf(&g->line, "\"%zu\"", item->value.n);
    }
}

static err_t put_target(void *arg, const struct mbentry *entry)
{
    struct annotation_get *g = arg;
    struct metadata_target target = { g->s, entry };
    err_t err;

    buf_reset(&g->mailbox);
    if (entry)
        session_put_mailbox(g->s, &g->mailbox, buf_slice(&entry->name));
    else
        buf_adds(&g->mailbox, "\"\"");
    g->name = SLICE_NULL;
    err = metadata_visit(&target, g->wants.p, g->wants.n, put_item, g);
    end_entry(g);
    return err;
}

void cmd_getannotation(void *session, const struct command *cmd)
{
    struct annotation_get g = { .s = session, .wants = VEC_INIT(struct metadata_want) };
    struct imaptok *t = &g.s->tok;
    struct slice mailbox;
    err_t err;

    if (!is_enabled(g.s))
        return;
    if ((err = imaptok_sp(t)) == ERR_OK && (err = imaptok_list_mailbox(t, &mailbox)) == ERR_OK &&
        (err = imaptok_sp(t)) == ERR_OK && (err = read_some(&g, read_entry)) == ERR_OK &&
        (err = imaptok_sp(t)) == ERR_OK)
        err = read_some(&g, read_attribute);
    if (err) {
        args_bad(g.s, err);
    } else if (args_end(g.s) == ERR_OK) {
        err = mailbox.n ? metadata_mailboxes(g.s, mailbox, put_target, &g) : put_target(&g, NULL);
        if (err)
            reply_err(g.s, err);
        else
            reply_ok(g.s, "Completed");
    }
    buf_fini(&g.mailbox);
    buf_fini(&g.line);
    vec_fini(&g.wants);
}

/* ---- SETANNOTATION */

static bool find_value_attribute(struct slice word, unsigned *attribute)
{
    *attribute = slice_eqs_nocase(word, "value.shared") ? ANNOT_SHARED
                 : slice_eqs_nocase(word, "value.priv") ? ANNOT_PRIVATE
                                                        : 0;
    return *attribute != 0;
}

/* entry SP "(" attribute SP value ... ")"; what has no value here is passed over. */
static err_t read_set(struct session *s, struct vec *sets)
{
    struct imaptok *t = &s->tok;
    struct metadata_set set;
    struct slice word;
    bool more;
    err_t err = imaptok_string(t, &set.name);

    if (!err && (!annot_name_is_valid(set.name) || set.name.n > METADATA_NAME_MAX)) {
        t->why = "Invalid annotation entry";
        err = ERR_SYNTAX;
    }
    if (!err && (err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        if ((err = imaptok_string(t, &word)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK ||
            (err = imaptok_nstring(t, &set.value)) != ERR_OK)
            break;
        if (sets->n == METADATA_WANTS_MAX)
            return ERR_LIMIT;
        if (slice_eqs_nocase(word, "value")) {
            t->why = "An attribute must be shared or private";
            return ERR_SYNTAX;
        }
        if (find_value_attribute(word, &set.attribute))
            *VEC_PUSH(sets, struct metadata_set) = set;
    }
    return err;
}

static err_t read_sets(struct session *s, struct vec *sets)
{
    struct imaptok *t = &s->tok;
    err_t err;

    if (!imaptok_accept(t, '('))
        return read_set(s, sets);
    do {
        err = read_set(s, sets);
    } while (!err && imaptok_accept_sp(t));
    return err ? err : imaptok_char(t, ')');
}

void cmd_setannotation(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct vec sets = VEC_INIT(struct metadata_set);
    struct slice ext;
    err_t err;

    if (!is_enabled(s))
        return;
    if ((err = imaptok_sp(&s->tok)) == ERR_OK && (err = imaptok_astring(&s->tok, &ext)) == ERR_OK &&
        (err = imaptok_sp(&s->tok)) == ERR_OK)
        err = read_sets(s, &sets);
    if (err) {
        args_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        metadata_set_named(s, ext, &sets);
    }
    vec_fini(&sets);
}
