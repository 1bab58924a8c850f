check_PROGRAMS += cunit/base/unit_base
cunit_base_unit_base_SOURCES = cunit/runner.c cunit/test.h \
    cunit/base/death.c cunit/base/death.h \
    cunit/base/syslog_double.c cunit/base/syslog_double.h \
    cunit/base/arena_test.c \
    cunit/base/buf_test.c \
    cunit/base/containers_test.c \
    cunit/base/crc32_test.c \
    cunit/base/digest_test.c \
    cunit/base/log_test.c \
    cunit/base/mem_test.c \
    cunit/base/num_test.c \
    cunit/base/ranges_test.c \
    cunit/base/slice_test.c
cunit_base_unit_base_LDADD = $(LINK_BASE) $(CUNIT_LIBS)
