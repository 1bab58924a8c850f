# lib/conf: imapd.conf.  The manual page of its options is printed by tools/conf2man.
noinst_LIBRARIES += lib/conf/libconf.a
lib_conf_libconf_a_SOURCES = \
    lib/conf/conf.c lib/conf/conf.h \
    lib/conf/conf_file.c lib/conf/conf_impl.h \
    lib/conf/conf_lint.c \
    lib/conf/conf_names.c \
    lib/conf/conf_value.c \
    lib/conf/options.def lib/conf/options.h \
    lib/conf/partitions.c lib/conf/partitions.h

noinst_PROGRAMS += tools/conf2man
tools_conf2man_SOURCES = tools/conf2man.c
tools_conf2man_LDADD = $(LINK_CONF)

man_MANS += man/imapd.conf.5
CLEANFILES += man/imapd.conf.5
man/imapd.conf.5: tools/conf2man$(EXEEXT)
	@$(MKDIR_P) man
	$(AM_V_GEN)tools/conf2man$(EXEEXT) > $@.tmp && mv $@.tmp $@
