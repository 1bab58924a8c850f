/* annotation_set.c - annotations of messages are set and go along; see annotation.h */
#include "imap/imapd/annotation.h"

#include "imap/store/annot.h"
#include "imap/store/msgannot_entry.h"

static err_t fault(struct annotation_changes *a, enum annotation_fault what, err_t err)
{
    a->fault = what;
    return err;
}

/* RFC 5257 3.4: a private value needs r, a shared one n. */
static err_t check_one(struct annotation_changes *a, const struct annotation_change *c, rights_t have)
{
    rights_t need;

    if (c->value.n > MSGANNOT_VALUE_MAX)
        return fault(a, ANNOTATION_TOOBIG, ERR_LIMIT);
    err_t err = c->is_size ? ERR_DENIED : msgannot_may_set(c->entry, c->attribute, c->value, &need);
    if (err == ERR_SYNTAX)
        return fault(a, ANNOTATION_BAD_VALUE, err);
    if (err)
        return err;
    need |= c->attribute == ANNOT_SHARED ? ACL_N : ACL_R;
    return (have & need) == need ? ERR_OK : ERR_DENIED;
}

err_t annotation_check(struct annotation_changes *a, rights_t have)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < a->n && !err; i++)
        err = check_one(a, &a->all[i], have);
    return err;
}

/* ---- parts ---- */

static bool has_part(const struct cache_record *cache, uint32_t version, const uint32_t *parts, size_t n)
{
    struct cache_section at;

    return n == 0 || cache_section_find(cache->item[CACHE_SECTION], version, parts, n, CACHE_PART_BODY, &at) == ERR_OK;
}

err_t annotation_check_parts(const struct annotation_want *w, const struct record *r,
                             const struct cache_record *cache)
{
    for (size_t i = 0; i < w->n; i++)
        if (!has_part(cache, r->cache_version, w->names[i].parts, w->names[i].nparts))
            return ERR_BADNAME;
    return ERR_OK;
}

static bool about_parts(const struct annotation_changes *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->all[i].nparts)
            return true;
    return false;
}

static err_t check_parts(struct annotation_changes *a, const struct cache_record *cache, uint32_t version)
{
    for (size_t i = 0; i < a->n; i++)
        if (!has_part(cache, version, a->all[i].parts, a->all[i].nparts))
            return fault(a, ANNOTATION_NO_PART, ERR_BADNAME);
    return ERR_OK;
}

err_t annotation_check_stored_parts(struct mailbox *mb, uint32_t recno, struct annotation_changes *a)
{
    struct cache_record cache;
    struct record r;

    if (!about_parts(a))
        return ERR_OK;
    mailbox_record(mb, recno, &r);
    err_t err = mailbox_cache(mb, recno, &cache);
    return err ? err : check_parts(a, &cache, r.cache_version);
}

err_t annotation_check_staged_parts(const struct facts *f, struct annotation_changes *a)
{
    struct cache_record cache;

    if (!about_parts(a))
        return ERR_OK;
    err_t err = cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &cache);
    return err ? err : check_parts(a, &cache, FACTS_CACHE_VERSION);
}

/* ---- the commit ---- */

err_t annotation_set(struct session *s, struct commit *c, struct slice mailbox, uint32_t uid,
                     struct annotation_changes *a)
{
    const struct slice mine = annot_userid(mailbox, ident_userid(s->base->ident));
    err_t err = ERR_OK;

    for (size_t i = 0; i < a->n && !err; i++)
        err = commit_annotate(c, uid, a->all[i].entry, a->all[i].attribute == ANNOT_PRIVATE ? mine : SLICE_NULL,
                              a->all[i].value);
    return err == ERR_LIMIT ? fault(a, ANNOTATION_TOOMANY, err) : err;
}

void annotation_refuse(struct session *s, err_t err, const struct annotation_changes *a)
{
    switch (a->fault) {
    case ANNOTATION_TOOBIG:
        reply_no(s, "ANNOTATE TOOBIG", "The value of the annotation is too large");
        return;
    case ANNOTATION_TOOMANY:
        reply_no(s, "ANNOTATE TOOMANY", "Too many annotations");
        return;
    case ANNOTATION_NO_PART:
        reply_bad(s, "No such body part");
        return;
    case ANNOTATION_BAD_VALUE:
        reply_no(s, "CANNOT", "The annotation cannot have this value");
        return;
    case ANNOTATION_FINE:
        reply_err(s, err);
    }
}

struct annot_copy annotation_copy_rule(struct session *s, struct slice from_mailbox, struct slice to_mailbox,
                                       rights_t target)
{
    const struct slice user = ident_userid(s->base->ident);

    return (struct annot_copy){
        .shared = target & ACL_N,
        .of_user = target & ACL_R,
        .from = annot_userid(from_mailbox, user),
        .to = annot_userid(to_mailbox, user),
    };
}
