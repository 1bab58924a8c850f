libexec_PROGRAMS += imap/imapd/imapd
# All but main(), for the programs that test parts of it.
IMAPD_PARTS = imap/imapd/annotation.h imap/imapd/annotation_args.c imap/imapd/annotation_set.c \
	imap/imapd/annotation_tell.c imap/imapd/append.h imap/imapd/append_store.c imap/imapd/append_take.c imap/imapd/args.c \
	imap/imapd/capability.c imap/imapd/catenate.c imap/imapd/catenate.h imap/imapd/cmd_acl.c \
	imap/imapd/cmd_annotation.c imap/imapd/cmd_any.c imap/imapd/cmd_append.c imap/imapd/cmd_auth.c \
	imap/imapd/cmd_copy.c imap/imapd/cmd_esearch.c imap/imapd/cmd_expunge.c imap/imapd/cmd_fetch.c \
	imap/imapd/cmd_idle.c imap/imapd/cmd_language.c imap/imapd/cmd_list.c imap/imapd/cmd_mailbox.c imap/imapd/cmd_metadata.c \
	imap/imapd/cmd_quota.c imap/imapd/cmd_replace.c imap/imapd/cmd_search.c imap/imapd/cmd_select.c \
	imap/imapd/cmd_sort.c imap/imapd/cmd_status.c imap/imapd/cmd_store.c imap/imapd/cmd_subs.c \
	imap/imapd/cmd_thread.c imap/imapd/cmd_urlauth.c imap/imapd/cmds.c imap/imapd/create_args.c \
	imap/imapd/create_args.h imap/imapd/fetch.h imap/imapd/fetch_args.c imap/imapd/fetch_body.c \
	imap/imapd/fetch_items.c imap/imapd/flag_words.c imap/imapd/flag_words.h imap/imapd/imapd.h \
	imap/imapd/mailbox_source.c imap/imapd/mailbox_source.h imap/imapd/mailbox_source_walk.c \
	imap/imapd/notify.c imap/imapd/notify.h imap/imapd/notify_args.c imap/imapd/notify_args.h \
	imap/imapd/notify_impl.h imap/imapd/notify_tell.c \
	imap/imapd/list.h imap/imapd/list_args.c imap/imapd/list_collect.c imap/imapd/list_tell.c imap/imapd/list_tell.h imap/imapd/metadata.c \
	imap/imapd/metadata.h imap/imapd/metadata_set.c imap/imapd/metadata_value.c \
	imap/imapd/preview.c imap/imapd/preview.h imap/imapd/progress.c imap/imapd/progress.h \
	imap/imapd/body_structure.c imap/imapd/body_structure.h imap/imapd/url_auth.c imap/imapd/url_auth.h imap/imapd/url_message.c imap/imapd/url_message.h \
	imap/imapd/qresync.c imap/imapd/qresync.h imap/imapd/quota_alert.h \
	imap/imapd/reply.c imap/imapd/search_args.c imap/imapd/search_args.h \
	imap/imapd/search_reply.c imap/imapd/search_return.c imap/imapd/search_run.c imap/imapd/search_run.h \
	imap/imapd/search_context.c imap/imapd/search_context.h imap/imapd/search_filter.c imap/imapd/search_filter.h imap/imapd/search_state.c imap/imapd/search_state.h \
	imap/imapd/session.c imap/imapd/sort_annotation.c imap/imapd/sort_run.h imap/imapd/status_items.h \
	imap/imapd/view.c imap/imapd/view.h imap/imapd/view_impl.h imap/imapd/view_seen.c \
	imap/imapd/view_tell.c
imap_imapd_imapd_SOURCES = imap/imapd/main.c $(IMAPD_PARTS)
imap_imapd_imapd_LDADD = $(LINK_SERVE)
