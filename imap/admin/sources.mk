# Tools: one main each, what they share in admin.c
sbin_PROGRAMS += imap/admin/cvt_cyrusdb imap/admin/cyr_buildinfo imap/admin/cyr_dbtool imap/admin/cyr_info imap/admin/mbexamine imap/admin/tls_prune

imap_admin_cvt_cyrusdb_SOURCES = imap/admin/cvt_cyrusdb.c imap/admin/admin.c imap/admin/admin.h
imap_admin_cvt_cyrusdb_LDADD = $(LINK_DB)
imap_admin_cyr_buildinfo_SOURCES = imap/admin/cyr_buildinfo.c
imap_admin_cyr_dbtool_SOURCES = imap/admin/cyr_dbtool.c imap/admin/dbtool_batch.c imap/admin/dbtool_batch.h \
	imap/admin/admin.c imap/admin/admin.h
imap_admin_cyr_dbtool_LDADD = $(LINK_DB)
imap_admin_cyr_info_SOURCES = imap/admin/cyr_info.c imap/admin/admin.c imap/admin/admin.h
imap_admin_cyr_info_LDADD = $(LINK_DB)
imap_admin_mbexamine_SOURCES = imap/admin/mbexamine.c imap/admin/boxes.c imap/admin/boxes.h \
	imap/admin/admin.c imap/admin/admin.h
imap_admin_mbexamine_LDADD = $(LINK_STORE)
imap_admin_tls_prune_SOURCES = imap/admin/tls_prune.c imap/admin/admin.c imap/admin/admin.h
imap_admin_tls_prune_LDADD = $(LINK_DB)
include imap/admin/sources-store.mk
