/* cyr_buildinfo.c - what this build contains (install contract 5)
 *
 * Tools decide by it which parts of the suite they may use: true only where the whole feature is there.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct item {
    const char *section, *key;
    bool value;
    const char *text;                           /* instead of value */
};

static const struct item items[] = {
    { "component", "event_notification", false, NULL },
    { "component", "gssapi", false, NULL },
    { "component", "autocreate", true, NULL },
    { "component", "idled", true, NULL },
    { "component", "httpd", false, NULL },
    { "component", "kerberos_v4", false, NULL },
    { "component", "murder", false, NULL },
    { "component", "nntpd", false, NULL },
    { "component", "replication", false, NULL },
    { "component", "sieve", false, NULL },
    { "component", "calalarmd", false, NULL },
    { "component", "jmap", false, NULL },
    { "component", "objectstore", false, NULL },
    { "component", "backup", false, NULL },
    { "dependency", "ldap", false, NULL },
    { "dependency", "openssl", true, NULL },
    { "dependency", "zlib", true, NULL },
    { "dependency", "jansson", false, NULL },
    { "dependency", "pcre", false, NULL },
    { "dependency", "clamav", false, NULL },
    { "dependency", "openio", false, NULL },
    { "dependency", "nghttp2", false, NULL },
    { "dependency", "wslay", false, NULL },
    { "dependency", "brotli", false, NULL },
    { "dependency", "xml2", false, NULL },
    { "dependency", "ical", false, NULL },
    { "dependency", "icu4c", false, NULL },
    { "dependency", "shapelib", false, NULL },
    { "dependency", "chardet", false, NULL },
    { "dependency", "cld2", false, NULL },
    { "database", "mysql", false, NULL },
    { "database", "pgsql", false, NULL },
    { "database", "sqlite", false, NULL },
    { "search", "squat", false, NULL },
    { "search", "xapian", false, NULL },
    { "search", "xapian_cjk_tokens", false, "none" },
    { "hardware", NULL, false, NULL },
};

#define NITEMS (sizeof items / sizeof *items)

static void put_value(const struct item *it, const char *quote)
{
    if (it->text)
        printf("%s%s%s", quote, it->text, quote);
    else
        fputs(it->value ? "true" : "false", stdout);
}

static void put_flat(void)
{
    for (size_t i = 0; i < NITEMS; i++) {
        if (!items[i].key)
            continue;
        printf("%s.%s=", items[i].section, items[i].key);
        put_value(&items[i], "");
        putchar('\n');
    }
}

/* One object per section; the words between the parts differ. */
static void put_json(bool pretty)
{
    const char *section = NULL;
    bool open = false;

    fputs(pretty ? "{\n" : "{", stdout);
    for (size_t i = 0; i < NITEMS; i++) {
        if (!section || strcmp(section, items[i].section) != 0) {
            if (section)
                fputs(open ? (pretty ? "\n  },\n" : "}, ") : (pretty ? "},\n" : "}, "), stdout);
            section = items[i].section;
            open = false;
            printf(pretty ? "  \"%s\": {" : "\"%s\": {", section);
        }
        if (!items[i].key)
            continue;
        fputs(open ? (pretty ? ",\n" : ", ") : (pretty ? "\n" : ""), stdout);
        printf(pretty ? "    \"%s\": " : "\"%s\": ", items[i].key);
        put_value(&items[i], "\"");
        open = true;
    }
    fputs(open && pretty ? "\n  }" : "}", stdout);
    fputs(pretty ? "\n}\n" : "}\n", stdout);
}

int main(int argc, char **argv)
{
    const char *how;
    int c;

    while ((c = getopt(argc, argv, "C:")) != -1) {
        if (c != 'C') {                         /* -C is taken as everywhere; nothing of it matters here */
            fprintf(stderr, "usage: cyr_buildinfo [-C altconfig] [pretty | dense | flat]\n");
            return EX_USAGE;
        }
    }
    how = optind < argc ? argv[optind] : "pretty";
    if (strcmp(how, "flat") == 0) {
        put_flat();
    } else if (strcmp(how, "pretty") == 0 || strcmp(how, "dense") == 0) {
        put_json(how[0] == 'p');
    } else {
        fprintf(stderr, "cyr_buildinfo: unknown format '%s': pretty, dense or flat\n", how);
        return EX_USAGE;
    }
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
