/* metadata_set.c - setting annotations: rights, types, special uses, then all or nothing
 * (metadata.h) */
#include "imap/imapd/metadata.h"

#include "imap/imapd/search_filter.h"
#include "imap/store/annot.h"
#include "imap/store/listener.h"
#include "imap/store/mailbox.h"
#include "imap/store/mbname.h"
#include "imap/store/specialuse.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"
#include "lib/text/date_imap.h"

/* Everything about one SETMETADATA. */
struct setting {
    struct session *s;
    const struct mbentry *entry; /* NULL: the server */
    rights_t rights;
    struct slice mine;  /* userid of private values */
    struct vec changes; /* struct annot_change */
    struct vec files;   /* struct msg_file */
    struct mbop_annotations op;
    time_t pop3_show_after;
};

struct msg_file {
    const char *name;
    struct slice text;
};

/* Why it was refused: response code (may be NULL) and words. */
struct refusal {
    const char *code, *text;
};

static const struct refusal denied = { "NOPERM", "Permission denied" };
static const struct refusal no_private = { "METADATA NOPRIVATE",
                                           "Private annotations need a user" };
static const struct refusal too_large = { "METADATA MAXSIZE 65536", "Annotation is too large" };
static const struct refusal bad_value = { "CANNOT", "Invalid annotation value" };
static const struct refusal bad_filter = { "CANNOT", "These are no complete search criteria" };
static const struct refusal bad_filter_name = { "CANNOT", "Invalid filter name" };
static const struct refusal bad_use = { "USEATTR", "Invalid annotation entry" };
static const struct refusal use_conflict = { "USEATTR", "SPECIAL-USE flag conflict" };

static bool is_admin_of(const struct setting *t)
{
    const struct session_base *b = t->s->base;

    return b->is_admin && (!t->entry || acl_admin_covers(buf_slice(&t->entry->name), b->ident));
}

static const struct refusal *check_rights(const struct setting *t, const struct annot_entry *e,
                                          const struct metadata_set *set)
{
    if (e && !(e->writable & set->attribute))
        return &denied;
    if (set->attribute == ANNOT_PRIVATE && ident_is_anonymous(t->s->base->ident))
        return &no_private;
    if (is_admin_of(t))
        return NULL;
    if (!t->entry)
        return set->attribute == ANNOT_SHARED ? &denied : NULL;
    if (set->attribute == ANNOT_PRIVATE)
        return policy_check(OP_GET_ANNOTATION, t->rights) == ERR_OK ? NULL : &denied;
    if (policy_check(OP_ANNOTATE, t->rights) != ERR_OK)
        return &denied;
    if (e && ((t->rights & e->all) != e->all || (e->any && !(t->rights & e->any))))
        return &denied;
    return NULL;
}

/* A use is for one mailbox of its owner (SU-02); INBOX has its own. */
static const struct refusal *check_use(const struct setting *t, struct slice uses)
{
    struct session_base *b = t->s->base;
    bool taken = false;

    if (!uses.n || mbname_is_inbox(buf_slice(&t->entry->name)))
        return NULL;
    if (specialuse_taken(b->store, t->entry, t->mine, uses, &taken) != ERR_OK || taken)
        return &use_conflict;
    return NULL;
}

static void set_option(struct setting *t, uint32_t bit, struct slice value, bool by_default)
{
    bool on = value.n ? slice_eqs(value, "true") : by_default;

    *(on ? &t->op.options_set : &t->op.options_clear) |= bit;
    *(on ? &t->op.options_clear : &t->op.options_set) &= ~bit;
}

/* Where the value goes. */
static void place(struct setting *t, const struct annot_entry *e, const struct metadata_set *set,
                  struct slice value)
{
    switch (e ? e->source : ANNOT_IN_DB) {
    case ANNOT_OPTION_POP3_NEW_UIDL:
        set_option(t, MBOPT_POP3_NEW_UIDL, value, true);
        break;
    case ANNOT_OPTION_SHAREDSEEN:
        set_option(t, MBOPT_SHAREDSEEN, value, false);
        break;
    case ANNOT_OPTION_DUPDELIVER:
        set_option(t, MBOPT_DUPDELIVER, value, false);
        break;
    case ANNOT_POP3_SHOW_AFTER:
        t->pop3_show_after = 0;
        if (value.n && date_imap_parse(value, &t->pop3_show_after) != ERR_OK)
            break; /* it was checked */
        t->op.pop3_show_after = &t->pop3_show_after;
        break;
    case ANNOT_MOTD:
        *VEC_PUSH(&t->files, struct msg_file) = (struct msg_file){ "motd", value };
        break;
    case ANNOT_SHUTDOWN:
        *VEC_PUSH(&t->files, struct msg_file) = (struct msg_file){ "shutdown", value };
        break;
    default:
        *VEC_PUSH(&t->changes, struct annot_change) = (struct annot_change){
            .entry = e ? slice_cstr(e->name) : set->name,
            .userid = set->attribute == ANNOT_PRIVATE ? t->mine : SLICE_NULL,
            .value = value,
        };
    }
}

/* RFC 5466 3.2: a filter is stored under its name in lower case, and only if it can be used. */
static const struct refusal *check_filter(const struct setting *t, enum search_filter_entry kind,
                                          struct metadata_set *set)
{
    char *name = arena_strndup(t->s->base->command, set->name.p, set->name.n);

    for (size_t i = 0; i < set->name.n; i++)
        name[i] = ascii_lower(name[i]);
    set->name = slice_make(name, set->name.n);
    if (kind == FILTER_BAD_NAME)
        return &bad_filter_name;
    return kind == FILTER_VALUE && set->value.n && !search_filter_is_sound(t->s, set->value) ? &bad_filter : NULL;
}

static const struct refusal *take_set(struct setting *t, struct metadata_set *set)
{
    const struct annot_entry *e =
        annot_entry_find(t->entry ? ANNOT_MAILBOX : ANNOT_SERVER, set->name);
    const enum search_filter_entry filter = t->entry ? FILTER_NONE : search_filter_entry(set->name);
    const struct refusal *why;
    struct buf value = BUF_INIT;

    if (!e && !filter && !conf_bool(CONF_ANNOTATION_ALLOW_UNDEFINED))
        return &denied;
    if ((why = check_rights(t, e, set)) != NULL)
        return why;
    if (set->value.n > METADATA_VALUE_MAX)
        return &too_large;
    if (filter && (why = check_filter(t, filter, set)) != NULL)
        return why;
    err_t err = annot_value_check(e ? e->type : ANNOT_STRING, set->value, &value);
    if (err)
        why = err == ERR_UNSUPPORTED ? &bad_use : &bad_value;
    else if (e && e->type == ANNOT_USE)
        why = check_use(t, buf_slice(&value));
    if (!why)
        place(t, e, set, arena_dup(t->s->base->command, buf_slice(&value)));
    buf_fini(&value);
    return why;
}

static err_t execute(struct setting *t)
{
    struct store *store = t->s->base->store;
    err_t err = ERR_OK;

    t->op.changes = t->changes.p;
    t->op.nchanges = t->changes.n;
    if (t->entry)
        return mbop_annotate_all(store, buf_slice(&t->entry->name), &t->op);
    if (t->changes.n)
        err = annot_change_all(store, SLICE_NULL, t->changes.p, t->changes.n);
    for (size_t i = 0; i < t->files.n && !err; i++) {
        const struct msg_file *f = VEC_AT(&t->files, struct msg_file, i);

        err = metadata_msg_write(f->name, f->text);
    }
    return err;
}

/* Who watches the mailbox hears which values are new: a bounded number of names at a time. */
static void tell(const struct setting *t, const struct vec *sets)
{
    enum { ENTRIES_BYTES = 4096 };
    struct store_event ev = { .kind = EV_METADATA, .other = t->mine };
    struct buf names = BUF_INIT;

    if (t->entry)
        ev.mailbox = buf_slice(&t->entry->name);
    for (size_t i = 0; i < sets->n; i++) {
        const struct metadata_set *set = VEC_AT(sets, struct metadata_set, i);

        buf_addf(&names, "%s%.*s\n", set->attribute == ANNOT_SHARED ? "/shared" : "/private",
                 SLICE_ARG(set->name));
        if (i + 1 < sets->n && names.n < ENTRIES_BYTES)
            continue;
        ev.entries = buf_slice(&names);
        store_tell(t->s->base->store, &ev);
        buf_reset(&names);
    }
    buf_fini(&names);
}

static void done(const struct setting *t, const struct vec *sets)
{
    tell(t, sets);
    reply_ok(t->s, "Completed");
}

static void run(struct setting *t, const struct vec *sets)
{
    const struct refusal *why = NULL;
    err_t err = ERR_OK;

    for (size_t i = 0; i < sets->n && !why; i++)
        why = take_set(t, VEC_AT(sets, struct metadata_set, i));
    if (!why)
        err = execute(t);
    if (why)
        reply_no(t->s, why->code, why->text);
    else if (err == ERR_LIMIT)
        reply_no(t->s, "METADATA TOOMANY", "Too many annotations");
    else if (err)
        reply_err(t->s, err);
    else
        done(t, sets);
}

/* The mailbox and what this user may do there; the NO is out on failure. */
static err_t open_target(struct setting *t, struct slice intname, struct mbentry *entry)
{
    struct session_base *b = t->s->base;
    err_t err = mblist_access(b->store, intname, b->ident, b->is_admin, entry, &t->rights);

    if (!err && !mbentry_is_mail(entry))
        err = ERR_NOTFOUND;
    t->entry = entry;
    if (!err && !metadata_may_read(t->s, entry, t->rights))
        err = policy_check(OP_GET_ANNOTATION, t->rights);
    if (err)
        reply_err(t->s, err);
    return err;
}

void metadata_set_all(struct session *s, struct slice intname, const struct vec *sets)
{
    struct setting t = { .s = s,
                         .changes = VEC_INIT(struct annot_change),
                         .files = VEC_INIT(struct msg_file) };
    struct mbentry entry;

    mbentry_init(&entry);
    t.mine = annot_userid(intname, ident_userid(s->base->ident));
    if (!intname.n || open_target(&t, intname, &entry) == ERR_OK)
        run(&t, sets);
    mbentry_fini(&entry);
    vec_fini(&t.changes);
    vec_fini(&t.files);
}

void metadata_set_named(struct session *s, struct slice extname, const struct vec *sets)
{
    struct buf name = BUF_INIT;

    if (extname.n && namespace_to_internal(s->ns, extname, &name) != ERR_OK)
        reply_err(s, ERR_NOTFOUND);
    else
        metadata_set_all(s, buf_slice(&name), sets);
    buf_fini(&name);
}
