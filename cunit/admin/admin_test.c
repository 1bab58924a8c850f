/* admin_test.c - options, usage and exit codes that all tools share */
#include "cunit/test.h"
#include "imap/admin/admin.h"
#include "lib/base/buf.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct admin_tool tool = {
    .name = "tool",
    .options = "nu:",
    .usage = "[-n] [-u user] mailbox...\n",
};
static const struct admin_tool strict = {
    .name = "tool",
    .options = "nu:",
    .usage = "[-n] word...\n",
    .options_first = true,
};

/* Parse; "n", "u=<value>" and the words, joined; exits as the tool would. */
static void parse(const struct admin_tool *t, char *const *words, int min, int max, struct buf *out)
{
    char *argv[12];
    struct admin a;
    int argc = 0;

    while (words[argc]) {
        argv[argc] = words[argc];
        argc++;
    }
    argv[argc] = NULL;
    admin_init(&a, t, argc, argv);
    for (int c; (c = admin_option(&a)) != ADMIN_END; ) {
        buf_addc(out, (char)c);
        if (a.value)
            buf_addf(out, "=%s", a.value);
        buf_addc(out, ' ');
    }
    admin_args(&a, min, max);
    if (a.config)
        buf_addf(out, "C=%s ", a.config);
    for (int i = 0; i < a.argc; i++)
        buf_addf(out, "%s ", a.argv[i]);
}

static void test_options(void)
{
    static const struct {
        const struct admin_tool *tool;
        const char *words[8];
        const char *want;
    } rows[] = {
        { &tool, { "tool", "a" }, "a " },
        { &tool,
          { "tool", "-C", "x.conf", "-n", "-u", "fred", "a", "b" },
          "n u=fred C=x.conf a b " },
        { &tool, { "tool", "-C", "1", "-C", "2", "a" }, "C=2 a " },
        { &tool, { "tool", "-nufred", "a" }, "n u=fred a " },
        { &tool, { "tool", "a", "-n" }, "n a " },
        { &tool, { "tool", "--", "-n" }, "-n " },
        { &strict, { "tool", "a", "-n" }, "a -n " },
        { &strict, { "tool", "-n", "a" }, "n a " },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *words[9];
        struct buf out = BUF_INIT;
        for (size_t k = 0; k < 8; k++)
            words[k] = (char *)rows[i].words[k];
        words[8] = NULL;
        parse(rows[i].tool, words, 1, ADMIN_MANY, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].want));
        buf_fini(&out);
    }
}

/* Exit status of a tool with these words, its stderr in text. */
static int status_of(char *const *words, int min, int max, char *text, size_t size)
{
    int fds[2], status = 0;

    if (pipe(fds) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        struct buf out = BUF_INIT;
        dup2(fds[1], 2);
        parse(&tool, words, min, max, &out);
        _exit(0);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_usage(void)
{
    static const struct {
        const char *words[5];
        int status;
        const char *text;
    } rows[] = {
        { { "tool", "a" }, 0, "" },
        { { "tool" }, 64, "Usage: tool [-C altconfig] [-n] [-u user] mailbox...\n" },
        { { "tool", "a", "b", "c" }, 64, "Usage: tool" },
        { { "tool", "-x", "a" }, 64, "unknown option -x" },
        { { "tool", "-u" }, 64, "-u needs a value" },
        { { "tool", "-C" }, 64, "-C needs a value" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *words[6], text[600];
        for (size_t k = 0; k < 5; k++)
            words[k] = (char *)rows[i].words[k];
        words[5] = NULL;
        CU_CHECK_ROW(i, status_of(words, 1, 2, text, sizeof text) == rows[i].status);
        CU_CHECK_ROW(i, strstr(text, rows[i].text) != NULL);
    }
}

static void test_status(void)
{
    CU_ASSERT_EQUAL(admin_status(ERR_OK), 0);
    CU_ASSERT_EQUAL(admin_status(ERR_STOP), 0);
    for (err_t err = ERR_OK + 1; err < ERR_NKINDS; err++)
        if (err != ERR_STOP)
            CU_CHECK_ROW(err, admin_status(err) >= 64 && admin_status(err) <= 78);
    CU_ASSERT_EQUAL(admin_status(ERR_LOCKED), 75);
    CU_ASSERT_EQUAL(admin_status(ERR_NOTFOUND), 65);
}

TEST_SUITE("admin",
    { "options", test_options },
    { "usage", test_usage },
    { "status", test_status })
