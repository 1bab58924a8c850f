/* main.c - imapd: the IMAP4rev1 server, one connection per process at a time */
#include "imap/imapd/imapd.h"

static const struct service imapd_service = {
    .name = "imapd",
    .protocol = "imap",
    .options = "",
    .option = NULL,
    .needs_store = true,
    .session = session_run,
};

int main(int argc, char **argv)
{
    return serve_run(&imapd_service, argc, argv);
}
