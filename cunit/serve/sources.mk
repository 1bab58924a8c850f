check_PROGRAMS += cunit/serve/unit_serve
cunit_serve_unit_serve_SOURCES = cunit/runner.c cunit/test.h \
	cunit/net/certs.c cunit/net/certs.h \
	cunit/serve/daemon.c cunit/serve/daemon.h \
	cunit/serve/login_test.c \
	cunit/serve/serve_test.c
cunit_serve_unit_serve_LDADD = $(LINK_SERVE) $(CUNIT_LIBS)
