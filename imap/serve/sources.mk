noinst_LIBRARIES += imap/serve/libserve.a
imap_serve_libserve_a_SOURCES = \
	imap/serve/banner.c imap/serve/cmdtable.c imap/serve/cmdtable.h \
	imap/serve/conn.c \
	imap/serve/deny.c imap/serve/dialogue.c \
	imap/serve/inputs.c \
	imap/serve/limits.c imap/serve/limits.h \
	imap/serve/login.c \
	imap/serve/pool.c \
	imap/serve/procfile.c \
	imap/serve/rest.c \
	imap/serve/serve.c imap/serve/serve.h imap/serve/serve_impl.h \
	imap/serve/session_id.c \
	imap/serve/shutdown.c \
	imap/serve/start.c \
	imap/serve/starttls.c \
	imap/serve/telemetry.c \
	imap/serve/template.c \
	imap/serve/title.c
