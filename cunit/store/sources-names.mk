# Tests of names, rights, the mailbox list and its operations, users, quotas, state
cunit_store_unit_store_SOURCES += \
	cunit/store/instance.c cunit/store/instance.h \
	cunit/store/acl_test.c \
	cunit/store/annot_entry_test.c \
	cunit/store/annot_test.c \
	cunit/store/mbannotate_test.c \
	cunit/store/autocreate_test.c \
	cunit/store/dup_test.c \
	cunit/store/mbcrash_test.c \
	cunit/store/mbentry_test.c \
	cunit/store/mblist_test.c \
	cunit/store/mbrestore_test.c \
	cunit/store/mbname_test.c \
	cunit/store/mbops_test.c \
	cunit/store/namespace_test.c \
	cunit/store/partition_test.c \
	cunit/store/policy_test.c \
	cunit/store/quota_test.c \
	cunit/store/specialuse_test.c \
	cunit/store/status_test.c \
	cunit/store/statuscache_test.c \
	cunit/store/store_test.c \
	cunit/store/subs_test.c \
	cunit/store/user_test.c
