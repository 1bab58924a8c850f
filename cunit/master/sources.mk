check_PROGRAMS += cunit/master/unit_master
cunit_master_unit_master_SOURCES = cunit/runner.c cunit/test.h \
    cunit/master/activation_test.c \
    cunit/master/children_test.c \
    cunit/master/cyrusconf_test.c \
    cunit/master/events_test.c \
    cunit/master/listen_test.c \
    cunit/master/messages_test.c \
    cunit/master/notify_test.c \
    cunit/master/options_test.c \
    cunit/master/pidfile_test.c \
    cunit/master/policy_test.c \
    cunit/master/portnames_test.c \
    cunit/master/schedule_test.c \
    cunit/master/spawn_test.c \
    cunit/master/template_test.c
cunit_master_unit_master_LDADD = master/libmaster.a $(LINK_CONF) $(CUNIT_LIBS)

check_PROGRAMS += cunit/small/unit_small
cunit_small_unit_small_SOURCES = cunit/runner.c cunit/test.h \
    cunit/small/idle_table_test.c \
    cunit/small/idle_test.c \
    cunit/small/watchers_test.c
cunit_small_unit_small_LDADD = imap/small/libsmall.a imap/events/libevents.a $(LINK_CONF) $(CUNIT_LIBS)

noinst_PROGRAMS += cunit/wire/testservice
cunit_wire_testservice_SOURCES = cunit/wire/testservice.c
