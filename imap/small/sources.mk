# imap/small: one small daemon per file
noinst_LIBRARIES += imap/small/libsmall.a
imap_small_libsmall_a_SOURCES = imap/small/idle_table.c imap/small/idle_table.h \
    imap/small/watchers.c imap/small/watchers.h

libexec_PROGRAMS += imap/small/idled
imap_small_idled_SOURCES = imap/small/idled.c
imap_small_idled_LDADD = imap/small/libsmall.a imap/events/libevents.a $(LINK_CONF)

dist_man_MANS += man/idled.8
