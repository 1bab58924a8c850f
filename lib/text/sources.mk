# lib/text: bytes in, values out, no I/O.  Here the protocol half; the message half below.
noinst_LIBRARIES += lib/text/libtext.a
lib_text_libtext_a_SOURCES = \
    lib/text/ascii.c lib/text/ascii.h \
    lib/text/dlist.c lib/text/dlist.h \
    lib/text/dlist_read.c lib/text/dlist_write.c \
    lib/text/glob.c lib/text/glob.h \
    lib/text/imapout.c lib/text/imapout.h \
    lib/text/imapurl.c lib/text/imapurl.h \
    lib/text/imaptok.c lib/text/imaptok.h \
    lib/text/imaptok_impl.h lib/text/imaptok_set.c lib/text/imaptok_string.c \
    lib/text/linetok.c lib/text/linetok.h \
    lib/text/linetok_path.c \
    lib/text/mutf7.c lib/text/mutf7.h \
    lib/text/wildmat.c

include lib/text/sources-message.mk
