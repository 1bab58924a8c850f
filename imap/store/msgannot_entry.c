/* msgannot_entry.c - see msgannot_entry.h */
#include "imap/store/msgannot_entry.h"

#include "imap/store/annot_define.h"
#include "imap/store/msgannot.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"

#define VENDOR "/vendor/cmu/cyrus-imapd/"

const char *const msgannot_names[] = { "/comment",         "/altsubject",
                                       VENDOR "snoozed",   VENDOR "snoozed-until",
                                       VENDOR "basethrid", NULL };

static const char *const part_names[] = { "/comment", NULL };
/* "1", "0" or nothing (RFC 5257 3.2.1). */
static const char *const part_flags[] = { "/flags/seen", "/flags/answered", "/flags/flagged",
                                          "/flags/forwarded", NULL };

static bool is_one_of(struct slice name, const char *const *names)
{
    for (; *names; names++)
        if (slice_eqs(name, *names))
            return true;
    return false;
}

/* ---- names ---- */

/* "1.2" in front, before the next "/" or the end. */
static err_t read_part(struct slice part, uint32_t *parts, size_t *n)
{
    struct slice one;
    bool more = true;

    while (more) {
        part = slice_split(part, '.', &one, &more);
        if (*n == MSGANNOT_PARTS_MAX || !one.n || one.p[0] == '0' ||
            num_u32(one, &parts[*n]) != ERR_OK)
            return ERR_SYNTAX;
        ++*n;
    }
    return ERR_OK;
}

/* The name without the number of a part. */
static struct slice without_part(struct slice name)
{
    ptrdiff_t at = slice_find(slice_skip(name, 1), '/');

    if (name.n < 2 || !ascii_is(name.p[1], A_DIGIT))
        return name;
    return at < 0 ? SLICE_NULL : slice_skip(name, (size_t)at + 1);
}

err_t msgannot_name_check(struct slice name, uint32_t parts[MSGANNOT_PARTS_MAX], size_t *nparts)
{
    struct slice first;

    *nparts = 0;
    if (name.n > MSGANNOT_NAME_MAX || !annot_name_is_valid(name))
        return ERR_SYNTAX;
    if (!ascii_is(name.p[1], A_DIGIT))
        return ERR_OK;
    (void)slice_split(slice_skip(name, 1), '/', &first, NULL);
    return read_part(first, parts, nparts);
}

/* ---- values ---- */

static const struct annot_entry *find_defined(struct slice name)
{
    size_t n;
    const struct annot_entry *e = annot_defined(&n);

    for (size_t i = 0; i < n; i++)
        if (e[i].scope == ANNOT_MESSAGE && slice_eqs(name, e[i].name))
            return &e[i];
    return NULL;
}

static err_t may_set_defined(const struct annot_entry *e, enum annot_attribute attribute,
                             struct slice value, rights_t *need)
{
    struct buf checked = BUF_INIT;

    if (!(e->writable & attribute))
        return ERR_DENIED;
    if (attribute == ANNOT_SHARED)
        *need = e->all;
    err_t err = value.p ? annot_value_check(e->type, value, &checked) : ERR_OK;
    buf_fini(&checked);
    return err ? ERR_SYNTAX : ERR_OK;
}

static err_t check_flag(struct slice value)
{
    return !value.p || slice_eqs(value, "0") || slice_eqs(value, "1") ? ERR_OK : ERR_SYNTAX;
}

err_t msgannot_may_set(struct slice name, enum annot_attribute attribute, struct slice value,
                       rights_t *need)
{
    const struct slice rest = without_part(name);
    const bool is_part = rest.p != name.p;
    const struct annot_entry *e;

    *need = 0;
    if (!rest.n || msgannot_is_field(rest) ||
        (!is_part && (slice_eqs(rest, "/flags") || slice_starts(rest, SLICE_LIT("/flags/")))))
        return ERR_DENIED; /* RFC 5257 3.5: reserved */
    if (is_part && is_one_of(rest, part_flags))
        return check_flag(value);
    if (is_one_of(rest, is_part ? part_names : msgannot_names))
        return ERR_OK;
    e = find_defined(rest);
    if (e)
        return may_set_defined(e, attribute, value, need);
    return conf_bool(CONF_ANNOTATION_ALLOW_UNDEFINED) ? ERR_OK : ERR_DENIED;
}
