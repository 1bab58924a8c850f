/* conf_names.c - the table of options by name, and the names that are families */
#include "lib/conf/conf_impl.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define CONF_OPTION(id, name, type, fallback, words, unit, since, mark, replaced, section, text) \
    [CONF_##id] = { name, CONF_T_##type, fallback, words, unit, since, CONF_M_##mark, replaced,  \
                    section, text },
static const struct conf_option options[CONF_NOPTIONS] = {
#include "lib/conf/options.def"
};
#undef CONF_OPTION

/* Lengths apart from the rows: a name is told from most others without touching its text. */
#define CONF_OPTION(id, name, ...) [CONF_##id] = sizeof(name) - 1,
static const unsigned char name_length[CONF_NOPTIONS] = {
#include "lib/conf/options.def"
};
#undef CONF_OPTION

const struct conf_option *conf_option(enum conf_id id)
{
    return &options[id];
}

bool conf_find(struct slice name, enum conf_id *out)
{
    for (int i = 0; i < CONF_NOPTIONS; i++)
        if (name.n == name_length[i] && slice_eqs_nocase(name, options[i].name)) {
            *out = (enum conf_id)i;
            return true;
        }
    return false;
}

/* Names made of a fixed part and one that the administrator chooses. */
static const struct family {
    const char *fixed;
    enum { AT_START, AT_END, WITHIN } where;
    enum conf_id row;
} families[] = {
    { "partition-", AT_START, CONF_PARTITION_NAME },
    { "metapartition-", AT_START, CONF_METAPARTITION_NAME },
    { "metadir-", AT_START, CONF_METAPARTITION_NAME },
    { "archivepartition-", AT_START, CONF_ARCHIVEPARTITION_NAME },
    { "backuppartition-", AT_START, CONF_BACKUPPARTITION_NAME },
    { "searchpartition-", WITHIN, CONF_SEARCHPARTITION_NAME },
    { "xlist-", AT_START, CONF_XLIST_FLAG },
    { "sasl_", AT_START, CONF_SASL_OPTION },
    { "_password", AT_END, CONF_HOSTNAME_PASSWORD },
    { "_mechs", AT_END, CONF_HOSTNAME_MECHS },
};

static bool is_of_family(struct slice name, const struct family *f)
{
    struct slice fixed = slice_cstr(f->fixed);

    if (name.n <= fixed.n)
        return false;
    switch (f->where) {
    case AT_START:
        return slice_starts(name, fixed);
    case AT_END:
        return slice_ends(name, fixed);
    case WITHIN:
        return !slice_ends(name, fixed) && slice_search(name, fixed) > 0;
    }
    return false;
}

bool conf_find_family(struct slice name, enum conf_id *out)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (is_of_family(name, &families[i])) {
            *out = families[i].row;
            return true;
        }
    return false;
}

bool conf_next_split(struct slice name, size_t *pos, struct slice *word, enum conf_id *option)
{
    while (*pos < name.n) {
        size_t at = (*pos)++;
        struct slice rest = slice_skip(name, at + 1);
        if (at == 0 || name.p[at] != '_')
            continue;
        *word = slice_cut(name, 0, at);
        if (conf_find(rest, option) || conf_find_family(rest, option))
            return true;
    }
    return false;
}
