/* flag_words.c - see flag_words.h */
#include "imap/imapd/flag_words.h"

#include "imap/store/record.h"

uint32_t flag_word_system(struct slice word)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } names[] = {
        { "\\Seen", FLAG_SEEN },         { "\\Answered", FLAG_ANSWERED }, { "\\Flagged", FLAG_FLAGGED },
        { "\\Deleted", FLAG_DELETED },   { "\\Draft", FLAG_DRAFT },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eqs_nocase(word, names[i].name))
            return names[i].bit;
    return 0;
}

err_t flag_words_sort(struct slice *words, size_t n, struct flag_words *out)
{
    *out = (struct flag_words){ .keywords = words };
    for (size_t i = 0; i < n; i++) {
        uint32_t bit = flag_word_system(words[i]);
        if (bit)
            out->system |= bit;
        else if (words[i].n && words[i].p[0] == '\\')
            return ERR_BADNAME;
        else
            words[out->nkeywords++] = words[i];
    }
    return ERR_OK;
}
