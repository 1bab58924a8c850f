# Tests of what is kept about a message, and of cache records
cunit_store_unit_store_SOURCES += \
	cunit/store/cache_test.c \
	cunit/store/facts_test.c cunit/store/facts_cases.inc
