/* instance.c - see instance.h */
#include "imap/admin/instance.h"

#include "imap/admin/admin.h"
#include "lib/text/mutf7.h"
#include "lib/text/utf8.h"

struct store *admin_store(void)
{
    struct buf why = BUF_INIT;
    struct store *s;
    err_t err = store_open(&s, &why);

    if (err)
        admin_fatal(err == ERR_NOTFOUND ? EX_CONFIG : EX_TEMPFAIL, "%s", buf_cstr(&why));
    buf_fini(&why);
    return s;
}

err_t admin_name(const struct namespace *ns, const char *word, bool is_utf7, struct buf *intname)
{
    struct slice text = slice_cstr(word);
    struct buf coded = BUF_INIT;
    err_t err = ERR_OK;

    /* ASCII may be either; an "&" in UTF-8 text would change its meaning, so such words are tried
     * as they are */
    if (!is_utf7 && !utf8_is_ascii(text)) {
        err = mutf7_from_utf8(text, &coded);
        text = buf_slice(&coded);
    }
    if (!err)
        err = namespace_to_internal(ns, text, intname);
    buf_fini(&coded);
    return err;
}

void admin_show_name(const struct namespace *ns, struct slice intname, struct buf *ext)
{
    namespace_to_external(ns, intname, ext);
    if (ext->n == 0)
        buf_add_slice(ext, intname);
}
