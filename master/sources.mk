# master: the process supervisor
noinst_LIBRARIES += master/libmaster.a
master_libmaster_a_SOURCES = \
    master/activation.c master/activation.h \
    master/children.c master/children.h \
    master/cyrusconf.c master/cyrusconf.h \
    master/cyrusconf_keys.c master/cyrusconf_impl.h \
    master/events.c master/events.h \
    master/janitor.c master/janitor.h \
    master/listen.c master/listen.h \
    master/master.c master/master.h \
    master/messages.c master/messages.h \
    master/notify.c master/notify.h \
    master/options.c master/options.h \
    master/pidfile.c master/pidfile.h \
    master/policy.c master/policy.h \
    master/portnames.c master/portnames.h \
    master/privilege.c master/privilege.h \
    master/procfiles.c master/procfiles.h \
    master/protocol.h \
    master/reload.c master/reload.h \
    master/report.c master/report.h \
    master/schedule.c master/schedule.h \
    master/service.c master/service_open.c master/service.h \
    master/service_template.c master/service_template.h \
    master/spawn.c master/spawn.h \
    master/start.c master/start.h \
    master/stop.c master/stop.h \
    master/template.c master/template.h

libexec_PROGRAMS += master/master
master_master_SOURCES = master/main.c
master_master_LDADD = master/libmaster.a $(LINK_CONF)

dist_man_MANS += man/master.8 man/cyrus.conf.5
