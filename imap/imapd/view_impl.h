/* view_impl.h - the inside of struct view, for view*.c */
#ifndef IMAPD_VIEW_IMPL_H
#define IMAPD_VIEW_IMPL_H

#include "imap/imapd/search_state.h"
#include "imap/imapd/view.h"

struct view_msg {
    uint32_t uid;
    uint32_t recno;                             /* 0: its record has gone (repacked away) */
};

struct view {
    struct session *session;                    /* whose view it is */
    struct mailbox *mb;
    rights_t rights;
    bool readonly;
    bool was_deleted;                           /* selected by its name below DELETED. */
    uint32_t generation;                        /* of the index that the record numbers belong to */
    /* Messages: while `same` holds, number = record number and `msg` is unused. */
    bool same;
    uint32_t n;                                 /* as told */
    struct vec msg;                             /* struct view_msg, n of them */
    uint32_t known;                             /* records looked at so far */
    struct ranges gone;                         /* UIDs expunged, client not told yet */
    uint64_t told_modseq;
    uint64_t whole_modseq;                      /* told_modseq when `gone` was last empty */
    struct ranges skip;                         /* message numbers told up to skip_modseq */
    uint64_t skip_modseq;
    struct ranges unsaid;                       /* UIDs with new flags that NOTIFY holds back */
    struct ranges own;                          /* UIDs that this session has put here, not told yet */
    uint64_t begin_modseq;                      /* highest when the running commit began */
    /* this user's state */
    bool seen_internal;
    struct seen seen;                           /* when not internal */
    struct ranges seen_news;                    /* UIDs in which it changed, and the client was not told */
    struct ranges recent_uids;                  /* \Recent in this session */
    struct buf flags_told;                      /* text of the last FLAGS response */
    struct search_state *search;                /* "$" and contexts */
    struct msgannot *annotations;               /* view_annotations_open() */
    bool tells_annotations;
    uint64_t annotations_modseq;                /* changes up to here were told */
    time_t warned; /* the repair that the client was told of; 0: none */
};

/* Bring record numbers up to date after a repack. */
void view_resync(struct view *);
/* Messages up to last_uid are about to be shown: those nobody was shown before become \Recent here,
 * and in no other session. */
void view_claim_recent(struct view *, uint32_t last_uid);
/* Change the seen state that is not in the index; after a failure the view knows what it knew before. */
err_t view_update_seen(struct view *, const struct seen_change *) NODISCARD;
/* Leave the "number = record" form. */
void view_materialise(struct view *);

#endif
