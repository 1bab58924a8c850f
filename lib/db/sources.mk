noinst_LIBRARIES += lib/db/libdbx.a
lib_db_libdbx_a_SOURCES = \
    lib/db/berkeley_file.c lib/db/berkeley_file.h \
    lib/db/db.c lib/db/db.h lib/db/db_impl.h \
    lib/db/db_berkeley.c \
    lib/db/db_env.c \
    lib/db/db_flat.c lib/db/flat_format.h \
    lib/db/db_memory.c \
    lib/db/db_quotalegacy.c lib/db/db_quotalegacy_impl.h lib/db/db_quotalegacy_names.c \
    lib/db/quotalegacy_format.h \
    lib/db/db_skiplist.c lib/db/db_skiplist_impl.h lib/db/db_skiplist_read.c \
    lib/db/db_skiplist_recover.c lib/db/db_skiplist_write.c lib/db/skiplist_format.h \
    lib/db/db_tools.c \
    lib/db/db_twoskip.c lib/db/db_twoskip_check.c lib/db/db_twoskip_impl.h \
    lib/db/db_twoskip_read.c lib/db/db_twoskip_recover.c lib/db/db_twoskip_repack.c \
    lib/db/db_twoskip_write.c lib/db/twoskip_format.h \
    lib/db/db_walk.c \
    lib/db/dbfile.c lib/db/dbfile.h \
    lib/db/order.c lib/db/order.h \
    lib/db/ordmap.c lib/db/ordmap.h \
    lib/db/overlay.c lib/db/overlay.h \
    lib/db/patches.c lib/db/patches.h
