# Message half of lib/text: headers, addresses, dates, MIME, charsets
lib_text_libtext_a_SOURCES += \
	lib/text/addr822.c lib/text/addr822.h \
	lib/text/base64.c lib/text/base64.h \
	lib/text/charset.c lib/text/charset.h lib/text/charset_names.def \
	lib/text/cte.c lib/text/cte.h \
	lib/text/date822.c lib/text/date822.h \
	lib/text/date_imap.c lib/text/date_imap.h \
	lib/text/fold.c lib/text/fold.h lib/text/fold_tables.inc \
	lib/text/hdr822.c lib/text/hdr822.h \
	lib/text/html.c lib/text/html.h lib/text/html_entities.inc \
	lib/text/mime.c lib/text/mime.h \
	lib/text/mime_bounds.c lib/text/mime_bounds.h \
	lib/text/nfc.c lib/text/nfc.h lib/text/nfc_tables.inc \
	lib/text/param2231.c lib/text/param2231.h \
	lib/text/qp.c lib/text/qp.h \
	lib/text/utf8.c lib/text/utf8.h \
	lib/text/word2047.c lib/text/word2047.h

# Write fold_tables.inc and nfc_tables.inc anew from a later Unicode
EXTRA_DIST += lib/text/fold_tables.pl lib/text/nfc_tables.pl
