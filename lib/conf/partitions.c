/* partitions.c - see partitions.h: the table is made once, when the configuration is read */
#include "lib/conf/partitions.h"

#include "lib/conf/conf_impl.h"

/* KIND in metadir-KIND-NAME; annotations have none of their own. */
static const char *const kind_word[PARTITION_NMETA] = {
    [PARTITION_HEADER] = "header",      [PARTITION_INDEX] = "index",
    [PARTITION_CACHE] = "cache",        [PARTITION_EXPUNGE] = "expunge",
    [PARTITION_SQUAT] = "squat",        [PARTITION_ANNOTATIONS] = "index",
    [PARTITION_LOCK] = "lock",          [PARTITION_DAV] = "dav",
    [PARTITION_ARCHIVECACHE] = "archivecache",
};

static bool cut_prefix(struct slice name, const char *prefix, struct slice *rest)
{
    struct slice p = slice_cstr(prefix);

    *rest = slice_skip(name, p.n);
    return slice_starts(name, p) && rest->n > 0;
}

bool partition_of_line(struct slice line_name, struct slice *partition)
{
    struct slice kind;

    if (cut_prefix(line_name, "metapartition-", partition) ||
        cut_prefix(line_name, "archivepartition-", partition))
        return true;
    if (!cut_prefix(line_name, "metadir-", &kind))
        return false;
    *partition = slice_split(kind, '-', &kind, NULL);
    for (int i = 0; i < PARTITION_NMETA; i++)
        if (slice_eqs(kind, kind_word[i]))
            return true;
    return false;
}

/* ---- making the table ---- */

/* Directory in a line: absolute, "/" at its end taken off. */
static err_t directory(struct conf *c, const struct conf_line *l, const char **out, struct buf *why)
{
    struct slice dir = l->value;

    if (dir.n == 0 || dir.p[0] != '/') {
        buf_addf(why,
                 "%s, line %d: %.*s is \"%.*s\"; write the directory from the root, beginning with "
                 "\"/\".",
                 l->file, l->line, SLICE_ARG(l->name), SLICE_ARG(dir));
        return ERR_BADNAME;
    }
    while (dir.n > 1 && dir.p[dir.n - 1] == '/')
        dir.n--;
    *out = arena_cstr(c->arena, dir);
    return ERR_OK;
}

/* Directory of the line "<prefix><partition>"; *out is left alone when there is no such line. */
static err_t find_directory(struct conf *c, const char *prefix, struct slice partition,
                            const char **out, struct buf *why)
{
    struct buf name = BUF_INIT;
    const struct conf_line *l;

    buf_adds(&name, prefix);
    buf_add_slice(&name, partition);
    l = conf_line_find(c, buf_slice(&name));
    buf_fini(&name);
    return l ? directory(c, l, out, why) : ERR_OK;
}

static err_t fill(struct conf *c, struct partition *p, struct buf *why)
{
    uint64_t listed = c->value[CONF_METAPARTITION_FILES].set;
    const char *meta = NULL, *archive = NULL;
    err_t err = find_directory(c, "metapartition-", p->name, &meta, why);

    if (!err)
        err = find_directory(c, "archivepartition-", p->name, &archive, why);
    if (c->value[CONF_ARCHIVE_ENABLED].flag)
        p->archive = archive;
    for (int i = 0; !err && i < PARTITION_NMETA; i++) {
        char prefix[32];
        if (meta && (listed >> i & 1))
            p->root[i] = meta;
        else if (p->archive && i == PARTITION_ARCHIVECACHE)
            p->root[i] = p->archive;
        else
            p->root[i] = p->root[PARTITION_DATA];
        snprintf(prefix, sizeof prefix, "metadir-%s-", kind_word[i]);
        err = find_directory(c, prefix, p->name, &p->root[i], why);
    }
    return err;
}

static const struct partition *find(const struct conf *c, struct slice name)
{
    for (size_t i = 0; i < c->partitions.n; i++) {
        const struct partition *p = VEC_AT(&c->partitions, struct partition, i);
        if (slice_eq_nocase(p->name, name))
            return p;
    }
    return NULL;
}

static err_t check_default(const struct conf *c, struct buf *why)
{
    const struct conf_value *dflt = &c->value[CONF_DEFAULTPARTITION];

    if (dflt->text && *dflt->text && !find(c, slice_cstr(dflt->text))) {
        buf_addf(why, "%s, line %d: defaultpartition is \"%s\", but there is no partition-%s; add "
                 "\"partition-%s: DIRECTORY\" or name another.", dflt->line->file, dflt->line->line,
                 dflt->text, dflt->text, dflt->text);
        return ERR_BADNAME;
    }
    if (c->partitions.n == 0 && !c->value[CONF_MUPDATE_SERVER].text) {
        buf_addf(why, "%s: there is no partition; add \"partition-default: DIRECTORY\" and "
                 "\"defaultpartition: default\".", c->path);
        return ERR_BADNAME;
    }
    return ERR_OK;
}

err_t partitions_check(struct conf *c, struct buf *why)
{
    struct slice name;
    err_t err = ERR_OK;

    for (size_t i = 0; !err && i < c->lines.n; i++) {
        const struct conf_line *l = VEC_AT(&c->lines, struct conf_line, i);
        if (!cut_prefix(l->name, "partition-", &name))
            continue;
        struct partition *p = VEC_PUSH(&c->partitions, struct partition);
        p->name = name;
        err = directory(c, l, &p->root[PARTITION_DATA], why);
        if (!err)
            err = fill(c, p, why);
    }
    return err ? err : check_default(c, why);
}

/* ---- asking ---- */

bool partition_exists(struct slice name)
{
    return find(conf_self(), name) != NULL;
}

const char *partition_root(struct slice name, enum partition_file kind)
{
    const struct partition *p = find(conf_self(), name);

    return p ? p->root[kind] : NULL;
}

const char *partition_archive_root(struct slice name)
{
    const struct partition *p = find(conf_self(), name);

    return p ? p->archive : NULL;
}

bool partition_next(size_t *pos, struct slice *name)
{
    const struct conf *c = conf_self();

    if (*pos >= c->partitions.n)
        return false;
    *name = VEC_AT(&c->partitions, struct partition, (*pos)++)->name;
    return true;
}

size_t partition_count(void)
{
    return conf_self()->partitions.n;
}
