/* imapargs_fuzz.c - arguments of LIST, CREATE and GETMETADATA: what is read stays within its bounds
 *
 * Input: one octet that chooses the command, then its arguments as they come over the wire.
 */
#include <stdlib.h>
#include <unistd.h>

#include "imap/imapd/create_args.h"
#include "imap/imapd/list.h"
#include "imap/imapd/metadata.h"
#include "lib/base/bug.h"
#include "lib/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void load_conf(void)
{
    char path[] = "/tmp/imapargs-fuzz-XXXXXX";
    int fd = mkstemp(path);
    struct buf why = BUF_INIT;

    BUG_UNLESS(fd >= 0);
    BUG_UNLESS(dprintf(fd, "configdirectory: /tmp\npartition-default: /tmp/x\n"
                           "defaultpartition: default\nunix_group_enable: no\n") > 0);
    close(fd);
    BUG_UNLESS(conf_load(path, "fuzz", &why) == ERR_OK);
    unlink(path);
    buf_fini(&why);
}

static void try_list(struct session *s, enum list_kind kind)
{
    struct list_run r = { .s = s,
                          .arena = s->base->command,
                          .sep = namespace_sep(s->ns),
                          .kind = kind,
                          .metadata = VEC_INIT(struct metadata_want) };
    err_t err = list_read_args(&r);

    BUG_UNLESS(r.npatterns <= LIST_PATTERNS_MAX);
    BUG_UNLESS(err || r.npatterns || r.only_root);
    BUG_UNLESS(err || !(r.ret & RET_METADATA) || r.metadata.n);
    BUG_UNLESS(err || !(r.ret & RET_STATUS) || r.status);
    BUG_UNLESS(err || !(r.select & SEL_RECURSIVE) || (r.select & (SEL_SUBSCRIBED | SEL_SPECIAL)));
    for (size_t i = 0; !err && i < r.npatterns; i++)
        (void)glob_matches(r.pattern[i], SLICE_LIT("INBOX.a.b"));
    vec_fini(&r.metadata);
}

static void try_metadata(struct session *s)
{
    struct vec wants = VEC_INIT(struct metadata_want);
    err_t err = metadata_read_wants(s, 0, &wants);

    BUG_UNLESS(wants.n <= METADATA_WANTS_MAX);
    for (size_t i = 0; i < wants.n; i++) {
        const struct metadata_want *w = VEC_AT(&wants, struct metadata_want, i);

        BUG_UNLESS(w->attributes == ANNOT_SHARED || w->attributes == ANNOT_PRIVATE);
        BUG_UNLESS(!w->name.n || w->name.p[0] == '/');
    }
    BUG_UNLESS(err || wants.n);
    vec_fini(&wants);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool loaded;
    struct session_base base = { .command = arena_new(0) };
    struct session s = { .base = &base };
    struct create_args create;
    struct slice text = slice_make(data, n);

    if (!loaded)
        load_conf();
    loaded = true;
    s.ns = namespace_new(SLICE_LIT("alice"), false);
    if (n) {
        imaptok_init(&s.tok, slice_skip(text, 1), base.command, 0);
        switch (text.p[0]) {
        case 'C':
            if (create_args_read(&s, &create) == ERR_OK)
                BUG_UNLESS(create.has_use || !create.uses.n);
            break;
        case 'M':
            try_metadata(&s);
            break;
        default:
            try_list(&s, text.p[0] == 'S' ? LIST_LSUB : text.p[0] == 'X' ? LIST_XLIST : LIST_PLAIN);
        }
    }
    namespace_free(&s.ns);
    arena_free(&base.command);
    return 0;
}
