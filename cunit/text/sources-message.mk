# Tests of the message half of lib/text
cunit_text_unit_text_SOURCES += \
	cunit/text/addr822_test.c \
	cunit/text/base64_test.c \
	cunit/text/charset_test.c \
	cunit/text/date_test.c \
	cunit/text/fold_test.c \
	cunit/text/hdr822_test.c \
	cunit/text/html_test.c \
	cunit/text/mime_test.c \
	cunit/text/nfc_test.c \
	cunit/text/param2231_test.c \
	cunit/text/cte_test.c \
	cunit/text/qp_test.c \
	cunit/text/utf8_test.c \
	cunit/text/word2047_test.c
