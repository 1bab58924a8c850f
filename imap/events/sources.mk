# imap/events: listeners that carry changes out of the process
noinst_LIBRARIES += imap/events/libevents.a
imap_events_libevents_a_SOURCES = \
    imap/events/event.c imap/events/event.h \
    imap/events/idle.c imap/events/idle.h imap/events/idle_format.h
