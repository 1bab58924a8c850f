/* cmdtable.c - see cmdtable.h */
#include "imap/serve/cmdtable.h"

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Names in tables are in upper case. */
static bool is_name(const char *name, struct slice word)
{
    size_t i = 0;

    while (i < word.n && name[i] && name[i] == upper(word.p[i]))
        i++;
    return i == word.n && !name[i];
}

const struct command *cmd_find(const struct command *table, size_t n, struct slice word)
{
    if (word.n == 0)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (is_name(table[i].name, word))
            return &table[i];
    return NULL;
}
