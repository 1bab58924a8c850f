/* imtest_protocols.c - the table of protocols, and logins without SASL */
#include "lib/base/digest.h"
#include "lib/base/num.h"
#include "tools/imtest.h"

/* The user a plain login is for. */
static const char *login_name(const struct conn *c)
{
    return c->opt->authname ? c->opt->authname : "";
}

/* Read one reply.  ERR_AUTH unless it begins with `ok`. */
static err_t expect(struct conn *c, const char *ok)
{
    struct slice line;
    err_t err = talk_read(c, &line);

    return err ? err : slice_starts(line, slice_cstr(ok)) ? ERR_OK : ERR_AUTH;
}

static err_t imap_login(struct conn *c)
{
    const char *password = auth_password(c);
    struct slice line;

    talk_send(c, "L01 LOGIN %s {%zu}", login_name(c), strlen(password));
    err_t err = expect(c, "+ ");
    if (err)
        return err;
    talk_send_as(c, "<omitted>", "%s", password);
    err = talk_read_to(c, "L01 ", &line);
    return err ? err : slice_starts(line, SLICE_LIT("L01 OK")) ? ERR_OK : ERR_AUTH;
}

static err_t pop3_user(struct conn *c)
{
    talk_send(c, "USER %s", login_name(c));
    err_t err = expect(c, "+OK");
    if (err)
        return err;
    talk_send_as(c, "PASS <omitted>", "PASS %s", auth_password(c));
    return expect(c, "+OK");
}

/* RFC 1939 7: the digest of the time stamp in the greeting and the password. */
static err_t pop3_apop(struct conn *c)
{
    struct slice g = buf_slice(&c->greeting);
    ssize_t from = slice_find(g, '<'), to = slice_rfind(g, '>');
    uint8_t md5[MD5_SIZE];
    char hex[2 * MD5_SIZE + 1];
    struct buf text = BUF_INIT;

    if (from < 0 || to < from) {
        printf("[Server did not give a challenge for APOP]\n");
        return ERR_AUTH;
    }
    buf_add_slice(&text, slice_cut(g, (size_t)from, (size_t)to + 1));
    buf_adds(&text, auth_password(c));
    md5_of(md5, text.p, text.n);
    buf_wipe(&text);
    buf_fini(&text);
    num_hex(hex, md5, sizeof md5);
    talk_send(c, "APOP %s %s", login_name(c), hex);
    return expect(c, "+OK");
}

static err_t nntp_user(struct conn *c)
{
    talk_send(c, "AUTHINFO USER %s", login_name(c));
    err_t err = expect(c, "381");
    if (err)
        return err;
    talk_send_as(c, "AUTHINFO PASS <omitted>", "AUTHINFO PASS %s", auth_password(c));
    return expect(c, "281");
}

static const struct plain_login imap_logins[] = {
    { "login", "IMAP LOGIN", imap_login }, { NULL, NULL, NULL },
};
static const struct plain_login pop3_logins[] = {
    { "user", "USER/PASS", pop3_user }, { "apop", "APOP", pop3_apop }, { NULL, NULL, NULL },
};
static const struct plain_login nntp_logins[] = {
    { "user", "AUTHINFO USER/PASS", nntp_user }, { NULL, NULL, NULL },
};

const struct protocol imtest_protocols[] = {
    { .program = "imtest", .name = "imap", .service = "imap",
      .port = "imap", .port_number = "143", .tls_port = "imaps", .tls_port_number = "993",
      .caps_in_banner = true, .caps_cmd = "C01 CAPABILITY", .caps_end = "C01 ",
      .mechs_mark = "AUTH=",
      .tls_cmd = "S01 STARTTLS", .tls_ok = "S01 OK",
      .auth_cmd = "A01 AUTHENTICATE", .ir_word = "SASL-IR", .auth_ok = "A01 OK", .auth_more = "+ ",
      .compress_word = "COMPRESS=DEFLATE", .compress_cmd = "Z01 COMPRESS DEFLATE",
      .compress_ok = "Z01 OK", .quit_cmd = "Q01 LOGOUT", .quit_ok = "Q01 ", .logins = imap_logins },
    { .program = "pop3test", .name = "pop3", .service = "pop",
      .port = "pop3", .port_number = "110", .tls_port = "pop3s", .tls_port_number = "995",
      .caps_cmd = "CAPA", .caps_end = ".", .mechs_mark = "SASL ",
      .tls_cmd = "STLS", .tls_ok = "+OK",
      .auth_cmd = "AUTH", .auth_ok = "+OK", .auth_more = "+ ",
      .quit_cmd = "QUIT", .quit_ok = "+OK", .logins = pop3_logins },
    { .program = "nntptest", .name = "nntp", .service = "nntp",
      .port = "nntp", .port_number = "119", .tls_port = "nntps", .tls_port_number = "563",
      .caps_cmd = "CAPABILITIES", .caps_end = ".", .mechs_mark = "SASL ",
      .tls_cmd = "STARTTLS", .tls_ok = "382",
      .auth_cmd = "AUTHINFO SASL", .auth_ok = "28", .auth_more = "383 ",
      .compress_word = "DEFLATE", .compress_cmd = "COMPRESS DEFLATE", .compress_ok = "206",
      .quit_cmd = "QUIT", .quit_ok = "205", .logins = nntp_logins },
    { .program = "lmtptest", .name = "lmtp", .service = "lmtp",
      .port = "lmtp", .port_number = "2003",
      .banner_end = "220 ", .caps_cmd = "LHLO lmtptest", .caps_end = "250 ", .mechs_mark = "AUTH ",
      .mechs_skip = 4, .tls_cmd = "STARTTLS", .tls_ok = "220",
      .auth_cmd = "AUTH", .auth_ok = "235", .auth_more = "334 ",
      .quit_cmd = "QUIT", .quit_ok = "221" },
    { .program = "smtptest", .name = "smtp", .service = "smtp",
      .port = "smtp", .port_number = "25", .tls_port = "submissions", .tls_port_number = "465",
      .banner_end = "220 ", .caps_cmd = "EHLO smtptest", .caps_end = "250 ", .mechs_mark = "AUTH ",
      .mechs_skip = 4, .tls_cmd = "STARTTLS", .tls_ok = "220",
      .auth_cmd = "AUTH", .auth_ok = "235", .auth_more = "334 ",
      .quit_cmd = "QUIT", .quit_ok = "221" },
    { .program = "sivtest", .name = "sieve", .service = "sieve",
      .port = "sieve", .port_number = "4190",
      .banner_end = "OK", .caps_in_banner = true, .caps_after_tls = true,
      .caps_cmd = "CAPABILITY", .caps_end = "OK", .mechs_mark = "\"SASL\" ",
      .tls_cmd = "STARTTLS", .tls_ok = "OK",
      .auth_cmd = "AUTHENTICATE", .auth_quotes = true, .auth_literals = true,
      .auth_ok = "OK", .auth_more = "",
      .quit_cmd = "LOGOUT", .quit_ok = "OK" },
    { .program = "mupdatetest", .name = "mupdate", .service = "mupdate",
      .port = "mupdate", .port_number = "3905",
      .banner_end = "* OK", .caps_in_banner = true, .caps_after_tls = true, .mechs_mark = "* AUTH ",
      .tls_cmd = "S01 STARTTLS", .tls_ok = "S01 OK",
      .auth_cmd = "A01 AUTHENTICATE", .auth_quotes = true, .auth_ok = "A01 OK", .auth_more = "",
      .compress_word = "\"DEFLATE\"", .compress_cmd = "Z01 COMPRESS \"DEFLATE\"",
      .compress_ok = "Z01 OK", .quit_cmd = "Q01 LOGOUT", .quit_ok = "Q01 " },
    { .program = "synctest", .name = "csync", .service = "csync",
      .port = "csync", .port_number = "2005",
      .banner_end = "* OK", .caps_in_banner = true, .caps_after_tls = true, .mechs_mark = "* SASL ",
      .tls_cmd = "STARTTLS", .tls_ok = "OK",
      .auth_cmd = "AUTHENTICATE", .auth_ok = "OK", .auth_more = "+ ",
      .compress_word = "DEFLATE", .compress_cmd = "COMPRESS DEFLATE", .compress_ok = "OK",
      .quit_cmd = "EXIT", .quit_ok = "OK" },
};
const size_t imtest_nprotocols = sizeof imtest_protocols / sizeof *imtest_protocols;
