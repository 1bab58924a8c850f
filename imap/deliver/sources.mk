noinst_LIBRARIES += imap/deliver/libdeliver.a
imap_deliver_libdeliver_a_SOURCES = \
	imap/deliver/deliver.c imap/deliver/deliver.h \
	imap/deliver/rcpt.c imap/deliver/rcpt.h
