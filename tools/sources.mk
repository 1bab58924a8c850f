# scripts are listed in Makefile.am; conf2man in lib/conf
bin_PROGRAMS += tools/imtest
tools_imtest_SOURCES = tools/imtest.c tools/imtest.h \
	tools/imtest_auth.c tools/imtest_protocols.c tools/imtest_talk.c
tools_imtest_LDADD = $(LINK_AUTH)

# one program, known by its names
IMTEST_NAMES = pop3test nntptest lmtptest smtptest sivtest mupdatetest synctest
install-exec-hook:
	for n in $(IMTEST_NAMES); do \
	  rm -f '$(DESTDIR)$(bindir)/'$$n && $(LN_S) imtest '$(DESTDIR)$(bindir)/'$$n || exit 1; \
	done
install-data-hook:
	for n in $(IMTEST_NAMES); do \
	  rm -f '$(DESTDIR)$(man1dir)/'$$n.1 && $(LN_S) imtest.1 '$(DESTDIR)$(man1dir)/'$$n.1 || exit 1; \
	done
uninstall-hook:
	for n in $(IMTEST_NAMES); do \
	  rm -f '$(DESTDIR)$(bindir)/'$$n '$(DESTDIR)$(man1dir)/'$$n.1; \
	done

dist_man_MANS += man/imtest.1
