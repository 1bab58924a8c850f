/* catenate.h - CATENATE: a message made of pieces that the client sends and pieces of stored messages
 * (RFC 4469; URL-PARTIAL: RFC 5550 3.1)
 */
#ifndef IMAPD_CATENATE_H
#define IMAPD_CATENATE_H

#include "imap/imapd/append.h"

enum catenate_result {
    CATENATE_DONE,                      /* the stage has it all */
    CATENATE_BINARY,                    /* the same, with a literal8 among the pieces */
    CATENATE_REFUSED,                   /* the answer is out */
    CATENATE_CLOSED                     /* the wire has failed */
};

/* From behind the word CATENATE to behind the ")".  The stage is not finished. */
enum catenate_result catenate_take(struct append_run *, struct stage *);

#endif
