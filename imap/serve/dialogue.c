/* dialogue.c - a whole SASL dialogue of a line protocol (RFC 3501 6.2.2, 5034 4, 4954 4) */
#include "imap/serve/serve.h"

#include "lib/text/base64.h"

enum { SASL_LINE_MAX = 16384 };

static void send_challenge(struct session_base *b, const char *prefix, const struct buf *challenge)
{
    struct buf line = BUF_INIT;

    buf_adds(&line, prefix);
    base64_encode(&line, buf_slice(challenge));
    buf_adds(&line, "\r\n");
    stream_put_slice(b->stream, buf_slice(&line));
    buf_fini(&line);
}

/* The client's line, decoded.  ERR_STOP: "*", it gave up. */
static err_t read_response(struct session_base *b, struct buf *response)
{
    struct slice line;
    err_t err = stream_line(b->stream, SASL_LINE_MAX, &line);

    if (err)
        return err;
    if (slice_eqs(line, "*"))
        return ERR_STOP;
    buf_reset(response);
    return base64_decode(response, line);
}

static enum login_result give_up(struct session_base *b, err_t err, const char **why)
{
    (void)serve_login_cancel(b, why);
    if (err == ERR_STOP)
        return LOGIN_CANCELLED;
    if (err != ERR_SYNTAX && err != ERR_LIMIT)
        return LOGIN_CLOSED;
    *why = "cannot decode authentication data";
    return LOGIN_BAD;
}

static enum login_result converse(struct session_base *b, enum login_result result,
                                  const char *prefix, struct buf *challenge, const char **why)
{
    struct buf response = BUF_INIT;
    err_t err = ERR_OK;

    while (result == LOGIN_CONTINUE && !err) {
        send_challenge(b, prefix, challenge);
        buf_reset(challenge);
        err = read_response(b, &response);
        if (!err)
            result = serve_login_step(b, buf_slice(&response), challenge, why);
    }
    buf_wipe(&response);
    buf_fini(&response);
    return err ? give_up(b, err, why) : result;
}

enum login_result serve_login_dialogue(struct session_base *b, struct slice mech,
                                       const struct slice *initial64, const char *prefix,
                                       const char **why)
{
    struct buf initial = BUF_INIT, challenge = BUF_INIT;
    struct slice given = SLICE_LIT("");
    enum login_result result;

    stream_log_pause(b->stream, true);
    if (initial64 && !slice_eqs(*initial64, "=") && base64_decode(&initial, *initial64) != ERR_OK) {
        *why = "cannot decode authentication data";
        result = LOGIN_BAD;
    } else {
        if (initial.n)
            given = buf_slice(&initial);
        result = serve_login_begin(b, mech, initial64 ? &given : NULL, &challenge, why);
        result = converse(b, result, prefix, &challenge, why);
    }
    stream_log_pause(b->stream, false);
    buf_wipe(&initial);
    buf_fini(&initial);
    buf_fini(&challenge);
    return result;
}
