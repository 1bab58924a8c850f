check_PROGRAMS += cunit/auth/unit_auth
cunit_auth_unit_auth_SOURCES = cunit/runner.c cunit/test.h \
	cunit/auth/auth_test.c cunit/auth/auth_test.h \
	cunit/auth/ident_test.c \
	cunit/auth/sasl_test.c
cunit_auth_unit_auth_LDADD = $(LINK_AUTH) $(CUNIT_LIBS)
