/* options.h - one enumerator per row of options.def */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

enum conf_id {
#define CONF_OPTION(id, ...) CONF_##id,
#include "lib/conf/options.def"
#undef CONF_OPTION
    CONF_NOPTIONS
};

#endif
