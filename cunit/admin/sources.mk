check_PROGRAMS += cunit/admin/unit_admin
cunit_admin_unit_admin_SOURCES = cunit/runner.c cunit/test.h \
    imap/admin/admin.c imap/admin/admin.h \
    imap/admin/dbtool_batch.c imap/admin/dbtool_batch.h \
    cunit/admin/admin_test.c \
    cunit/admin/dbtool_batch_test.c
cunit_admin_unit_admin_LDADD = $(LINK_STORE) $(CUNIT_LIBS)
cunit_admin_unit_admin_SOURCES += \
    imap/admin/json.c imap/admin/json.h \
    imap/admin/mboxlist_text.c imap/admin/mboxlist_text.h \
    cunit/admin/json_test.c \
    cunit/admin/mboxlist_text_test.c
