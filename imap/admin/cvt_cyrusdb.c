/* cvt_cyrusdb.c - copy a database into another format: cvt_cyrusdb(8) */
#include "imap/admin/admin.h"
#include "lib/base/buf.h"
#include "lib/db/db.h"

static void list_engines(void)
{
    fputs("Usable Backends: ", stderr);
    for (const char *const *name = db_engines(); *name; name++)
        fprintf(stderr, "%s%s", name == db_engines() ? "" : ", ", *name);
    fputc('\n', stderr);
}

static const struct admin_tool tool = {
    .name = "cvt_cyrusdb",
    .options = "",
    .usage = "<old db> <old db backend> <new db> <new db backend>\n",
    .usage_more = list_engines,
};

static void check_engine(const char *name)
{
    for (const char *const *known = db_engines(); *known; known++)
        if (strcmp(*known, name) == 0)
            return;
    admin_fatal(EX_CONFIG, "cyrusdb backend %s not supported", name);
}

int main(int argc, char **argv)
{
    struct admin a;

    admin_init(&a, &tool, argc, argv);
    while (admin_option(&a) != ADMIN_END)
        ;
    admin_args(&a, 4, 4);
    const char *from = a.argv[0], *to = a.argv[2];
    admin_absolute(from);
    admin_absolute(to);
    admin_start(&a, 0);
    printf("Converting from %s (%s) to %s (%s)\n", from, a.argv[1], to, a.argv[3]);
    admin_flush();
    check_engine(a.argv[1]);
    check_engine(a.argv[3]);
    if (strcmp(from, to) == 0)
        admin_fatal(EX_USAGE, "old and new database are the same file");
    err_t err = db_convert(from, a.argv[1], to, a.argv[3]);
    if (err)
        fprintf(stderr, "\nDBERROR: Conversion failed (%s). Check syslog for details.\n",
                err_name(err));
    return admin_status(admin_close(&a, err));
}
