libexec_PROGRAMS += imap/pop3d/pop3d
imap_pop3d_pop3d_SOURCES = imap/pop3d/main.c imap/pop3d/pop3d.h \
	imap/pop3d/maildrop.c imap/pop3d/maildrop.h imap/pop3d/session.c imap/pop3d/trans.c
imap_pop3d_pop3d_LDADD = $(LINK_SERVE)
