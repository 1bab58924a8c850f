check_PROGRAMS += cunit/imapd/unit_imapd
cunit_imapd_unit_imapd_SOURCES = cunit/runner.c cunit/test.h \
	cunit/imapd/body_structure_test.c imap/imapd/body_structure.c \
	cunit/imapd/flag_words_test.c imap/imapd/flag_words.c \
	cunit/imapd/preview_test.c imap/imapd/preview.c \
	cunit/imapd/progress_test.c imap/imapd/progress.c \
	cunit/imapd/search_run_test.c imap/imapd/search_run.c
cunit_imapd_unit_imapd_LDADD = $(LINK_STORE) $(CUNIT_LIBS)
