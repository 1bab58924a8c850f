/* portnames.c - see portnames.h */
#include "master/portnames.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "lib/base/num.h"

static const struct {
    const char *name;
    uint16_t port;
} builtin[] = {
    { "pop3", 110 },    { "nntp", 119 },    { "imap", 143 },     { "nntps", 563 },
    { "imaps", 993 },   { "pop3s", 995 },   { "kpop", 1109 },    { "lmtp", 2003 },
    { "smmap", 2004 },  { "csync", 2005 },  { "mupdate", 3905 }, { "sieve", 4190 },
    { "fud", 4201 },    { "http", 80 },     { "https", 443 },
};

enum { NAME_MAX_LEN = 64 };

err_t portnames_builtin(struct slice name, uint16_t *out)
{
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++) {
        if (slice_eqs(name, builtin[i].name)) {
            *out = builtin[i].port;
            return ERR_OK;
        }
    }
    return ERR_NOTFOUND;
}

err_t portnames_find(struct slice text, bool datagrams, uint16_t *out)
{
    char name[NAME_MAX_LEN + 1];
    const struct servent *s;
    uint32_t n;
    err_t err = num_u32(text, &n);

    if (err == ERR_OK && n <= UINT16_MAX) {
        *out = (uint16_t)n;
        return ERR_OK;
    }
    if (err != ERR_SYNTAX || text.n == 0 || text.n > NAME_MAX_LEN)
        return ERR_NOTFOUND;
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    s = getservbyname(name, datagrams ? "udp" : "tcp");
    if (!s)
        return portnames_builtin(text, out);
    *out = ntohs((uint16_t)s->s_port);
    return ERR_OK;
}
