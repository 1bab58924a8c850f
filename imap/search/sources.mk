noinst_LIBRARIES += imap/search/libsearch.a
imap_search_libsearch_a_SOURCES = \
	imap/search/collate.c imap/search/collate.h imap/search/title_tables.inc \
	imap/search/envelope.c imap/search/envelope.h \
	imap/search/expr.c imap/search/expr.h \
	imap/search/forest.c imap/search/forest.h \
	imap/search/match.c imap/search/match.h \
	imap/search/memo.c imap/search/memo.h \
	imap/search/message_text.c imap/search/message_text.h \
	imap/search/msgid.c imap/search/msgid.h \
	imap/search/radix.c imap/search/radix.h \
	imap/search/sort.c imap/search/sort.h \
	imap/search/subject.c imap/search/subject.h \
	imap/search/thread.c imap/search/thread.h
