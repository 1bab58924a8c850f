/* data.c - DATA: the message from the wire into the stage, then to everybody (RFC 2033 4.2) */
#include "imap/lmtpd/lmtpd.h"

#include <unistd.h>

#include "imap/deliver/deliver.h"
#include "imap/lmtpd/header_filter.h"
#include "imap/serve/limits.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/net/dotstuff.h"
#include "lib/text/date822.h"

struct data_run {
    struct session *s;
    struct stage *stage;
    struct header_filter filter;
    struct buf msgid, date;                     /* lines to add when missing */
    err_t err;                                  /* what keeps the message out */
    const char *why;                            /* permanent refusal: code and words */
};

static err_t to_stage(void *arg, struct slice piece)
{
    return stage_push(arg, piece.p, piece.n);
}

static err_t to_filter(void *arg, struct slice piece)
{
    return header_filter_push(arg, piece);
}

static const char *with_what(const struct session *s)
{
    bool tls = stream_is_tls(s->base->stream), auth = s->preauth || s->base->ident;

    return tls ? auth ? "LMTPSA" : "LMTPS" : auth ? "LMTPA" : "LMTP";  /* RFC 3848 */
}

/* Return-Path, Received, X-Cyrus-Session-Id (DL-15). */
static void trace_headers(const struct session *s, struct slice date, struct buf *b)
{
    struct buf tls = BUF_INIT;
    const char *cipher = tls_cipher(s->base->stream);

    if (cipher && *cipher)
        buf_addf(&tls, "\r\n\t (%s)", cipher);
    buf_addf(b, "Return-Path: <%.*s>\r\n", SLICE_ARG(buf_slice(&s->from)));
    buf_addf(b, "Received: from %.*s (%s)\r\n\t by %s (Cyrus %s-halcyon) with %s%.*s;\r\n\t %.*s\r\n",
             SLICE_ARG(buf_slice(&s->lhlo)), s->base->client, conf_servername(), PACKAGE_VERSION,
             with_what(s), SLICE_ARG(buf_slice(&tls)), SLICE_ARG(date));
    buf_addf(b, "X-Cyrus-Session-Id: %s\r\n", s->base->session_id);
    buf_fini(&tls);
}

static void prepare_lines(struct data_run *r, struct buf *trace)
{
    static unsigned count;                      /* makes generated ids unique within the process */
    time_t now = clock_now();
    struct buf date = BUF_INIT;

    date822_format_local(&date, now);
    trace_headers(r->s, buf_slice(&date), trace);
    buf_addf(&r->msgid, "Message-ID: <cmu-lmtpd-%d-%lld-%u@%s>\r\n", (int)getpid(), (long long)now, count++,
             conf_servername());
    buf_addf(&r->date, "Date: %.*s\r\n", SLICE_ARG(buf_slice(&date)));
    buf_fini(&date);
}

/* Read to the dot in any case, so that the dialogue stays in step. */
static err_t receive(struct data_run *r, struct dot_facts *facts)
{
    struct session *s = r->s;
    struct rcpt *first = VEC_AT(&s->rcpts, struct rcpt, 0);
    struct sink stage_sink = { to_stage, NULL }, filter_sink = { to_filter, &r->filter };
    struct buf trace = BUF_INIT;
    err_t err;

    prepare_lines(r, &trace);
    r->err = stage_begin(s->base->store, buf_slice(&first->entry.partition), &r->stage);
    stage_sink.arg = r->stage;
    header_filter_init(&r->filter, &stage_sink, conf_bool(CONF_MUNGE8BIT) && !conf_bool(CONF_REJECT8BIT),
                       buf_cstr(&r->msgid), buf_cstr(&r->date));
    if (!r->err)
        r->err = stage_push(r->stage, trace.p, trace.n);
    buf_fini(&trace);
    if (r->err) {                               /* nowhere to put it: reply now, read nothing */
        verdict_data(s, r->err);
        return ERR_AGAIN;
    }
    reply(s, "354 go ahead");
    err = dotstuff_read(out(s), limit_value(LIMIT_MESSAGE), DOT_DROP_CR, &filter_sink, facts);
    if (stream_error(out(s)) || err == ERR_CLOSED)
        return ERR_CLOSED;
    r->err = err ? err : header_filter_end(&r->filter);
    return ERR_OK;
}

/* Is it a message at all, as far as the options want to know?  (DL-17, DL-18) */
static void inspect(struct data_run *r, const struct dot_facts *facts)
{
    if (r->err == ERR_LIMIT)
        r->why = "552 5.2.3 Message size exceeds fixed maximum message size";
    if (r->err)
        return;
    if (facts->has_nul)
        r->why = "554 5.6.0 Message contains NUL characters";
    else if (r->filter.has_8bit && conf_bool(CONF_REJECT8BIT))
        r->why = "554 5.6.0 Message contains non-ASCII characters in headers";
    if (r->why)
        return;
    r->err = stage_finish(r->stage);
    if (!r->err && (stage_facts(r->stage)->header_invalid_strict || r->filter.begins_folded))
        r->why = "554 5.6.0 Message contains invalid header";
}

static void answer_all(struct data_run *r, const err_t *verdicts)
{
    for (size_t i = 0; i < r->s->rcpts.n; i++) {
        if (r->why)
            reply(r->s, "%s", r->why);
        else
            verdict_data(r->s, verdicts ? verdicts[i] : r->err);
    }
}

static void deliver(struct data_run *r)
{
    struct session *s = r->s;
    err_t *verdicts = mem_array(s->rcpts.n, sizeof *verdicts);
    struct delivery d = { .stage = r->stage, .rcpts = s->rcpts.p, .n = s->rcpts.n,
                          .session_id = s->base->session_id };

    deliver_run(s->base->store, &d, verdicts);
    answer_all(r, verdicts);
    mem_free(verdicts);
}

void lmtp_data(void *session, const struct command *cmd)
{
    struct data_run r = { .s = session };
    struct session *s = session;
    struct dot_facts facts = { 0 };
    err_t err;

    if (s->state != LS_RCPT) {
        reply(s, s->state == LS_MAIL ? "503 5.5.1 No recipients" : "503 5.5.1 Need MAIL command");
        return;
    }
    err = receive(&r, &facts);
    if (err == ERR_CLOSED) {
        s->state = LS_END;
    } else if (!err) {
        inspect(&r, &facts);
        if (r.err || r.why)
            answer_all(&r, NULL);
        else
            deliver(&r);
    }
    stage_free(&r.stage);
    header_filter_fini(&r.filter);
    buf_fini(&r.msgid);
    buf_fini(&r.date);
    envelope_reset(s);
}
