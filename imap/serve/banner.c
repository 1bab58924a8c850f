/* banner.c - how much a greeting tells about the server */
#include "imap/serve/serve.h"

#include "lib/conf/conf.h"

void serve_banner(const char *what, struct buf *out)
{
    const char *how = conf_enum_word(CONF_SERVERINFO);

    if (strcmp(how, "off") == 0) {              /* nothing but what is spoken */
        buf_adds(out, what);
        return;
    }
    buf_addf(out, "%s Cyrus %s", conf_servername(), what);
    if (strcmp(how, "min") != 0)
        buf_adds(out, " " PACKAGE_VERSION "-halcyon");
}
