check_PROGRAMS += cunit/lmtpd/unit_lmtpd
cunit_lmtpd_unit_lmtpd_SOURCES = cunit/runner.c cunit/test.h \
	cunit/lmtpd/header_filter_test.c imap/lmtpd/header_filter.c
cunit_lmtpd_unit_lmtpd_LDADD = $(LINK_BASE) $(CUNIT_LIBS)
