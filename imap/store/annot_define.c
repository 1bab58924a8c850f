/* annot_define.c - see annot_define.h */
#include "imap/store/annot_define.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"

/* ---- one line ---- */

struct word {
    const char *text;
    int value;
};

enum { IS_CONTENT_TYPE = ANNOT_STRING };

static const struct word scopes[] = { { "server", ANNOT_SERVER },
                                      { "mailbox", ANNOT_MAILBOX },
                                      { "message", ANNOT_MESSAGE },
                                      { NULL, 0 } };
static const struct word types[] = {
    { "string", ANNOT_STRING }, { "boolean", ANNOT_BOOL },           { "int", ANNOT_INT },
    { "uint", ANNOT_UINT },     { "content-type", IS_CONTENT_TYPE }, { NULL, 0 }
};
static const struct word proxies[] = {
    { "proxy", 0 }, { "backend", 0 }, { "proxy_and_backend", 0 }, { NULL, 0 }
};
static const struct word attributes[] = { { "value.shared", ANNOT_SHARED },
                                          { "value.priv", ANNOT_PRIVATE },
                                          { "value", ANNOT_SHARED | ANNOT_PRIVATE },
                                          { NULL, 0 } };

static bool find_word(const struct word *w, struct slice text, int *out)
{
    for (; w->text; w++) {
        if (!slice_eqs_nocase(text, w->text))
            continue;
        *out = w->value;
        return true;
    }
    return false;
}

static bool read_attributes(struct slice text, unsigned *out)
{
    struct slice one;
    int bits;

    *out = 0;
    while (text.n) {
        text = slice_trim(slice_split(text, ' ', &one, NULL));
        if (!find_word(attributes, one, &bits))
            return false;
        *out |= (unsigned)bits;
    }
    return *out != 0;
}

static struct slice next_field(struct slice *rest)
{
    struct slice field;

    *rest = slice_split(*rest, ',', &field, NULL);
    return slice_trim(field);
}

err_t annot_definition_parse(struct slice line, struct annot_definition *out, const char **why)
{
    struct slice rest = slice_trim(line);
    int scope = 0, type = 0, proxy;
    char bad;

    *out = (struct annot_definition){ 0 };
    *why = NULL;
    if (!rest.n || rest.p[0] == '#')
        return ERR_NOTFOUND;
    out->name = next_field(&rest);
    if (!annot_name_is_valid(out->name))
        *why = "the name is not that of an entry";
    else if (!find_word(scopes, next_field(&rest), &scope))
        *why = "the scope is not server, mailbox or message";
    else if (!find_word(types, next_field(&rest), &type))
        *why = "the type is not string, boolean, int, uint or content-type";
    else if (!find_word(proxies, next_field(&rest), &proxy))
        *why = "the proxy type is not proxy, backend or proxy_and_backend";
    else if (!read_attributes(next_field(&rest), &out->entry.readable))
        *why = "attributes are value.shared, value.priv and value";
    else if (acl_parse_rights(slice_trim(rest), &out->entry.all, &bad) != ERR_OK)
        *why = "a right of that letter does not exist";
    out->entry.scope = (enum annot_scope)scope;
    out->entry.type = (enum annot_type)type;
    out->entry.writable = out->entry.readable;
    return *why ? ERR_SYNTAX : ERR_OK;
}

/* ---- the file ---- */

static struct {
    bool loaded;
    struct vec entries; /* struct annot_entry; names live as long as the process */
} defined;

static void take_line(const char *path, unsigned number, struct slice line)
{
    struct annot_definition d;
    const char *why;
    err_t err = annot_definition_parse(line, &d, &why);

    if (!err && defined.entries.n == ANNOT_DEFINITIONS_MAX) {
        err = ERR_SYNTAX;
        why = "there are too many definitions";
    }
    if (err == ERR_SYNTAX)
        log_err("CONFIG: definition of an annotation cannot be used, mend the line: filename=<%s> "
                "line=<%u> error=<%s>",
                path, number, why);
    if (err)
        return;
    d.entry.name = mem_strndup(d.name.p, d.name.n);
    *VEC_PUSH(&defined.entries, struct annot_entry) = d.entry;
}

static void load(void)
{
    const char *path = conf_string(CONF_ANNOTATION_DEFINITIONS);
    struct buf bytes = BUF_INIT;
    struct slice rest, line;
    unsigned number = 0;

    defined.loaded = true;
    vec_init(&defined.entries, sizeof(struct annot_entry));
    if (!path || !*path)
        return;
    err_t err = file_load(path, ANNOT_DEFINITIONS_BYTES, &bytes);
    if (err)
        log_err(
            "CONFIG: annotation_definitions cannot be read, no annotation of the site is known: "
            "filename=<%s> error=<%s>",
            path, err_name(err));
    for (rest = buf_slice(&bytes); !err && rest.n;) {
        rest = slice_split(rest, '\n', &line, NULL);
        take_line(path, ++number, line);
    }
    buf_fini(&bytes);
}

const struct annot_entry *annot_defined(size_t *n)
{
    if (!defined.loaded)
        load();
    *n = defined.entries.n;
    return defined.entries.p;
}

const struct annot_entry *annot_defined_find(enum annot_scope scope, struct slice name)
{
    size_t n;
    const struct annot_entry *e = annot_defined(&n);

    for (size_t i = 0; i < n; i++)
        if (e[i].scope == scope && slice_eqs_nocase(name, e[i].name))
            return &e[i];
    return NULL;
}
