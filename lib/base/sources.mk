noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
    lib/base/arena.c lib/base/arena.h \
    lib/base/banned.h \
    lib/base/bits.c lib/base/bits.h \
    lib/base/buf.c lib/base/buf.h \
    lib/base/bug.c lib/base/bug.h \
    lib/base/clock.c lib/base/clock.h \
    lib/base/crc32.c lib/base/crc32.h \
    lib/base/digest.c lib/base/digest.h \
    lib/base/endian.h \
    lib/base/err.c lib/base/err.h \
    lib/base/guid.c lib/base/guid.h \
    lib/base/log.c lib/base/log.h \
    lib/base/map.c lib/base/map.h \
    lib/base/mem.c lib/base/mem.h \
    lib/base/num.c lib/base/num.h \
    lib/base/rand.c lib/base/rand.h \
    lib/base/ranges.c lib/base/ranges.h \
    lib/base/slice.c lib/base/slice.h \
    lib/base/vec.c lib/base/vec.h
