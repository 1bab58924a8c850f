# Names, rights, the mailbox list and its operations, users, quotas, state
imap_store_libstore_a_SOURCES += \
	imap/store/acl.c imap/store/acl.h \
	imap/store/annot.c imap/store/annot.h imap/store/annot_format.h \
	imap/store/annot_define.c imap/store/annot_define.h \
	imap/store/annot_entry.c imap/store/annot_entry.h \
	imap/store/annot_recover.c \
	imap/store/dup.c imap/store/dup.h \
	imap/store/listener.c imap/store/listener.h \
	imap/store/mbannotate.c \
	imap/store/mbautocreate.c \
	imap/store/mbcreate.c \
	imap/store/mbdelete.c imap/store/mbdelete_impl.h \
	imap/store/mbentry.c imap/store/mbentry.h \
	imap/store/mblist.c imap/store/mblist.h imap/store/mblist_impl.h \
	imap/store/mblist_change.c \
	imap/store/mblist_recover.c \
	imap/store/mblist_reverse.c imap/store/mblist_reverse.h \
	imap/store/mblist_visible.c \
	imap/store/mbmove.c \
	imap/store/mbname.c imap/store/mbname.h \
	imap/store/mbops.c imap/store/mbops.h imap/store/mbops_impl.h \
	imap/store/mbrecover.c \
	imap/store/mbrename.c imap/store/mbrename_impl.h \
	imap/store/mbrename_inbox.c \
	imap/store/namespace.c imap/store/namespace.h \
	imap/store/partition.c imap/store/partition.h \
	imap/store/partition_select.c \
	imap/store/policy.c imap/store/policy.h \
	imap/store/poplock.c imap/store/poplock.h \
	imap/store/quota.c imap/store/quota.h \
	imap/store/quota_fix.c \
	imap/store/quota_format.c imap/store/quota_format.h \
	imap/store/specialuse.c imap/store/specialuse.h \
	imap/store/status.c imap/store/status.h \
	imap/store/statuscache.c imap/store/statuscache.h \
	imap/store/statuscache_format.c imap/store/statuscache_format.h \
	imap/store/store.c imap/store/store.h imap/store/store_impl.h \
	imap/store/subs.c imap/store/subs.h \
	imap/store/user.c imap/store/user.h
