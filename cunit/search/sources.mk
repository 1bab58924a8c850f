check_PROGRAMS += cunit/search/unit_search
cunit_search_unit_search_SOURCES = cunit/runner.c cunit/test.h \
	cunit/search/envelope_test.c cunit/search/expr_test.c cunit/search/message_text_test.c \
	cunit/search/subject_test.c cunit/search/thread_test.c
cunit_search_unit_search_LDADD = $(LINK_SEARCH) $(CUNIT_LIBS)
