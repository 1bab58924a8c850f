# Tools that work on the whole store: what they share is in instance.c
sbin_PROGRAMS += imap/admin/ctl_cyrusdb imap/admin/ctl_mboxlist imap/admin/mbpath imap/admin/quota

imap_admin_ctl_cyrusdb_SOURCES = imap/admin/ctl_cyrusdb.c imap/admin/instance.c imap/admin/instance.h \
	imap/admin/admin.c imap/admin/admin.h
imap_admin_ctl_cyrusdb_LDADD = $(LINK_STORE)
imap_admin_ctl_mboxlist_SOURCES = imap/admin/ctl_mboxlist.c imap/admin/mboxlist_text.c imap/admin/mboxlist_text.h \
	imap/admin/json.c imap/admin/json.h imap/admin/instance.c imap/admin/instance.h \
	imap/admin/admin.c imap/admin/admin.h
imap_admin_ctl_mboxlist_LDADD = $(LINK_STORE)
imap_admin_mbpath_SOURCES = imap/admin/mbpath.c imap/admin/json.c imap/admin/json.h \
	imap/admin/instance.c imap/admin/instance.h imap/admin/admin.c imap/admin/admin.h
imap_admin_mbpath_LDADD = $(LINK_STORE)
imap_admin_quota_SOURCES = imap/admin/quota.c imap/admin/json.c imap/admin/json.h \
	imap/admin/instance.c imap/admin/instance.h imap/admin/admin.c imap/admin/admin.h
imap_admin_quota_LDADD = $(LINK_STORE)
