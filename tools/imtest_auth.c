/* imtest_auth.c - greeting, capabilities, TLS, SASL, compression */
#include <termios.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/text/base64.h"
#include "tools/imtest.h"

enum { ROUNDS_MAX = 20, PASSWORD_MAX = 1024 };

/* ---- capabilities ---- */

/* Mechanisms of one line: the words behind a mark, or the words that begin with it. */
static void note_mechs(struct conn *c, struct slice line)
{
    struct slice rest = slice_skip(line, c->p->mechs_skip), word;
    struct slice mark = slice_cstr(c->p->mechs_mark);
    bool prefix = mark.p[mark.n - 1] == '=';

    if (!prefix) {
        if (!slice_starts_nocase(rest, mark))
            return;
        rest = slice_skip(rest, mark.n);
    }
    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &word, NULL);
        if (prefix && !slice_starts_nocase(word, mark))
            continue;
        word = prefix ? slice_skip(word, mark.n) : word;
        for (size_t i = 0; i < word.n; i++)
            if (word.p[i] != '"' && word.p[i] != ']')
                buf_addc(&c->mechs, word.p[i]);
        buf_addc(&c->mechs, ' ');
    }
}

static void note_caps(struct conn *c, struct slice line)
{
    buf_add_slice(&c->caps, line);
    buf_addc(&c->caps, ' ');
    note_mechs(c, line);
}

static void forget_caps(struct conn *c)
{
    buf_reset(&c->caps);
    buf_reset(&c->mechs);
}

bool auth_has_word(const struct conn *c, const char *word)
{
    struct slice rest = buf_slice(&c->caps), head;

    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &head, NULL);
        while (head.n > 0 && head.p[head.n - 1] == ']')
            head.n--;
        if (slice_eqs_nocase(head, word))
            return true;
        if (head.n > 4 && slice_eqs_nocase(slice_skip(head, 4), word))
            return true;                        /* "250-STARTTLS" */
        if (head.n > 2 && head.p[0] == '"' &&
            slice_eqs_nocase(slice_cut(head, 1, head.n - 1), word))
            return true;
    }
    return false;
}

/* Lines up to the last of the greeting or of the list.  A reply of failure ends it, too. */
static err_t read_caps(struct conn *c, const char *end)
{
    struct slice line;
    err_t err;

    do {
        err = talk_read(c, &line);
        if (err)
            return err;
        note_caps(c, line);
    } while (!slice_starts(line, slice_cstr(end)) && !slice_starts(line, SLICE_LIT("-ERR")) &&
             !slice_starts(line, SLICE_LIT("NO")) && !slice_starts(line, SLICE_LIT("4")) &&
             !slice_starts(line, SLICE_LIT("5")));
    return ERR_OK;
}

static err_t ask_caps(struct conn *c)
{
    if (!c->p->caps_cmd)
        return ERR_OK;
    forget_caps(c);
    talk_send(c, "%s", c->p->caps_cmd);
    return read_caps(c, c->p->caps_end);
}

err_t auth_greeting(struct conn *c)
{
    struct slice line;
    err_t err = ERR_OK;

    forget_caps(c);
    buf_reset(&c->greeting);
    if (c->p->banner_end)
        err = read_caps(c, c->p->banner_end);
    else if ((err = talk_read(c, &line)) == ERR_OK) {
        buf_add_slice(&c->greeting, line);
        note_caps(c, line);
    }
    if (!err && (!c->p->caps_in_banner || c->mechs.n == 0))
        err = ask_caps(c);
    return err;
}

/* ---- TLS ---- */

err_t auth_start_tls(struct conn *c)
{
    err_t err = stream_start_tls_client(c->s, c->tls, c->opt->host);

    if (err)
        printf("TLS negotiation failed!\n");
    else
        printf("TLS connection established: %s\n", tls_cipher(c->s));
    return err;
}

err_t auth_starttls(struct conn *c)
{
    const char *word = strcmp(c->p->name, "pop3") == 0 ? "STLS" : "STARTTLS";
    struct slice line;

    if (!auth_has_word(c, word)) {
        printf("[Server did not advertise %s]\n", word);
        return ERR_UNSUPPORTED;
    }
    talk_send(c, "%s", c->p->tls_cmd);
    err_t err = talk_read(c, &line);
    if (!err && !slice_starts(line, slice_cstr(c->p->tls_ok)))
        err = ERR_UNSUPPORTED;
    if (!err)
        err = auth_start_tls(c);
    if (err)
        return err;
    if (!c->p->caps_after_tls)
        return ask_caps(c);
    forget_caps(c);
    return read_caps(c, c->p->banner_end);
}

/* ---- SASL ---- */

const char *auth_password(struct conn *c)
{
    static char typed[PASSWORD_MAX];
    struct termios old, silent;
    bool terminal = tcgetattr(STDIN_FILENO, &old) == 0;

    if (c->opt->password)
        return c->opt->password;
    printf("Please enter your password: ");
    fflush(stdout);
    silent = old;
    silent.c_lflag &= (tcflag_t)~ECHO;
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    if (!fgets(typed, sizeof typed, stdin))
        typed[0] = '\0';
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    typed[strcspn(typed, "\r\n")] = '\0';
    printf("\n");
    return typed;
}

/* The library wants to know something we were not told. */
static err_t ask(void *arg, enum sasl_ask what, const char *prompt, struct buf *out)
{
    struct conn *c = arg;
    char typed[PASSWORD_MAX];

    if (what == SASL_ASK_PASSWORD) {
        buf_adds(out, auth_password(c));
        return ERR_OK;
    }
    if (!c->opt->prompts && what != SASL_ASK_AUTHNAME && what != SASL_ASK_REALM)
        return ERR_AUTH;
    printf("%s: ", prompt);
    fflush(stdout);
    if (!fgets(typed, sizeof typed, stdin))
        return ERR_AUTH;
    buf_add(out, typed, strcspn(typed, "\r\n"));
    return ERR_OK;
}

static err_t open_sasl(struct conn *c)
{
    const struct options *o = c->opt;
    struct sasl_client_config cfg = {
        .service = c->p->service, .host = o->host, .authname = o->authname, .userid = o->user,
        .realm = o->realm, .password = o->password, .min_ssf = o->min_ssf, .max_ssf = o->max_ssf,
        .ask = ask, .arg = c,
    };
    struct sasl_outer outer = { .ssf = (unsigned)tls_ssf(c->s) };
    struct buf binding = BUF_INIT;
    err_t err = sasl_client_open(&cfg, &c->sasl);

    if (err || outer.ssf == 0)
        return err;
    static const char *const types[] = { "tls-exporter", "tls-unique" };
    size_t best = slice_starts(slice_cstr(tls_cipher(c->s)), SLICE_LIT("TLSv1.3")) ? 0 : 1;
    if (tls_channel_binding(c->s, types[best], &binding) == ERR_OK) {
        outer.bindings[0] = (struct sasl_binding){ types[best], buf_slice(&binding) };
        outer.nbindings = 1;
    }
    /* with a certificate of our own EXTERNAL is possible; the server knows its name */
    if (o->tls_file && *o->tls_file)
        outer.external_id = o->authname ? o->authname : "";
    err = sasl_client_set_tls(c->sasl, &outer);
    buf_fini(&binding);
    return err;
}

/* Send a response in the protocol's form, behind `head` where there is one. */
static void send_response(struct conn *c, const char *head, const struct buf *bytes)
{
    struct buf text = BUF_INIT;

    base64_encode(&text, buf_slice(bytes));
    if (head ? c->p->auth_quotes : c->p->auth_literals) {
        talk_send(c, "%s%s{%zu+}", head ? head : "", head ? " " : "", text.n);
        stream_put_slice(c->s, buf_slice(&text));
        stream_puts(c->s, "\r\n");
        printf("%s%.*s\r\n", head ? "" : "C: ", SLICE_ARG(buf_slice(&text)));
    } else if (head) {
        /* RFC 4959: an empty initial response is written "=" */
        talk_send(c, "%s %s", head, text.n ? buf_cstr(&text) : "=");
    } else {
        talk_send(c, "%s", text.n ? buf_cstr(&text) : "");
    }
    buf_wipe(&text);
    buf_fini(&text);
}

/* Base64 of a challenge line to bytes: plain, quoted, or announced as a literal. */
static err_t take_challenge(struct conn *c, struct slice line, struct buf *out)
{
    err_t err = ERR_OK;

    line = slice_skip(line, strlen(c->p->auth_more));
    if (c->p->auth_quotes && line.n > 0 && line.p[0] == '{')
        err = talk_read(c, &line);
    else if (line.n > 1 && line.p[0] == '"')
        line = slice_cut(line, 1, line.n - 1);
    buf_reset(out);
    return err ? err : base64_decode(out, slice_trim(line));
}

/* OK (SASL "base64"): what the mechanism still has to check (RFC 5804 2.1). */
static err_t take_success_data(struct conn *c, struct slice line)
{
    struct buf data = BUF_INIT, response = BUF_INIT;
    ssize_t at = slice_search(line, SLICE_LIT("(SASL \""));
    struct slice text;
    err_t err = ERR_OK;

    if (at < 0 || sasl_client_is_done(c->sasl))
        return ERR_OK;
    slice_split(slice_skip(line, (size_t)at + 7), '"', &text, NULL);
    err = base64_decode(&data, text);
    if (!err)
        err = sasl_client_next(c->sasl, buf_slice(&data), &response);
    buf_fini(&data);
    buf_fini(&response);
    return err ? ERR_AUTH : ERR_OK;
}

/* One reply of the server.  ERR_AGAIN: it wants the next response, which is sent. */
static err_t next_step(struct conn *c)
{
    struct buf challenge = BUF_INIT, response = BUF_INIT;
    struct slice line, word, ok = slice_cstr(c->p->auth_ok);
    err_t err = talk_read(c, &line);

    /* untagged lines between */
    while (!err && slice_starts(line, SLICE_LIT("* ")) && !slice_starts(line, ok))
        err = talk_read(c, &line);
    if (err)
        return err;
    slice_split(line, ' ', &word, NULL);
    if (slice_starts(line, ok)) {
        forget_caps(c);
        note_caps(c, line);
        return take_success_data(c, line);
    }
    bool refused = slice_eqs(word, "NO") || slice_eqs(word, "BAD") || slice_eqs(word, "A01") ||
                   slice_eqs(word, "-ERR") || slice_eqs(word, "BYE");
    if (refused || !slice_starts(line, slice_cstr(c->p->auth_more)))
        return ERR_AUTH;
    err = take_challenge(c, line, &challenge);
    if (!err)
        err = sasl_client_next(c->sasl, buf_slice(&challenge), &response);
    if (err)
        talk_send(c, c->p->auth_literals ? "\"*\"" : "*");
    else
        send_response(c, NULL, &response);
    buf_fini(&challenge);
    buf_wipe(&response);
    buf_fini(&response);
    return err ? err : ERR_AGAIN;
}

static err_t run_sasl(struct conn *c, struct slice mechs)
{
    bool want_initial = !c->opt->no_initial && (!c->p->ir_word || auth_has_word(c, c->p->ir_word));
    struct buf initial = BUF_INIT, head = BUF_INIT;
    bool has_initial;
    err_t err = sasl_client_begin(c->sasl, mechs, want_initial, &initial, &has_initial);

    if (!err) {
        const char *quote = c->p->auth_quotes ? "\"" : "";
        buf_addf(&head, "%s %s%s%s", c->p->auth_cmd, quote, sasl_client_mech(c->sasl), quote);
        if (has_initial)
            send_response(c, buf_cstr(&head), &initial);
        else
            talk_send(c, "%s", buf_cstr(&head));
        err = ERR_AGAIN;
        for (int i = 0; i < ROUNDS_MAX && err == ERR_AGAIN; i++)
            err = next_step(c);
    }
    buf_wipe(&initial);
    buf_fini(&initial);
    buf_fini(&head);
    return err;
}

/* Put the layer on; what the server said before it is not to be trusted (RFC 3501 6.2.2). */
static err_t put_layer(struct conn *c)
{
    struct sasl_layer layer;

    if (!sasl_client_wrap(c->sasl, &layer))
        return ERR_OK;
    struct stream_wrap wrap = { .arg = layer.arg, .encode = layer.encode, .decode = layer.decode,
                                .maxout = layer.maxout };
    err_t err = stream_start_wrap(c->s, &wrap);
    return err ? err : ask_caps(c);
}

static bool mech_offered(const struct conn *c, struct slice mech)
{
    struct slice rest = buf_slice(&c->mechs), word;

    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &word, NULL);
        if (slice_eq_nocase(word, mech))
            return true;
    }
    return false;
}

static err_t log_in(struct conn *c)
{
    const char *wanted = c->opt->mech;
    struct slice mechs = wanted ? slice_cstr(wanted) : buf_slice(&c->mechs);

    for (const struct plain_login *l = c->p->logins; wanted && l && l->name; l++)
        if (slice_eqs_nocase(slice_cstr(wanted), l->name))
            return l->run(c);
    if (wanted && !mech_offered(c, mechs)) {
        printf("[Server did not advertise AUTH=%s]\n", wanted);
        return ERR_AUTH;
    }
    err_t err = open_sasl(c);
    if (!err)
        err = run_sasl(c, mechs);
    if (err == ERR_AUTH && c->opt->verbose && *sasl_client_error(c->sasl))
        printf("[%s]\n", sasl_client_error(c->sasl));
    return err;
}

err_t auth_log_in(struct conn *c)
{
    err_t err = log_in(c);
    unsigned ssf = c->sasl && !err ? sasl_client_ssf(c->sasl) : 0;
    unsigned outer = (unsigned)tls_ssf(c->s);

    if (err && err != ERR_AUTH && err != ERR_UNSUPPORTED)
        return err;                             /* the connection is gone */
    printf(err ? "Authentication failed. generic failure\n" : "Authenticated.\n");
    printf("Security strength factor: %u\n", ssf > outer ? ssf : outer);
    if (err)
        return ERR_AUTH;
    return c->sasl ? put_layer(c) : ERR_OK;
}

err_t auth_compress(struct conn *c)
{
    struct slice line;

    if (!c->p->compress_cmd || !auth_has_word(c, c->p->compress_word)) {
        printf("[Server did not advertise COMPRESS]\n");
        return ERR_UNSUPPORTED;
    }
    talk_send(c, "%s", c->p->compress_cmd);
    err_t err = talk_read(c, &line);
    if (!err && !slice_starts(line, slice_cstr(c->p->compress_ok)))
        err = ERR_UNSUPPORTED;
    return err ? err : stream_start_deflate(c->s);
}
