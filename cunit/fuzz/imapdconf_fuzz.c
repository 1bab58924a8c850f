/* imapdconf_fuzz.c - imapd.conf: a file loads or is refused with a sentence */
#include "lib/base/bug.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void see(void *arg, const struct conf_complaint *c)
{
    (void)arg;
    BUG_UNLESS(*c->text && c->line > 0);
}

static void ask_all(void)
{
    struct buf text = BUF_INIT;
    struct slice name;
    size_t pos = 0;

    for (int i = 0; i < CONF_NOPTIONS; i++) {
        buf_reset(&text);
        conf_value_text((enum conf_id)i, &text);
    }
    while (partition_next(&pos, &name))
        for (int kind = 0; kind <= PARTITION_DATA; kind++) {
            const char *root = partition_root(name, (enum partition_file)kind);
            BUG_UNLESS(root && root[0] == '/');
        }
    conf_check(NULL, 0, see, NULL);
    conf_check(&SLICE_LIT("imap"), 1, see, NULL);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char base[] = "configdirectory: /c\npartition-default: /p\n";
    struct buf text = BUF_INIT, why = BUF_INIT;

    buf_adds(&text, base);
    buf_add(&text, data, n);
    if (conf_load_text(buf_slice(&text), "imap", &why) == ERR_OK) {
        ask_all();
        conf_unload();
    } else {
        BUG_UNLESS(why.n > 0);
    }
    buf_fini(&text);
    buf_fini(&why);
    return 0;
}
