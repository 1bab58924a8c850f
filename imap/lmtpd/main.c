/* main.c - lmtpd: mail from an MTA into mailboxes (RFC 2033) */
#include "imap/lmtpd/lmtpd.h"

static bool option(int letter, const char *arg)
{
    if (letter != 'a')
        return false;
    session_set_preauth(true);
    return true;
}

static const struct service lmtpd_service = {
    .name = "lmtpd",
    .protocol = "lmtp",
    .options = "a",
    .option = option,
    .needs_store = true,
    .session = session_run,
};

int main(int argc, char **argv)
{
    return serve_run(&lmtpd_service, argc, argv);
}
