/* real_files.c - see real_files.h */
#include "cunit/db/real_files.h"

#include "cunit/db/db_test.h"

void copy_real(const char *name, const char *to)
{
    struct buf b = BUF_INIT;
    char path[100];

    snprintf(path, sizeof path, "db/%s", name);
    read_file(test_data(path), &b);
    write_file(to, buf_slice(&b));
    buf_fini(&b);
}

static void expect(struct buf *out, int key)
{
    int i = 0;

    while (i * 7 % 40 != key)
        i++;
    if ((key % 5 == 0 && key != 10) || (key >= 30 && key <= 33))
        return;
    buf_addf(out, "user.k%02d=", key);
    if (key >= 10 && key <= 13)
        buf_adds(out, "new ");
    else
        buf_addf(out, key % 3 == 0 ? "other %d " : "value %d ", key % 3 == 0 ? key : i);
}

bool is_real_content(struct db *db)
{
    struct buf want = BUF_INIT;

    for (int key = 0; key < 40; key++)
        expect(&want, key);
    bool ok = strcmp(content(db, NULL), buf_cstr(&want)) == 0;
    if (!ok)
        fprintf(stderr, "%s\n%s\n", content(db, NULL), buf_cstr(&want));
    buf_fini(&want);
    return ok;
}
