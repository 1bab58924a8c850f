noinst_LIBRARIES += imap/suite/libsuite.a
imap_suite_libsuite_a_SOURCES = imap/suite/suite.c imap/suite/suite.h
