/* stream_test.c - buffers, limits, waits, and layers without TLS */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "cunit/test.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/literal.h"
#include "lib/net/stream.h"

/* ---- lines ---- */

static const struct {
    const char *in;
    size_t max;
    const char *lines;          /* joined by '|'; '!' is one that was too long */
    err_t end;
} line_rows[] = {
    { "a\r\nbb\nccc\r\n", 10, "a|bb|ccc|", ERR_CLOSED },
    { "\r\n\n", 10, "||", ERR_CLOSED },
    { "a\rb\r\n", 10, "a\rb|", ERR_CLOSED },
    { "12345\r\n123456\r\nx\r\n", 5, "12345|!x|", ERR_CLOSED },
    { "1234567890\r\nx\r\n", 5, "!x|", ERR_CLOSED },
    { "12345\nx\n", 5, "12345|x|", ERR_CLOSED },
    { "123456\nx\n", 5, "!x|", ERR_CLOSED },
    { "no end", 10, "", ERR_CLOSED },
    { "\r\r\n", 10, "\r|", ERR_CLOSED },
};

static void test_lines(void)
{
    for (size_t i = 0; i < sizeof line_rows / sizeof *line_rows; i++) {
        struct stream *s = stream_new_mem(slice_cstr(line_rows[i].in), NULL);
        struct buf seen = BUF_INIT;
        struct slice line;
        err_t err;

        while ((err = stream_line(s, line_rows[i].max, &line)) == ERR_OK || err == ERR_LIMIT) {
            if (err == ERR_OK)
                buf_add_slice(&seen, line);
            buf_adds(&seen, err == ERR_OK ? "|" : "!");
        }
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&seen), line_rows[i].lines));
        CU_CHECK_ROW(i, err == line_rows[i].end);
        CU_CHECK_ROW(i, stream_error(s) == line_rows[i].end);
        buf_fini(&seen);
        stream_close(&s);
    }
}

static void test_long_lines(void)
{
    enum { BIG = 1 << 20 };
    struct buf in = BUF_INIT;
    struct slice line;

    for (int i = 0; i < BIG; i++)
        buf_addc(&in, 'x');
    buf_adds(&in, "\r\nnext\r\n");
    struct stream *s = stream_new_mem(buf_slice(&in), NULL);
    CU_ASSERT_EQUAL(stream_line(s, BIG, &line), ERR_OK);
    CU_ASSERT_EQUAL(line.n, BIG);
    CU_ASSERT_EQUAL(stream_line(s, BIG, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "next"));
    stream_close(&s);
    s = stream_new_mem(buf_slice(&in), NULL);
    CU_ASSERT_EQUAL(stream_line(s, 8192, &line), ERR_LIMIT);
    CU_ASSERT_EQUAL(stream_line(s, 8192, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "next"));
    stream_close(&s);
    buf_fini(&in);
}

/* A line without end: given up after 64 MB, in bounded memory. */
static void test_endless_line(void)
{
    enum { N = 80 << 20 };
    char *huge = mem_alloc(N);
    struct slice line;

    memset(huge, 'x', N);
    struct stream *s = stream_new_mem(slice_make(huge, N), NULL);
    CU_ASSERT_EQUAL(stream_line(s, 8192, &line), ERR_CLOSED);
    CU_ASSERT_EQUAL(stream_line(s, 8192, &line), ERR_CLOSED);
    CU_ASSERT(stream_bytes_in(s) < N);
    stream_close(&s);
    mem_free(huge);
}

static void test_mixed_reads(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("L {5}\r\nhello world\r\nrest"), NULL);
    struct buf out = BUF_INIT;
    struct slice part;

    CU_ASSERT_EQUAL(stream_line(s, 100, &part), ERR_OK);
    CU_ASSERT(stream_has_input(s));
    CU_ASSERT_EQUAL(stream_exact(s, 5, &out), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&out), "hello"));
    CU_ASSERT_EQUAL(stream_some(s, 3, &part), ERR_OK);
    CU_ASSERT(slice_eqs(part, " wo"));
    CU_ASSERT_EQUAL(stream_discard(s, 5), ERR_OK);
    CU_ASSERT_EQUAL(stream_drop_input(s), 4);
    CU_ASSERT_FALSE(stream_has_input(s));
    CU_ASSERT_EQUAL(stream_some(s, 3, &part), ERR_CLOSED);
    stream_close(&s);
    buf_fini(&out);
}

/* ---- literals ---- */

static err_t count_then_refuse(void *arg, struct slice piece)
{
    size_t *left = arg;

    if (piece.n > *left)
        return ERR_NOSPACE;
    *left -= piece.n;
    return ERR_OK;
}

static void test_literals(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("abcdefghij0123456789NEXT\r\n"), NULL);
    struct buf out = BUF_INIT;
    size_t left = 5;
    struct sink sink = { count_then_refuse, &left };
    struct slice line;

    CU_ASSERT_EQUAL(literal_buf(s, 5, 10, &out), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&out), "abcde"));
    CU_ASSERT_EQUAL(literal_buf(s, 5, 4, &out), ERR_LIMIT);
    CU_ASSERT_EQUAL(literal_read(s, 10, &sink), ERR_NOSPACE);
    CU_ASSERT_EQUAL(literal_buf(s, 1ull << 40, 10, &out), ERR_CLOSED);
    CU_ASSERT_EQUAL(stream_line(s, 10, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "NEXT"));
    CU_ASSERT_EQUAL(literal_buf(s, 1, 10, &out), ERR_CLOSED);
    stream_close(&s);
    buf_fini(&out);
}

/* ---- writing ---- */

static void test_writes_keep_order(void)
{
    struct buf wire = BUF_INIT, want = BUF_INIT;
    struct stream *s = stream_new_mem(SLICE_NULL, &wire);
    char big[100000];

    memset(big, 'B', sizeof big);
    for (int i = 0; i < 300; i++) {
        stream_printf(s, "%d ", i);
        buf_addf(&want, "%d ", i);
        if (i % 50 == 0) {
            stream_put_large(s, slice_make(big, sizeof big - (size_t)i));
            buf_add(&want, big, sizeof big - (size_t)i);
        }
        if (i % 30 == 0) {
            char *room = stream_room(s, 4096);
            memset(room, 'R', 4096);
            stream_commit(s, 4000);
            buf_reserve(&want, 4000);
            memset(want.p + want.n, 'R', 4000);
            want.n += 4000;
        }
    }
    stream_put(s, big, sizeof big);
    buf_add(&want, big, sizeof big);
    stream_printf(s, "%.*s", 5000, big);
    buf_add(&want, big, 5000);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&wire), buf_slice(&want)));
    CU_ASSERT_EQUAL(stream_bytes_out(s), want.n);
    stream_close(&s);
    buf_fini(&wire);
    buf_fini(&want);
}

static void test_put_file(void)
{
    enum { N = 300000 };
    char path[300];
    struct buf wire = BUF_INIT;
    char *data = mem_alloc(N);

    snprintf(path, sizeof path, "%s/file", test_tmpdir());
    for (int i = 0; i < N; i++)
        data[i] = (char)(i * 7 + i / 256);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    CU_ASSERT_EQUAL(write(fd, data, N), N);
    struct stream *s = stream_new_mem(SLICE_NULL, &wire);
    stream_puts(s, "x");
    CU_ASSERT_EQUAL(stream_put_file(s, fd, 10, N - 20), ERR_OK);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT_EQUAL(wire.n, N - 19);
    CU_ASSERT(memcmp(wire.p + 1, data + 10, N - 20) == 0);
    CU_ASSERT_EQUAL(stream_put_file(s, fd, N - 5, 10), ERR_CORRUPT);
    stream_close(&s);
    close(fd);
    mem_free(data);
    buf_fini(&wire);
}

/* ---- sockets ---- */

static void pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        CU_FAIL_FATAL("socketpair");
}

static void test_socket_dialogue(void)
{
    int fds[2];
    struct slice line;
    char got[100];

    pair(fds);
    struct stream *s = stream_new(fds[0], fds[0]);
    CU_ASSERT_EQUAL(write(fds[1], "one\r\ntwo\r\nthr", 13), 13);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_puts(s, "r1\r\n");
    CU_ASSERT(stream_has_input(s));
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "two"));
    stream_puts(s, "r2\r\n");
    /* nothing was sent while commands were waiting */
    CU_ASSERT_EQUAL(recv(fds[1], got, sizeof got, MSG_DONTWAIT), -1);
    CU_ASSERT_EQUAL(write(fds[1], "ee\r\n", 4), 4);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "three"));
    /* and both replies at once before the read that would have waited */
    CU_ASSERT_EQUAL(recv(fds[1], got, sizeof got, MSG_DONTWAIT), 8);
    close(fds[1]);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_CLOSED);
    stream_puts(s, "gone");
    CU_ASSERT_EQUAL(stream_flush(s), ERR_CLOSED);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_CLOSED);
    stream_close(&s);
}

static void test_timeout_and_farewell(void)
{
    int fds[2];
    struct slice line;
    char got[10];

    pair(fds);
    struct stream *s = stream_new(fds[0], fds[0]);
    stream_set_timeout(s, 20);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_TIMEOUT);
    stream_puts(s, "bye");
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT_EQUAL(recv(fds[1], got, sizeof got, MSG_DONTWAIT), 3);
    stream_close(&s);
    close(fds[1]);
}

/* A client that stops reading costs a time-out, not the process. */
static void test_stuck_reader(void)
{
    int fds[2];
    static char big[4 << 20];

    pair(fds);
    struct stream *s = stream_new(fds[0], fds[0]);
    stream_set_timeout(s, 20);
    stream_put_large(s, slice_make(big, sizeof big));
    CU_ASSERT_EQUAL(stream_flush(s), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(stream_error(s), ERR_TIMEOUT);
    stream_close(&s);
    close(fds[1]);
}

static void test_pipes(void)
{
    int in[2], out[2];
    struct slice line;
    char got[10];

    CU_ASSERT_EQUAL(pipe(in), 0);
    CU_ASSERT_EQUAL(pipe(out), 0);
    struct stream *s = stream_new(in[0], out[1]);
    CU_ASSERT_EQUAL(write(in[1], "hi\r\n", 4), 4);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "hi"));
    stream_puts(s, "ho");
    stream_set_timeout(s, 10);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(read(out[0], got, sizeof got), 2);
    stream_close(&s);
    close(in[1]);
    close(out[0]);
}

static void test_wait(void)
{
    int fds[2], other[2];
    bool input, woken;
    struct slice line;

    pair(fds);
    pair(other);
    struct stream *s = stream_new(fds[0], fds[0]);
    CU_ASSERT_EQUAL(stream_wait(s, other[0], 0, &input, &woken), ERR_OK);
    CU_ASSERT(!input && !woken);
    CU_ASSERT_EQUAL(stream_wait(s, -1, 10, &input, &woken), ERR_OK);
    CU_ASSERT(!input && !woken);
    CU_ASSERT_EQUAL(write(other[1], "x", 1), 1);
    CU_ASSERT_EQUAL(stream_wait(s, other[0], -1, &input, &woken), ERR_OK);
    CU_ASSERT(!input && woken);
    CU_ASSERT_EQUAL(write(fds[1], "DONE\r\n", 6), 6);
    CU_ASSERT_EQUAL(stream_wait(s, -1, -1, &input, &woken), ERR_OK);
    CU_ASSERT(input && !woken);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "DONE"));
    close(fds[1]);
    CU_ASSERT_EQUAL(stream_wait(s, -1, -1, &input, &woken), ERR_CLOSED);
    stream_close(&s);
    close(other[0]);
    close(other[1]);
}

static void ignore_signal(int signo)
{
    (void)signo;
}

static bool say_stop(void *arg)
{
    return ++*(int *)arg >= 2;
}

/* Signals come until told otherwise; only the start of a line is given up. */
static void test_interrupt(void)
{
    struct sigaction sa = { .sa_handler = ignore_signal }, old;
    int fds[2], asked = 0;
    struct slice line;
    struct timespec tick = { 0, 2000000 };

    pair(fds);
    sigaction(SIGUSR1, &sa, &old);
    struct stream *s = stream_new(fds[0], fds[0]);
    stream_set_interrupt(s, say_stop, &asked);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        while (kill(parent, SIGUSR1) == 0)
            nanosleep(&tick, NULL);
        _exit(0);
    }
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_AGAIN);
    CU_ASSERT(asked >= 2);
    CU_ASSERT_EQUAL(stream_error(s), ERR_OK);
    CU_ASSERT_EQUAL(write(fds[1], "par", 3), 3);
    stream_set_timeout(s, 30);
    err_t err;
    do                          /* the signal may come before the first bytes are read */
        err = stream_line(s, 100, &line);
    while (err == ERR_AGAIN);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    sigaction(SIGUSR1, &old, NULL);
    CU_ASSERT_EQUAL(err, ERR_TIMEOUT);
    stream_close(&s);
    close(fds[1]);
}

/* ---- layers ---- */

static err_t xor_both(void *arg, struct slice in, struct slice *out)
{
    struct buf *b = arg;

    buf_reset(b);
    for (size_t i = 0; i < in.n; i++)
        buf_addc(b, in.p[i] ^ 0x55);
    *out = buf_slice(b);
    return ERR_OK;
}

static void test_wrap(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT, scratch = BUF_INIT, scratch2 = BUF_INIT;
    struct slice plain = SLICE_LIT("hello\r\n"), line, wire;
    struct stream_wrap w = { &scratch2, xor_both, xor_both, 3 };

    CU_ASSERT_EQUAL(xor_both(&scratch, plain, &wire), ERR_OK);
    buf_add_slice(&in, wire);
    struct stream *s = stream_new_mem(buf_slice(&in), &out);
    CU_ASSERT_EQUAL(stream_start_wrap(s, &w), ERR_OK);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "hello"));
    stream_put_slice(s, plain);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&out), buf_slice(&in)));
    stream_close(&s);
    buf_fini(&in);
    buf_fini(&out);
    buf_fini(&scratch);
    buf_fini(&scratch2);
}

/* Raw deflate of n bytes. */
static void squeeze(const char *p, size_t n, struct buf *out)
{
    z_stream z = { 0 };

    deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    buf_reserve(out, deflateBound(&z, n) + 100);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out->p;
    z.avail_out = (uInt)out->cap;
    deflate(&z, Z_SYNC_FLUSH);
    out->n = out->cap - z.avail_out;
    deflateEnd(&z);
}

static void test_deflate(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT;
    struct slice line;

    squeeze("a NOOP\r\nb NOOP\r\n", 16, &in);
    struct stream *s = stream_new_mem(buf_slice(&in), &out);
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
    CU_ASSERT(stream_is_deflate(s));
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_EXISTS);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "a NOOP"));
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    for (int i = 0; i < 1000; i++)
        stream_printf(s, "* %d FETCH (FLAGS (\\Seen))\r\n", i);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    size_t n = out.n;
    CU_ASSERT(n > 0 && n < 10000);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT_EQUAL(out.n, n);                  /* an empty flush adds nothing */
    stream_close(&s);
    /* what we wrote is readable by ourselves */
    s = stream_new_mem(buf_slice(&out), NULL);
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "* 999 FETCH (FLAGS (\\Seen))"));
    stream_close(&s);
    buf_fini(&in);
    buf_fini(&out);
}

/* UNAUTHENTICATE with compression: what follows the compressed command is read as it is. */
static void test_stop_layers(void)
{
    static const struct {
        const char *packed, *raw;
        const char *next;                       /* line read behind the layer */
    } rows[] = {
        { "a UNAUTHENTICATE\r\n", "b LOGIN x y\r\n", "b LOGIN x y" },
        { "a UNAUTHENTICATE\r\n", "", NULL },
        { "a UNAUTHENTICATE\r\nc NOOP\r\n", "b LOGIN x y\r\n", "b LOGIN x y" },      /* c was sent too late */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf in = BUF_INIT, out = BUF_INIT;
        struct slice line;
        squeeze(rows[i].packed, strlen(rows[i].packed), &in);
        buf_adds(&in, rows[i].raw);
        struct stream *s = stream_new_mem(buf_slice(&in), &out);
        CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
        CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
        stream_puts(s, "a OK\r\n");
        CU_ASSERT_EQUAL(stream_stop_layers(s), ERR_OK);
        CU_ASSERT(!stream_is_deflate(s));
        size_t n = out.n;
        CU_ASSERT(n > 4 && memcmp(out.p + n - 4, "\0\0\xff\xff", 4) == 0);
        stream_puts(s, "b OK\r\n");
        CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
        CU_ASSERT(slice_eqs(slice_skip(buf_slice(&out), n), "b OK\r\n"));
        CU_ASSERT_EQUAL(stream_line(s, 100, &line), rows[i].next ? ERR_OK : ERR_CLOSED);
        CU_ASSERT(!rows[i].next || slice_eqs(line, rows[i].next));
        stream_close(&s);
        buf_fini(&in);
        buf_fini(&out);
    }
}

/* Deflate on a SASL layer: both end with the reply. */
static void test_stop_both(void)
{
    struct buf out = BUF_INIT, scratch2 = BUF_INIT;
    struct stream_wrap w = { &scratch2, xor_both, xor_both, 0 };
    struct stream *s = stream_new_mem(SLICE_NULL, &out);

    CU_ASSERT_EQUAL(stream_start_wrap(s, &w), ERR_OK);
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
    stream_puts(s, "a OK\r\n");
    CU_ASSERT_EQUAL(stream_stop_layers(s), ERR_OK);
    size_t n = out.n;
    CU_ASSERT(n > 0 && slice_search(buf_slice(&out), SLICE_LIT("a OK")) < 0);
    stream_puts(s, "b OK\r\n");
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_ASSERT(slice_eqs(slice_skip(buf_slice(&out), n), "b OK\r\n"));
    CU_ASSERT_EQUAL(stream_stop_layers(s), ERR_OK);             /* nothing left to stop */
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);           /* the next session may compress again */
    stream_close(&s);
    buf_fini(&out);
    buf_fini(&scratch2);
}

static void test_deflate_bomb(void)
{
    enum { N = 64 << 20 };
    struct buf in = BUF_INIT;
    char *zeros = mem_zalloc(N);

    squeeze(zeros, N, &in);
    struct stream *s = stream_new_mem(buf_slice(&in), NULL);
    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
    CU_ASSERT_EQUAL(stream_discard(s, N), ERR_LIMIT);
    CU_ASSERT(stream_bytes_in(s) < (2 << 20));
    stream_close(&s);
    mem_free(zeros);
    buf_fini(&in);
}

static void test_deflate_garbage(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("this is not deflate \xff\xff\xff\xff"), NULL);
    struct slice line;

    CU_ASSERT_EQUAL(stream_start_deflate(s), ERR_OK);
    CU_ASSERT_NOT_EQUAL(stream_line(s, 1000, &line), ERR_OK);
    CU_ASSERT_NOT_EQUAL(stream_error(s), ERR_OK);
    stream_close(&s);
}

/* ---- telemetry ---- */

static void test_telemetry(void)
{
    char path[300], text[1000];
    struct slice line;

    snprintf(path, sizeof path, "%s/telemetry", test_tmpdir());
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
    clock_fake(1795259599);
    struct stream *s = stream_new_mem(SLICE_LIT("a SELECT INBOX\r\nb LOGIN u secret\r\nc NOOP\r\n"), NULL);
    stream_set_log(s, dup(fd));
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_puts(s, "* 12 EXISTS\r\na OK\r\n");
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    stream_log_pause(s, true);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_log_pause(s, false);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_set_log(s, -1);
    stream_puts(s, "unseen\r\n");
    stream_close(&s);
    ssize_t n = pread(fd, text, sizeof text, 0);
    clock_fake(0);
    close(fd);
    CU_ASSERT(slice_eqs(slice_make(text, (size_t)n),
                        "<1795259599<a SELECT INBOX\r\n>1795259599>* 12 EXISTS\r\na OK\r\n"
                        "<1795259599<[...]\r\nc NOOP\r\n"));
}

TEST_SUITE("stream", { "lines", test_lines }, { "long lines", test_long_lines },
           { "endless line", test_endless_line }, { "mixed reads", test_mixed_reads },
           { "literals", test_literals }, { "writes", test_writes_keep_order },
           { "put file", test_put_file }, { "socket", test_socket_dialogue },
           { "timeout", test_timeout_and_farewell }, { "stuck reader", test_stuck_reader },
           { "pipes", test_pipes }, { "wait", test_wait }, { "interrupt", test_interrupt },
           { "wrap", test_wrap }, { "stop layers", test_stop_layers },
           { "stop both", test_stop_both }, { "deflate", test_deflate }, { "bomb", test_deflate_bomb },
           { "garbage", test_deflate_garbage }, { "telemetry", test_telemetry })
