/* flag_words.h - flags as a client wrote them, sorted into system flags and keywords */
#ifndef IMAPD_FLAG_WORDS_H
#define IMAPD_FLAG_WORDS_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct flag_words {
    uint32_t system;                            /* enum system_flag */
    struct slice *keywords;                     /* the front of the caller's array, reordered */
    size_t nkeywords;
};

/* Reorders words in place.  ERR_BADNAME: a backslash word that is no permanent system flag (\Recent too). */
err_t flag_words_sort(struct slice *words, size_t n, struct flag_words *out) NODISCARD;

/* Bit of a system flag's name with its backslash, any case; 0 if it is none. */
uint32_t flag_word_system(struct slice word);

#endif
