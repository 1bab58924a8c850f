/* work_lmtp.c - deliver mail by LMTP, pipelined like an MTA
 *
 * No delivery is a duplicate.  What was acknowledged must be in the INBOXes of the recipients.
 *
 * Options: lmtp, imap (ports), prefix and users (recipients prefix00 ...), rcpts per message,
 * size (pool.h), nonce (unique per run), name of the result, check (0: do not count the mailboxes).
 */
#include "bench/driver/drive.h"
#include "bench/driver/lmtp.h"
#include "bench/driver/load.h"
#include "bench/driver/pool.h"

static void lmtp_open(struct worker *w)
{
    w->conn = lmtp_connect(w->quickack);
    w->units = opts_u64("rcpts", 1);
    w->state = pool_new(opts_str("nonce", "0"), ".\r\n");
}

static void lmtp_op(struct worker *w)
{
    struct slice message = pool_message(w->state, w, 0);
    uint64_t rcpts = w->units, users = opts_u64("users", 1);
    struct buf b = BUF_INIT;

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
    conn_write(w->conn, message.p, message.n);
    for (uint64_t k = 0; k < rcpts; k++)
        lmtp_expect(w->conn, "250");
}

static void lmtp_close(struct worker *w)
{
    struct pool *p = w->state;

    lmtp_quit(&w->conn);
    pool_free(&p);
}

void work_lmtp(void)
{
    static const struct load_kind kind = { .open = lmtp_open, .op = lmtp_op, .close = lmtp_close };

    load_measure_stored(opts_str("name", "lmtp"), &kind);
}
