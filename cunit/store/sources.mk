check_PROGRAMS += cunit/store/unit_store
cunit_store_unit_store_SOURCES = cunit/runner.c cunit/test.h \
	cunit/store/annot_test.c \
	cunit/store/boxes.c \
	cunit/store/boxes.h \
	cunit/store/commit_test.c \
	cunit/store/dup_test.c \
	cunit/store/header_test.c \
	cunit/store/index_test.c \
	cunit/store/mailbox_test.c \
	cunit/store/mblist_test.c \
	cunit/store/partition_test.c \
	cunit/store/quota_test.c \
	cunit/store/samples.c \
	cunit/store/samples.h \
	cunit/store/status_test.c \
	cunit/store/store_test.c \
	cunit/store/subs_test.c \
	cunit/store/synccrc_test.c \
	cunit/store/user_test.c
include cunit/store/sources-names.mk
cunit_store_unit_store_LDADD = $(LINK_STORE) $(CUNIT_LIBS)
