/* main.c - pop3d: the POP3 server */
#include "imap/pop3d/pop3d.h"

static const struct service pop3d_service = {
    .name = "pop3d",
    .protocol = "pop",
    .options = "",
    .option = NULL,
    .needs_store = true,
    .session = session_run,
};

int main(int argc, char **argv)
{
    return serve_run(&pop3d_service, argc, argv);
}
