check_PROGRAMS += cunit/admin/unit_admin
cunit_admin_unit_admin_SOURCES = cunit/runner.c cunit/test.h \
    imap/admin/admin.c imap/admin/admin.h \
    imap/admin/dbtool_batch.c imap/admin/dbtool_batch.h \
    cunit/admin/admin_test.c \
    cunit/admin/dbtool_batch_test.c
cunit_admin_unit_admin_LDADD = $(LINK_DB) $(CUNIT_LIBS)
