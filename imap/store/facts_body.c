/* facts_body.c - BODY and BODYSTRUCTURE (RFC 3501 7.4.2) of a finished tree of parts */
#include "imap/store/facts_impl.h"
#include "lib/base/vec.h"
#include "lib/text/ascii.h"
#include "lib/text/imapout.h"

enum { LANGUAGES_MAX = 100 };           /* tokens of Content-Language that are kept */

/* ---- from the header of a part ---- */

static struct slice upper(struct arena *arena, struct slice s)
{
    char *p = arena_alloc(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_upper(s.p[i]);
    return slice_make(p, s.n);
}

static void read_disposition(struct fact_part *fp, struct arena *arena, struct slice value)
{
    struct param2231_parser p;
    struct slice token;

    if (param2231_begin_token(&p, value, &token) == ERR_OK) {
        fp->disposition = upper(arena, token);
        fp->ndisposition_params = param2231_all(&p, arena, &fp->disposition_params);
    }
    param2231_fini(&p);
}

static bool is_language(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alpha(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

static void read_languages(struct fact_part *fp, struct arena *arena, struct slice value)
{
    struct param2231_parser p;
    struct slice token;
    struct vec v = VEC_INIT(struct slice);

    param2231_begin_list(&p, value);
    while (v.n < LANGUAGES_MAX && param2231_next_token(&p, &token) && is_language(token))
        *VEC_PUSH(&v, struct slice) = upper(arena, token);
    param2231_fini(&p);
    fp->nlanguages = v.n;
    fp->languages = arena_array(arena, v.n + 1, sizeof *fp->languages);
    for (size_t i = 0; i < v.n; i++)
        fp->languages[i] = *VEC_AT(&v, struct slice, i);
    vec_fini(&v);
}

void fact_part_read(struct fact_part *fp, struct arena *arena, const struct fact_fields *f)
{
    fp->id = fact_unfold(arena, f->value[FF_CONTENT_ID]);
    fp->description = fact_unfold(arena, f->value[FF_CONTENT_DESCRIPTION]);
    fp->md5 = fact_unfold(arena, f->value[FF_CONTENT_MD5]);
    fp->location = fact_unfold(arena, f->value[FF_CONTENT_LOCATION]);
    if (f->value[FF_CONTENT_DISPOSITION].p)
        read_disposition(fp, arena, f->value[FF_CONTENT_DISPOSITION]);
    if (f->value[FF_CONTENT_LANGUAGE].p)
        read_languages(fp, arena, f->value[FF_CONTENT_LANGUAGE]);
}

/* ---- writing ---- */

static void add_string(struct buf *out, struct slice s)
{
    buf_addc(out, ' ');
    imapout_nstring(out, s, 0);
}

/* ' ("NAME" "value" ...)' or ' NIL'. */
static void add_params(struct buf *out, const struct param2231 *params, size_t n)
{
    if (n == 0) {
        buf_adds(out, " NIL");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, i == 0 ? " (" : " ");
        imapout_string(out, params[i].name, 0);
        buf_addc(out, ' ');
        imapout_string(out, params[i].value, 0);
    }
    buf_addc(out, ')');
}

/* Disposition, language, location: the end of the extension data. */
static void add_extensions(struct buf *out, const struct fact_part *fp)
{
    if (fp->disposition.p) {
        buf_adds(out, " (");
        imapout_string(out, fp->disposition, 0);
        add_params(out, fp->disposition_params, fp->ndisposition_params);
        buf_addc(out, ')');
    } else {
        buf_adds(out, " NIL");
    }
    for (size_t i = 0; i < fp->nlanguages; i++) {
        buf_adds(out, i == 0 ? " (" : " ");
        imapout_string(out, fp->languages[i], 0);
    }
    buf_adds(out, fp->nlanguages ? ")" : " NIL");
    add_string(out, fp->location);
}

static bool is_type(const struct mime_part *part, const char *type)
{
    return slice_eqs(part->type, type);
}

/* A text/plain because nothing else was said? */
static bool is_default(const struct mime_part *part)
{
    return !part->has_type && is_type(part, "TEXT");
}

/* '("TYPE" "SUBTYPE" params id description "ENCODING" size' */
static void add_basics(struct buf *out, const struct mime_part *part)
{
    static const struct param2231 us_ascii = { { "CHARSET", 7 }, { "us-ascii", 8 } };
    const struct fact_part *fp = fact_of(part);

    buf_addc(out, '(');
    imapout_string(out, part->type, 0);
    add_string(out, part->subtype);
    if (is_default(part))
        add_params(out, &us_ascii, 1);
    else
        add_params(out, part->params, part->nparams);
    add_string(out, fp->id);
    add_string(out, fp->description);
    add_string(out, part->encoding_name.n ? part->encoding_name : SLICE_LIT("7BIT"));
    buf_addc(out, ' ');
    buf_add_u64(out, part->body_size);
}

static void add_part_end(struct buf *out, const struct mime_part *part, bool extended)
{
    const struct fact_part *fp = fact_of(part);

    if (part->kind == MIME_MESSAGE || is_type(part, "TEXT")) {
        buf_addc(out, ' ');
        buf_add_u64(out, part->body_lines);
    }
    if (extended) {
        add_string(out, fp->md5);
        add_extensions(out, fp);
    }
    buf_addc(out, ')');
}

static void add_multipart_end(struct buf *out, const struct mime_part *part, bool extended)
{
    add_string(out, part->subtype);
    if (extended) {
        add_params(out, part->params, part->nparams);
        add_extensions(out, fact_of(part));
    }
    buf_addc(out, ')');
}

/* Before the children of a part. */
static void enter(struct buf *out, const struct mime_part *part, bool extended)
{
    if (part->kind == MIME_MULTIPART && !part->child) {
        buf_adds(out, "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0");
        buf_adds(out, extended ? " NIL NIL NIL NIL)" : ")");
    } else if (part->kind == MIME_MULTIPART) {
        buf_addc(out, '(');
    } else if (part->kind == MIME_MESSAGE) {
        add_basics(out, part);
        buf_addc(out, ' ');
        buf_add_slice(out, fact_of(part)->envelope);
        buf_addc(out, ' ');
    } else {
        add_basics(out, part);
        add_part_end(out, part, extended);
    }
}

/* Behind them. */
static void leave(struct buf *out, const struct mime_part *part, bool extended)
{
    if (part->kind == MIME_MULTIPART)
        add_multipart_end(out, part, extended);
    else
        add_part_end(out, part, extended);
}

void fact_body(struct buf *out, const struct mime_part *root, bool extended)
{
    const struct mime_part *part = root;

    for (;;) {
        enter(out, part, extended);
        if (part->child) {
            part = part->child;
            continue;
        }
        while (part != root && !part->next) {
            part = part->parent;
            leave(out, part, extended);
        }
        if (part == root)
            return;
        part = part->next;
    }
}
