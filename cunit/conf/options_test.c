/* options_test.c - the marks of options.def against the sources: what is marked CORE is read by
 * some code, and what is read is marked CORE
 *
 * "Read" means that the enumerator CONF_<ID> stands in a C file below lib, imap or master.
 * covers: AD-12
 */
#include "cunit/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/conf/conf.h"
#include "lib/os/file.h"

enum { DEPTH_MAX = 8, FILE_MAX = 4 << 20, ID_MAX = 64 };

static const char *const ids[CONF_NOPTIONS] = {
#define CONF_OPTION(id, ...) [CONF_##id] = #id,
#include "lib/conf/options.def"
#undef CONF_OPTION
};

/* Where an enumerator tells nothing: the table of names. */
static const char table_of_names[] = "lib/conf/conf_names.c";

/* Options that work though nobody names their enumerator: the words that the file looks for. */
static const struct {
    enum conf_id id;
    const char *file, *words;
} by_name[] = {
    { CONF_INCLUDE, "lib/conf/conf_file.c", "\"@include\"" },
    { CONF_SASL_OPTION, "lib/auth/sasl_conf.c", "\"sasl_%s\"" },
    { CONF_SASL_PWCHECK_METHOD, "lib/auth/sasl_conf.c", "\"sasl_%s\"" },
    { CONF_PARTITION_NAME, "lib/conf/partitions.c", "\"partition-\"" },
    { CONF_METAPARTITION_NAME, "lib/conf/partitions.c", "\"metapartition-\"" },
    { CONF_ARCHIVEPARTITION_NAME, "lib/conf/partitions.c", "\"archivepartition-\"" },
    { CONF_XLIST_FLAG, "imap/store/mbautocreate.c", "\"xlist-\"" },
};

/* Options that are read only to say that what they configure is absent. */
static const enum conf_id read_in_vain[] = { CONF_MUPDATE_SERVER };

static bool is_read[CONF_NOPTIONS];
static size_t nfiles;

static void mark_id(struct slice id)
{
    for (int i = 0; i < CONF_NOPTIONS; i++)
        if (slice_eqs(id, ids[i]))
            is_read[i] = true;
}

static bool is_id_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void scan_text(struct slice text)
{
    static const struct slice prefix = { "CONF_", 5 };

    for (ssize_t at; (at = slice_search(text, prefix)) >= 0;) {
        size_t n = 0;
        text = slice_skip(text, (size_t)at + prefix.n);
        while (n < text.n && n < ID_MAX && is_id_byte(text.p[n]))
            n++;
        mark_id(slice_make(text.p, n));
    }
}

static void read_source(const char *name, struct buf *text)
{
    struct buf path = BUF_INIT;

    buf_addf(&path, "%s/%s", getenv("HALCYON_SRCDIR"), name);
    CU_ASSERT_EQUAL_FATAL(file_load(buf_cstr(&path), FILE_MAX, text), ERR_OK);
    buf_fini(&path);
}

static void scan_file(const char *name)
{
    struct buf text = BUF_INIT;

    if (strcmp(name, table_of_names) == 0)
        return;
    read_source(name, &text);
    scan_text(buf_slice(&text));
    buf_fini(&text);
    nfiles++;
}

/* `folder` is below the top of the sources; what is no folder is left out. */
static void scan_folder(const char *folder, int depth)
{
    struct buf path = BUF_INIT;
    struct dirent *e;

    CU_ASSERT_FATAL(depth < DEPTH_MAX);
    buf_addf(&path, "%s/%s", getenv("HALCYON_SRCDIR"), folder);
    DIR *dir = opendir(buf_cstr(&path));
    while (dir && (e = readdir(dir))) {
        struct slice name = slice_cstr(e->d_name);
        if (e->d_name[0] == '.')
            continue;
        buf_reset(&path);
        buf_addf(&path, "%s/%s", folder, e->d_name);
        if (slice_ends(name, SLICE_LIT(".c")))
            scan_file(buf_cstr(&path));
        else
            scan_folder(buf_cstr(&path), depth + 1);
    }
    if (dir)
        closedir(dir);
    buf_fini(&path);
}

static void scan_by_name(void)
{
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) {
        struct buf text = BUF_INIT;
        read_source(by_name[i].file, &text);
        CU_CHECK_ROW(i, slice_search(buf_slice(&text), slice_cstr(by_name[i].words)) >= 0);
        is_read[by_name[i].id] = true;
        buf_fini(&text);
    }
}

static bool is_in_vain(enum conf_id id)
{
    for (size_t i = 0; i < sizeof read_in_vain / sizeof *read_in_vain; i++)
        if (read_in_vain[i] == id)
            return true;
    return false;
}

static void check_mark(enum conf_id id)
{
    const struct conf_option *o = conf_option(id);
    bool works = is_read[id] && !is_in_vain(id);
    bool fine = works == (o->mark == CONF_M_CORE);

    if (!fine)
        fprintf(stderr, "options.def: %s is marked %s, but %s\n", o->name,
                o->mark == CONF_M_CORE ? "CORE" : "LATER or OBSOLETE",
                works ? "code reads it" : "no code reads it");
    CU_CHECK_ROW(id, fine);
}

static void test_marks(void)
{
    static const char *const folders[] = { "lib", "imap", "master" };

    CU_ASSERT_PTR_NOT_NULL_FATAL(getenv("HALCYON_SRCDIR"));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        scan_folder(folders[i], 0);
    CU_ASSERT_TRUE(nfiles > 100);
    scan_by_name();
    for (int i = 0; i < CONF_NOPTIONS; i++)
        check_mark((enum conf_id)i);
    for (size_t i = 0; i < sizeof read_in_vain / sizeof *read_in_vain; i++)
        CU_CHECK_ROW(i, is_read[read_in_vain[i]]);
}

TEST_SUITE("options", { "marks", test_marks })
