# Tests of names, rights, the mailbox list and its operations, users, quotas, state
cunit_store_unit_store_SOURCES += \
	cunit/store/instance.c cunit/store/instance.h \
	cunit/store/acl_test.c \
	cunit/store/mbentry_test.c \
	cunit/store/mbname_test.c \
	cunit/store/namespace_test.c \
	cunit/store/policy_test.c
