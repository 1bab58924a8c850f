# Tests of imap/store: this list, and those of names and facts
check_PROGRAMS += cunit/store/unit_store
cunit_store_unit_store_SOURCES = cunit/runner.c cunit/test.h \
	cunit/store/boxes.c cunit/store/boxes.h \
	cunit/store/samples.c cunit/store/samples.h \
	cunit/store/commit_annot_test.c \
	cunit/store/commit_test.c \
	cunit/store/crash_test.c \
	cunit/store/header_test.c \
	cunit/store/health_test.c \
	cunit/store/index_test.c \
	cunit/store/journal_dead_test.c \
	cunit/store/journal_disk.c cunit/store/journal_disk.h \
	cunit/store/journal_file_test.c \
	cunit/store/journal_mixed_test.c \
	cunit/store/journal_ops.c cunit/store/journal_ops.h \
	cunit/store/journal_record_test.c \
	cunit/store/journal_replay_test.c \
	cunit/store/journal_restart_test.c \
	cunit/store/journal_rig.c cunit/store/journal_rig.h \
	cunit/store/journal_share_test.c \
	cunit/store/journal_start_test.c \
	cunit/store/journal_test.c \
	cunit/store/journal_void_test.c \
	cunit/store/mailbox_test.c \
	cunit/store/powercut_test.c \
	cunit/store/recover_test.c \
	cunit/store/repack_test.c \
	cunit/store/seen_test.c \
	cunit/store/stage_test.c \
	cunit/store/synccrc_test.c \
	cunit/store/upgrade_test.c
cunit_store_unit_store_LDADD = $(LINK_STORE) $(CUNIT_LIBS)
include cunit/store/sources-names.mk
include cunit/store/sources-facts.mk
