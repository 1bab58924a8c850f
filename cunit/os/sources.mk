check_PROGRAMS += cunit/os/unit_os
cunit_os_unit_os_SOURCES = cunit/runner.c cunit/test.h \
    cunit/base/syslog_double.c cunit/base/syslog_double.h \
    cunit/os/fault.c cunit/os/fault.h \
    cunit/os/os_test.c cunit/os/os_test.h \
    cunit/os/dir_test.c \
    cunit/os/file_test.c \
    cunit/os/lock_test.c \
    cunit/os/loop_test.c \
    cunit/os/map_test.c \
    cunit/os/proc_test.c \
    cunit/os/sock_test.c
cunit_os_unit_os_LDADD = $(LINK_OS) $(CUNIT_LIBS)
