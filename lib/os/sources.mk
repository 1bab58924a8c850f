noinst_LIBRARIES += lib/os/libos.a
lib_os_libos_a_SOURCES = \
    lib/os/dir.c lib/os/dir.h \
    lib/os/file.c lib/os/file_replace.c lib/os/file.h \
    lib/os/lock.c lib/os/lock.h \
    lib/os/loop.c lib/os/loop.h \
    lib/os/map.c lib/os/map.h \
    lib/os/path.c lib/os/path.h \
    lib/os/proc.c lib/os/proc_self.c lib/os/proc.h \
    lib/os/sig.c lib/os/sig.h \
    lib/os/sock.c lib/os/sock_connect.c lib/os/sock_listen.c lib/os/sock_name.c lib/os/sock.h \
    lib/os/sync.c lib/os/sync.h
