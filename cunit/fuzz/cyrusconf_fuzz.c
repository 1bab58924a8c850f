/* cyrusconf_fuzz.c - cyrus.conf and listen=: anything is read or refused with one remark */
#include "lib/base/bug.h"
#include "master/cyrusconf.h"
#include "master/listen.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void count_errors(void *arg, enum cyrusconf_level level, int line, const char *text)
{
    BUG_UNLESS(line > 0 && *text);
    *(int *)arg += level == CYRUSCONF_ERROR;
}

static void check_entry(const struct cyrusconf_entry *e)
{
    struct listen_parts parts;

    BUG_UNLESS(*e->name && e->argv && e->argv[0] && e->line > 0);
    BUG_UNLESS(e->prefork >= 0 && e->maxforkrate >= 0 && e->maxfds >= 0 && e->period_min >= 0);
    BUG_UNLESS(e->at_min >= CYRUSCONF_NO_TIME && e->at_min < 24 * 60);
    BUG_UNLESS(e->maxchild < 0 || e->prefork <= e->maxchild);
    if (e->section == CYRUSCONF_SERVICES)
        (void)!listen_split(slice_cstr(e->listen), &parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cyrusconf c;
    int errors = 0;

    cyrusconf_init(&c);
    err_t err = cyrusconf_parse(slice_make(data, n), CYRUSCONF_REFUSE_DUPLICATES, &c,
                                count_errors, &errors);
    BUG_UNLESS(errors == (err != ERR_OK));
    for (size_t i = 0; i < c.entries.n; i++)
        check_entry(cyrusconf_at(&c, i));
    cyrusconf_fini(&c);
    return 0;
}
