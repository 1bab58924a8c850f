check_PROGRAMS += cunit/db/unit_db
cunit_db_unit_db_SOURCES = cunit/runner.c cunit/test.h \
	cunit/db/crash_test.c \
	cunit/db/db_test.c \
	cunit/db/db_test.h \
	cunit/db/disk.c \
	cunit/db/disk.h \
	cunit/db/engines_test.c \
	cunit/db/powercut.c \
	cunit/db/powercut.h
cunit_db_unit_db_LDADD = $(LINK_DB) $(CUNIT_LIBS)
