noinst_LIBRARIES += lib/auth/libauth.a
lib_auth_libauth_a_SOURCES = \
	lib/auth/ident.c lib/auth/ident.h lib/auth/ident_impl.h \
	lib/auth/ident_unix.c \
	lib/auth/sasl_client.c lib/auth/sasl_client.h \
	lib/auth/sasl_conf.c lib/auth/sasl_impl.h lib/auth/sasl_layer.h \
	lib/auth/sasl_server.c lib/auth/sasl_server.h
