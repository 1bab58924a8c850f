libexec_PROGRAMS += imap/imapd/imapd
imap_imapd_imapd_SOURCES = imap/imapd/main.c imap/imapd/imapd.h \
	imap/imapd/append.h imap/imapd/append_store.c imap/imapd/append_take.c imap/imapd/args.c imap/imapd/capability.c \
	imap/imapd/catenate.c imap/imapd/catenate.h imap/imapd/url_auth.c imap/imapd/url_auth.h imap/imapd/url_message.c imap/imapd/url_message.h \
	imap/imapd/cmd_acl.c imap/imapd/cmd_any.c imap/imapd/cmd_append.c imap/imapd/cmd_auth.c \
	imap/imapd/cmd_copy.c imap/imapd/cmd_expunge.c imap/imapd/cmd_fetch.c imap/imapd/cmd_idle.c \
	imap/imapd/cmd_list.c imap/imapd/cmd_mailbox.c imap/imapd/cmd_quota.c imap/imapd/cmd_replace.c imap/imapd/cmd_search.c \
	imap/imapd/cmd_select.c imap/imapd/cmd_status.c imap/imapd/cmd_store.c imap/imapd/cmd_subs.c \
	imap/imapd/cmd_urlauth.c \
	imap/imapd/cmds.c \
	imap/imapd/fetch.h imap/imapd/fetch_args.c imap/imapd/fetch_body.c \
	imap/imapd/flag_words.c imap/imapd/flag_words.h \
	imap/imapd/qresync.c imap/imapd/qresync.h imap/imapd/quota_alert.h \
	imap/imapd/reply.c imap/imapd/search_args.c imap/imapd/search_args.h \
	imap/imapd/session.c imap/imapd/status_items.h \
	imap/imapd/view.c imap/imapd/view.h imap/imapd/view_impl.h imap/imapd/view_tell.c
imap_imapd_imapd_LDADD = $(LINK_SERVE)
