libexec_PROGRAMS += imap/lmtpd/lmtpd
imap_lmtpd_lmtpd_SOURCES = imap/lmtpd/main.c imap/lmtpd/lmtpd.h \
	imap/lmtpd/data.c imap/lmtpd/envelope.c imap/lmtpd/header_filter.c imap/lmtpd/header_filter.h \
	imap/lmtpd/session.c imap/lmtpd/verdict.c
imap_lmtpd_lmtpd_LDADD = $(LINK_SERVE)

sbin_PROGRAMS += imap/lmtpd/deliver
imap_lmtpd_deliver_SOURCES = imap/lmtpd/deliver.c
imap_lmtpd_deliver_LDADD = $(LINK_NET)
