check_PROGRAMS += cunit/text/unit_text
cunit_text_unit_text_SOURCES = cunit/runner.c cunit/test.h \
    cunit/text/ascii_test.c \
    cunit/text/dlist_test.c \
    cunit/text/glob_test.c \
    cunit/text/imapout_test.c \
    cunit/text/imaptok_test.c \
    cunit/text/imapurl_test.c \
    cunit/text/linetok_test.c \
    cunit/text/mutf7_test.c
cunit_text_unit_text_LDADD = $(LINK_TEXT) $(CUNIT_LIBS)

include cunit/text/sources-message.mk
