noinst_LIBRARIES += lib/net/libnet.a
lib_net_libnet_a_SOURCES = \
	lib/net/dotstuff.c lib/net/dotstuff.h \
	lib/net/literal.c lib/net/literal.h \
	lib/net/sink.h \
	lib/net/stream.c lib/net/stream.h lib/net/stream_impl.h \
	lib/net/stream_deflate.c \
	lib/net/stream_fd.c \
	lib/net/stream_log.c \
	lib/net/stream_mem.c \
	lib/net/stream_tls.c \
	lib/net/stream_wrap.c \
	lib/net/tls.c lib/net/tls.h lib/net/tls_impl.h \
	lib/net/tls_client.c
