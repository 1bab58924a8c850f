check_PROGRAMS += cunit/conf/unit_conf
cunit_conf_unit_conf_SOURCES = cunit/runner.c cunit/test.h \
    cunit/base/syslog_double.c cunit/base/syslog_double.h \
    cunit/conf/conf_file_test.c \
    cunit/conf/conf_lint_test.c \
    cunit/conf/conf_test.c \
    cunit/conf/options_test.c \
    cunit/conf/partitions_test.c
cunit_conf_unit_conf_LDADD = $(LINK_CONF) $(CUNIT_LIBS)
