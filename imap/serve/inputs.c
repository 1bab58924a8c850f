/* inputs.c - the files a process was made from, and whether they still are what they were
 *
 * The program, the configuration with what it includes, certificates and keys.  A process that
 * makes others out of itself must end when one of them has changed: whoever renews a certificate
 * counts on the next connection to get it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

struct input {
    char *path;
    struct stat was;                            /* all zero: it was not there */
};

static struct stat look(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st : (struct stat){ .st_ino = 0 };
}

static void note(struct serve *s, const char *path)
{
    *VEC_PUSH(&s->inputs, struct input) = (struct input){ mem_strdup(path), look(path) };
}

static bool has_changed(const struct input *in)
{
    const struct stat now = look(in->path);

    return now.st_ino != in->was.st_ino || now.st_dev != in->was.st_dev ||
           now.st_size != in->was.st_size || now.st_mtim.tv_sec != in->was.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != in->was.st_mtim.tv_nsec;
}

void inputs_note_program(struct serve *s)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    path[n > 0 ? n : 0] = '\0';
    vec_init(&s->inputs, sizeof(struct input));
    note(s, path);
}

/* An option may name several files. */
static void note_option(struct serve *s, enum conf_id id)
{
    struct slice rest = slice_cstr(conf_string(id)), name;
    struct buf path = BUF_INIT;

    while (rest.n > 0) {
        rest = slice_split(rest, ',', &name, NULL);
        buf_reset(&path);
        buf_add_slice(&path, slice_trim(name));
        if (path.n > 0)
            note(s, buf_cstr(&path));
    }
    buf_fini(&path);
}

void inputs_note_settings(struct serve *s)
{
    static const enum conf_id options[] = { CONF_TLS_SERVER_CERT, CONF_TLS_SERVER_KEY,
                                            CONF_TLS_SERVER_DHPARAM, CONF_TLS_CLIENT_CA_FILE,
                                            CONF_TLS_CLIENT_CA_DIR, CONF_TLS_CRL_FILE };
    const char *path;
    size_t pos = 0;

    while (conf_next_file(&pos, &path))
        note(s, path);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        note_option(s, options[i]);
}

bool inputs_program_replaced(const struct serve *s)
{
    return s->inputs.n > 0 && has_changed(VEC_AT(&s->inputs, struct input, 0));
}

bool inputs_changed(const struct serve *s)
{
    for (size_t i = 0; i < s->inputs.n; i++)
        if (has_changed(VEC_AT(&s->inputs, struct input, i)))
            return true;
    return false;
}

void inputs_forget(struct serve *s)
{
    for (size_t i = 0; i < s->inputs.n; i++)
        mem_free(VEC_AT(&s->inputs, struct input, i)->path);
    vec_fini(&s->inputs);
}
