/* work_lmtp.c - deliver mail by LMTP, pipelined like an MTA
 *
 * Messages come from a pool made before the clock starts; only the Message-ID changes, so
 * that no delivery is a duplicate.  Before and after, all INBOXes of the recipients are
 * emptied, and what was in them after must be what was acknowledged.
 *
 * Options: lmtp, imap (ports), prefix and users (recipients prefix00 ...), rcpts per message,
 * nonce (unique per run), name of the result, check (0: leave the mailboxes alone, check nothing).
 */
#include "bench/driver/drive.h"
#include "bench/driver/lmtp.h"
#include "bench/driver/load.h"
#include "bench/driver/mailgen.h"
#include "lib/base/mem.h"

#define POOL 256

struct pool {
    struct buf message[POOL];
    size_t id_at[POOL]; /* of ID_DIGITS bytes to overwrite */
};

#define ID_DIGITS "0000000000000000"
#define ID_LEN    (sizeof ID_DIGITS - 1)

static struct pool *pool_new(void)
{
    struct pool *p = mem_zalloc(sizeof *p);
    char nonce[64];

    snprintf(nonce, sizeof nonce, ID_DIGITS ".%s", opts_str("nonce", "0"));
    for (unsigned i = 0; i < POOL; i++) {
        mailgen_make(MAILGEN_REAL, i, nonce, &p->message[i], NULL);
        p->id_at[i] = (size_t)slice_search(buf_slice(&p->message[i]), SLICE_LIT(ID_DIGITS));
        buf_adds(&p->message[i], ".\r\n");
    }
    return p;
}

static void pool_free(struct pool *p)
{
    for (unsigned i = 0; i < POOL; i++)
        buf_fini(&p->message[i]);
    mem_free(p);
}

static void lmtp_open(struct worker *w)
{
    w->conn = lmtp_connect(w->quickack);
    w->units = opts_u64("rcpts", 1);
    w->state = pool_new();
}

/* Unique for this worker and round, as 16 digits. */
static void set_id(const struct worker *w, struct buf *message, size_t at)
{
    char id[ID_LEN + 1];

    snprintf(id, sizeof id, "%04u%012ju", w->id, (uintmax_t)w->rounds);
    memcpy(message->p + at, id, ID_LEN);
}

static void lmtp_op(struct worker *w)
{
    struct pool *p = w->state;
    unsigned i = (unsigned)((w->rounds * 8 + w->id) % POOL);
    uint64_t rcpts = w->units, users = opts_u64("users", 1);
    struct buf b = BUF_INIT;

    set_id(w, &p->message[i], p->id_at[i]);
    buf_adds(&b, "MAIL FROM:<sender@bench.example>\r\n");
    for (uint64_t k = 0; k < rcpts; k++)
        buf_addf(&b, "RCPT TO:<%s%02u>\r\n", opts_str("prefix", "d"),
                 (unsigned)((w->rounds * rcpts + k + w->id * 3) % users));
    buf_adds(&b, "DATA\r\n");
    conn_write(w->conn, b.p, b.n);
    buf_fini(&b);
    for (uint64_t k = 0; k < rcpts + 1; k++)
        lmtp_expect(w->conn, "250");
    lmtp_expect(w->conn, "354");
    conn_write(w->conn, p->message[i].p, p->message[i].n);
    for (uint64_t k = 0; k < rcpts; k++)
        lmtp_expect(w->conn, "250");
}

static void lmtp_close(struct worker *w)
{
    lmtp_quit(&w->conn);
    pool_free(w->state);
}

void work_lmtp(void)
{
    static const struct load_kind kind = { .open = lmtp_open, .op = lmtp_op, .close = lmtp_close };
    const char *prefix = opts_str("prefix", "d");
    uint64_t users = opts_u64("users", 1), delivered, found;

    if (!opts_u64("check", 1)) {
        load_measure(opts_str("name", "lmtp"), &kind);
        return;
    }
    imap_empty_users(prefix, users);
    load_quiet_disk();
    delivered = load_measure(opts_str("name", "lmtp"), &kind);
    found = imap_empty_users(prefix, users);
    if (found != delivered)
        drive_wrong("%ju deliveries were acknowledged, %ju messages are there",
                    (uintmax_t)delivered, (uintmax_t)found);
}
