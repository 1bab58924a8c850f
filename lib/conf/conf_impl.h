/* conf_impl.h - what the files of lib/conf share */
#ifndef CONF_CONF_IMPL_H
#define CONF_CONF_IMPL_H

#include "lib/base/arena.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"

enum {
    CONF_MAX_FILE = 4 * 1024 * 1024,            /* bytes of one file */
    CONF_MAX_LINES = 20000,                     /* options in all files */
    CONF_MAX_DEPTH = 10                         /* files including files */
};

struct conf_line {
    struct slice name;                          /* lower-case; all in the arena, NUL terminated */
    struct slice value;                         /* trimmed */
    const char *file;
    int line;
};

struct conf_value {
    const struct conf_line *line;               /* NULL: the default */
    const char *text;                           /* NULL: unset */
    union {
        bool flag;
        int64_t number;                         /* seconds too */
        unsigned index;                         /* CONF_UNSET */
        uint64_t set;
    };
    const char *word;                           /* of an enum */
};

struct partition {
    struct slice name;
    const char *root[PARTITION_NMETA + 1];
    const char *archive;                        /* NULL: none */
};

struct conf {
    struct arena *arena;
    const char *path;
    const char *service;                        /* NULL: none */
    const char *servername;
    struct vec lines;                           /* struct conf_line, fixed once read */
    struct vec files;                           /* const char *, in the arena: what was read */
    struct map *by_name;                        /* name -> index in lines + 1 */
    struct conf_value value[CONF_NOPTIONS];
    struct vec partitions;                      /* struct partition, in the order of the file */
};

/* The loaded configuration; a bug when there is none. */
const struct conf *conf_self(void);

/* conf_file.c: lines of `path` and of what it includes; or of a text in memory. */
err_t conf_read_file(struct conf *, const char *path, struct buf *why) NODISCARD;
err_t conf_read_text(struct conf *, struct slice text, struct buf *why) NODISCARD;

/* Line of that very name, or NULL. */
const struct conf_line *conf_line_find(const struct conf *, struct slice name);

/* "<prefix>_<name>", or the name alone when prefix is NULL. */
const struct conf_line *conf_line_find_for(const struct conf *, const char *prefix,
                                           const char *name);

/* conf_value.c: turn the text of a row into its value; text NULL gives the unset value.
 * On ERR_SYNTAX *wrong says what was expected; words are allocated in the arena. */
err_t conf_value_parse(const struct conf_option *, struct arena *, const char *text,
                       struct conf_value *out, const char **wrong) NODISCARD;

/* Is a text that stands for "nothing here" in a typed option: blank or "". */
bool conf_value_is_blank(struct slice);

/* Next blank-separated word of *rest, which is moved on. */
bool conf_next_word(struct slice *rest, struct slice *word);

/* Value of a set as its words in the order of the row. */
void conf_value_put_set(const struct conf_option *, uint64_t set, struct buf *out);

/* conf_names.c: the row of a family of names (partition-x, sasl_x, host_password, ...). */
bool conf_find_family(struct slice name, enum conf_id *out);

/* Walk the ways to read a name as "<word>_<option>" with a known option (or family): size_t pos =
 * 0; false ends. */
bool conf_next_split(struct slice name, size_t *pos, struct slice *word, enum conf_id *option);

/* partitions.c: fill c->partitions from the lines and check them.  ERR_BADNAME. */
err_t partitions_check(struct conf *, struct buf *why) NODISCARD;

/* Name behind "metapartition-", "metadir-KIND-" or "archivepartition-" of a line that needs a
 * partition of that name; false for other lines. */
bool partition_of_line(struct slice line_name, struct slice *partition);

#endif
