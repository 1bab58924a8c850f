noinst_PROGRAMS += bench/driver/drive
bench_driver_drive_SOURCES = \
    bench/driver/conn.c bench/driver/conn.h \
    bench/driver/drive.h \
    bench/driver/imap.c bench/driver/imap.h \
    bench/driver/lmtp.c bench/driver/lmtp.h \
    bench/driver/load.c bench/driver/load.h \
    bench/driver/mailgen.c bench/driver/mailgen.h \
    bench/driver/main.c \
    bench/driver/opts.c \
    bench/driver/pool.c bench/driver/pool.h \
    bench/driver/proctree.c bench/driver/proctree.h \
    bench/driver/work_append.c \
    bench/driver/work_bulk.c \
    bench/driver/work_fill.c \
    bench/driver/work_idle.c \
    bench/driver/work_imap.c \
    bench/driver/work_lmtp.c \
    bench/driver/work_mixed.c \
    bench/driver/work_session.c \
    bench/driver/work_supervise.c
bench_driver_drive_LDADD = $(LINK_BASE)

noinst_PROGRAMS += bench/engines/engines
bench_engines_engines_SOURCES = \
    bench/driver/drive.h bench/driver/opts.c \
    bench/engines/delivery.c bench/engines/engines.h \
    bench/engines/journal.c \
    bench/engines/main.c \
    bench/engines/ordered.c \
    bench/engines/rounds.c \
    bench/engines/sys.c
bench_engines_engines_LDADD = $(LINK_BASE)

EXTRA_DIST += bench/README.md bench/run bench/engines/run \
    bench/lib/Bench/Config.pm \
    bench/lib/Bench/Drive.pm \
    bench/lib/Bench/File.pm \
    bench/lib/Bench/Fill.pm \
    bench/lib/Bench/Recovery.pm \
    bench/lib/Bench/Report.pm \
    bench/lib/Bench/Server.pm \
    bench/lib/Bench/Syncs.pm \
    bench/lib/Bench/Workloads.pm
