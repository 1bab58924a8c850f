check_PROGRAMS += cunit/db/unit_db
cunit_db_unit_db_SOURCES = cunit/runner.c cunit/test.h \
	cunit/base/syslog_double.c cunit/base/syslog_double.h \
	cunit/db/crash_test.c \
	cunit/db/damage_test.c \
	cunit/db/db_test.c \
	cunit/db/db_test.h \
	cunit/db/disk.c \
	cunit/db/disk.h \
	cunit/db/engines_test.c \
	cunit/db/flat_test.c \
	cunit/db/model_test.c \
	cunit/db/parts_test.c \
	cunit/db/powercut.c \
	cunit/db/powercut.h \
	cunit/db/process_test.c \
	cunit/db/quotalegacy_test.c \
	cunit/db/real_files.c \
	cunit/db/real_files.h \
	cunit/db/skiplist_test.c \
	cunit/db/tools_test.c \
	cunit/db/twoskip_test.c
cunit_db_unit_db_LDADD = $(LINK_DB) $(CUNIT_LIBS)
