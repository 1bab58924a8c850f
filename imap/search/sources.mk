noinst_LIBRARIES += imap/search/libsearch.a
imap_search_libsearch_a_SOURCES = \
	imap/search/envelope.c imap/search/envelope.h \
	imap/search/expr.c imap/search/expr.h \
	imap/search/match.c imap/search/match.h \
	imap/search/message_text.c imap/search/message_text.h
