/* acl_fuzz.c - ACL text from a database, and changes of it: rights stay within what was given, a
 * change is read back
 *
 * Input: the text; behind the first NUL an identifier, behind the second letters of rights.
 */
#include <stdlib.h>
#include <unistd.h>

#include "imap/store/acl.h"
#include "lib/base/bug.h"
#include "lib/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Rights of the entry with exactly this identifier, 0 if there is none. */
static bool find(struct slice acl, struct slice wanted, struct slice *rights)
{
    struct slice id;
    size_t pos = 0;

    while (acl_next(acl, &pos, &id, rights)) {
        if (slice_eq(id, wanted))
            return true;
    }
    return false;
}

/* Texts that this code writes: whole entries only. */
static bool is_whole(struct slice acl)
{
    struct slice id, rights;
    size_t pos = 0, last = 0, tabs = 0;

    while (acl_next(acl, &pos, &id, &rights))
        last = pos;
    for (size_t i = 0; i < acl.n; i++)
        tabs += acl.p[i] == '\t';
    return last == acl.n && tabs % 2 == 0 && (acl.n == 0 || acl.p[acl.n - 1] == '\t');
}

static void check_change(struct slice text, struct slice id, rights_t r)
{
    struct buf acl = BUF_INIT, want = BUF_INIT;
    struct slice got;

    buf_add_slice(&acl, text);
    if (acl_change(&acl, id, ACL_MODE_SET, r) == ERR_OK && is_whole(text)) {
        acl_rights_text(r, &want);
        BUG_UNLESS(find(buf_slice(&acl), id, &got) == (r != 0));
        BUG_UNLESS(r == 0 || slice_eq(got, buf_slice(&want)));
        BUG_UNLESS(is_whole(buf_slice(&acl)));
    }
    buf_fini(&acl);
    buf_fini(&want);
}

/* Groups are options' business; none are looked up here. */
static void load_conf(void)
{
    char path[] = "/tmp/acl-fuzz-XXXXXX";
    int fd = mkstemp(path);
    struct buf why = BUF_INIT;

    BUG_UNLESS(fd >= 0);
    BUG_UNLESS(
        dprintf(fd, "configdirectory: /tmp\npartition-default: /tmp/x\ndefaultpartition: default\n"
                    "unix_group_enable: no\n") > 0);
    close(fd);
    BUG_UNLESS(conf_load(path, "fuzz", &why) == ERR_OK);
    unlink(path);
    buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool loaded;
    struct slice rest = slice_make(data, n), text, id;
    struct ident *fred;
    rights_t r = 0;
    char bad;

    if (!loaded)
        load_conf();
    loaded = true;
    fred = ident_new(SLICE_LIT("fred"));
    rest = slice_split(rest, '\0', &text, NULL);
    rest = slice_split(rest, '\0', &id, NULL);
    (void)acl_text_rights(text, fred);
    if (acl_parse_rights(rest, &r, &bad) == ERR_OK)
        check_change(text, id, r);
    ident_free(&fred);
    return 0;
}
