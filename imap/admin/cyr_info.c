/* cyr_info.c - what the configuration says, what is running, which version (features RC-26, ST-07) */
#include <stdio.h>
#include <stdlib.h>

#include "imap/admin/admin.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { CYRUS_CONF_MAX = 1 << 20, PROC_LINE_MAX = 4096 };

struct info {
    const char *cyrus_conf;
    const char *service;
    const char *since;
};

static void usage_commands(void)
{
    fputs("\n"
          "  -M  cyrus.conf, whose service names conf-lint accepts in front of options\n"
          "  -n  show the configuration as this service sees it, e.g. imap\n"
          "  -s  mark options that are new or changed since that version\n\n"
          "Where command is one of:\n\n"
          "  * conf          - listing of non-default config values\n"
          "  * conf-all      - listing of all config values\n"
          "  * conf-default  - listing of all default config values\n"
          "  * conf-lint     - unknown config keys\n"
          "  * proc          - listing of all open processes\n"
          "  * version       - Cyrus version\n",
          stderr);
}

static const struct admin_tool tool = {
    .name = "cyr_info",
    .options = "M:n:s:",
    .usage = "[-M <cyrus.conf>] [-n servicename] [-s oldversion] command\n",
    .usage_more = usage_commands,
};

/* "3.10.1" against "3.6": numbers, not text. */
static int compare_versions(const char *a, const char *b)
{
    struct slice x = slice_cstr(a), y = slice_cstr(b), hx, hy;

    while (x.n || y.n) {
        uint32_t m = 0, n = 0;
        x = slice_split(x, '.', &hx, NULL);
        y = slice_split(y, '.', &hy, NULL);
        if (num_u32(hx, &m) != ERR_OK)
            m = 0;
        if (num_u32(hy, &n) != ERR_OK)
            n = 0;
        if (m != n)
            return m < n ? -1 : 1;
    }
    return 0;
}

static void put_option(const struct info *in, enum conf_id id, const char *value)
{
    const struct conf_option *o = conf_option(id);

    if (in->since && compare_versions(o->since, in->since) > 0)
        printf("(%s) ", o->since);
    printf("%s: %s\n", o->name, value ? value : "");
}

static void show_all(const struct info *in)
{
    struct buf value = BUF_INIT;

    for (int i = 0; i < CONF_NOPTIONS; i++) {
        buf_reset(&value);
        conf_value_text((enum conf_id)i, &value);
        put_option(in, (enum conf_id)i, buf_cstr(&value));
    }
    buf_fini(&value);
}

static void show_defaults(const struct info *in)
{
    for (int i = 0; i < CONF_NOPTIONS; i++)
        put_option(in, (enum conf_id)i, conf_option((enum conf_id)i)->fallback);
}

/* Known options that differ from their default, then every other line of the file. */
static void show_set(const struct info *in)
{
    struct slice name, value;
    struct buf text = BUF_INIT;
    enum conf_id id;
    size_t pos = 0;
    int line;

    for (int i = 0; i < CONF_NOPTIONS; i++) {
        if (conf_is_default((enum conf_id)i))
            continue;
        buf_reset(&text);
        conf_value_text((enum conf_id)i, &text);
        put_option(in, (enum conf_id)i, buf_cstr(&text));
    }
    while (conf_next(&pos, &name, &value, &line))
        if (!conf_find(name, &id))
            printf("%.*s: %.*s\n", SLICE_ARG(name), SLICE_ARG(value));
    buf_fini(&text);
}

/* ---- conf-lint */

/* First words of the entries in SERVICES, as far as a name prefix needs them; what is wrong with the file master
 * says. */
static void service_names(struct slice text, struct vec *names)
{
    struct slice line, word;
    bool inside = false;

    while (text.n) {
        text = slice_split(text, '\n', &line, NULL);
        line = slice_trim(line);
        slice_split(line, ' ', &word, NULL);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.p[line.n - 1] == '{')
            inside = slice_starts_nocase(line, SLICE_LIT("SERVICES"));
        else if (line.p[0] == '}')
            inside = false;
        else if (inside)
            *VEC_PUSH(names, struct slice) = word;
    }
}

static void complain(void *arg, const struct conf_complaint *c)
{
    if (c->kind == CONF_C_UNKNOWN || c->kind == CONF_C_OBSOLETE)
        printf("%.*s: %.*s\n", SLICE_ARG(c->name), SLICE_ARG(c->value));
    else
        fprintf(stderr, "%s:%d: %s\n", c->file, c->line, c->text);
}

static err_t lint(const struct info *in)
{
    struct vec names = VEC_INIT(struct slice);
    struct buf text = BUF_INIT;
    err_t err = file_load(in->cyrus_conf, CYRUS_CONF_MAX, &text);

    if (!err)
        service_names(buf_slice(&text), &names);
    else
        fprintf(stderr, "cyr_info: %s: %s: service names are not known\n", in->cyrus_conf, err_name(err));
    conf_check(err ? NULL : names.p, names.n, complain, NULL);
    vec_fini(&names);
    buf_fini(&text);
    return ERR_OK;
}

/* ---- proc */

/* pid service host user mailbox command, as many as there are. */
static err_t show_proc(void *arg, const char *name, enum dir_type type)
{
    const char *dir = arg;
    struct buf path = BUF_INIT, text = BUF_INIT;
    struct slice line, field, rest;
    uint32_t pid;

    if (num_u32(slice_cstr(name), &pid) != ERR_OK)
        return ERR_OK;
    buf_addf(&path, "%s/%s", dir, name);
    if (file_load(buf_cstr(&path), PROC_LINE_MAX, &text) == ERR_OK) {
        slice_split(buf_slice(&text), '\n', &line, NULL);
        printf("%u", pid);
        for (rest = line; rest.n;) {
            rest = slice_split(rest, '\t', &field, NULL);
            printf(" %.*s", SLICE_ARG(field));
        }
        putchar('\n');
    }
    buf_fini(&path);
    buf_fini(&text);
    return ERR_OK;
}

static err_t list_proc(void)
{
    const char *set = conf_string(CONF_PROC_PATH);
    struct buf dir = BUF_INIT;
    err_t err;

    if (set && *set)
        buf_adds(&dir, set);
    else
        conf_dir(&dir, "proc");
    err = dir_list(buf_cstr(&dir), show_proc, (void *)buf_cstr(&dir));
    buf_fini(&dir);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t run(struct admin *a, const struct info *in)
{
    struct slice cmd = slice_cstr(a->argv[0]);

    if (slice_eqs(cmd, "conf"))
        show_set(in);
    else if (slice_eqs(cmd, "conf-all"))
        show_all(in);
    else if (slice_eqs(cmd, "conf-default"))
        show_defaults(in);
    else if (slice_eqs(cmd, "conf-lint"))
        return lint(in);
    else if (slice_eqs(cmd, "proc"))
        return list_proc();
    else if (slice_eqs(cmd, "version"))
        printf("cyrus-imapd %s-halcyon\n", PACKAGE_VERSION);
    else
        admin_usage(a);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct info in = { .cyrus_conf = CYRUS_SYSCONFDIR "/cyrus.conf" };
    struct admin a;

    admin_init(&a, &tool, argc, argv);
    for (int c; (c = admin_option(&a)) != ADMIN_END;) {
        switch (c) {
        case 'M': in.cyrus_conf = a.value; break;
        case 'n': in.service = a.value; break;
        case 's': in.since = a.value; break;
        }
    }
    admin_args(&a, 1, 1);
    if (in.service) {
        static struct admin_tool as_service;
        as_service = tool;
        as_service.name = in.service;           /* its "<service>_<option>" lines count */
        a.tool = &as_service;
    }
    admin_start(&a, 0);
    return admin_status(admin_close(&a, run(&a, &in)));
}
