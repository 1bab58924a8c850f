# Facts about a message and the cache records made of them
imap_store_libstore_a_SOURCES += \
	imap/store/cache.c imap/store/cache.h imap/store/cache_format.h \
	imap/store/facts.c imap/store/facts.h imap/store/facts_impl.h \
	imap/store/facts_body.c \
	imap/store/facts_envelope.c \
	imap/store/facts_header.c \
	imap/store/facts_section.c
