check_PROGRAMS += cunit/net/unit_net
cunit_net_unit_net_SOURCES = cunit/runner.c cunit/test.h \
	cunit/net/certs.c cunit/net/certs.h \
	cunit/net/dotstuff_test.c \
	cunit/net/stream_test.c \
	cunit/net/tls_test.c
cunit_net_unit_net_LDADD = $(LINK_NET) $(CUNIT_LIBS)
