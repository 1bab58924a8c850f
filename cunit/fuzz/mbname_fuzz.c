/* mbname_fuzz.c - names from clients, in every form of the namespace: what is accepted stays the
 * same name there and back, and a name that may be created is clean
 *
 * Input: one byte that chooses the configuration, then the name.
 */
#include <stdlib.h>
#include <unistd.h>

#include "imap/store/mbname.h"
#include "imap/store/namespace.h"
#include "lib/base/bug.h"
#include "lib/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const confs[] = {
    "", "unixhierarchysep: no\n", "altnamespace: no\n", "unixhierarchysep: no\naltnamespace: no\n",
    "virtdomains: userid\n", "virtdomains: userid\ncrossdomains: yes\n",
    "virtdomains: userid\ncrossdomains: yes\naltnamespace: no\nunixhierarchysep: no\n",
    "virtdomains: userid\ncrossdomains: yes\ncrossdomains_onlyother: yes\n",
};
enum { NCONFS = sizeof confs / sizeof *confs };

static void load(unsigned which)
{
    char path[] = "/tmp/mbname-fuzz-XXXXXX";
    int fd = mkstemp(path);
    struct buf why = BUF_INIT;

    BUG_UNLESS(fd >= 0);
    BUG_UNLESS(
        dprintf(fd,
                "configdirectory: /tmp\npartition-default: /tmp/x\ndefaultpartition: default\n"
                "defaultdomain: def.example\n%s",
                confs[which]) > 0);
    close(fd);
    conf_unload();
    BUG_UNLESS(conf_load(path, "fuzz", &why) == ERR_OK);
    unlink(path);
    buf_fini(&why);
}

static void check(struct slice userid, bool is_admin, struct slice name)
{
    struct namespace *ns = namespace_new(userid, is_admin);
    struct buf internal = BUF_INIT, external = BUF_INIT, again = BUF_INIT, db = BUF_INIT;
    struct slice ranges[4];

    if (namespace_to_internal(ns, name, &internal) == ERR_OK) {
        BUG_UNLESS(internal.n > 0 && internal.n <= name.n + 300);
        namespace_to_external(ns, buf_slice(&internal), &external);
        if (external.n) {
            BUG_UNLESS(namespace_to_internal(ns, buf_slice(&external), &again) == ERR_OK);
            BUG_UNLESS(slice_eq(buf_slice(&again), buf_slice(&internal)));
        }
        mbname_to_db(buf_slice(&internal), &db);
        mbname_from_db(buf_slice(&db), &again);
        BUG_UNLESS(slice_eq(buf_slice(&again), buf_slice(&internal)));
        if (mbname_check_new(buf_slice(&internal)) == ERR_OK)
            BUG_UNLESS(!memchr(internal.p, '/', internal.n) &&
                       !memchr(internal.p, '\0', internal.n));
        (void)mbname_owner(buf_slice(&internal), &db);
        (void)mbname_is_deleted(buf_slice(&internal));
    }
    (void)namespace_scan_ranges(ns, name, &db, ranges, 4);
    buf_fini(&internal);
    buf_fini(&external);
    buf_fini(&again);
    buf_fini(&db);
    namespace_free(&ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int loaded = -1;
    struct slice name;
    unsigned which;

    if (n == 0)
        return 0;
    which = data[0] % NCONFS;
    if (loaded != (int)which)
        load(which);
    loaded = (int)which;
    name = slice_make(data + 1, n - 1);
    check(SLICE_LIT("bob"), false, name);
    check(SLICE_LIT("j.doe"), false, name);
    check(SLICE_LIT("ann@dom.example"), false, name);
    check(SLICE_LIT("admin"), true, name);
    check(SLICE_LIT("admin@dom.example"), true, name);
    check(SLICE_LIT(""), false, name);
    return 0;
}
