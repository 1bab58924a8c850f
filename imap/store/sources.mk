# The mailbox store: names, rights, mailbox files, commits, state of users
noinst_LIBRARIES += imap/store/libstore.a
imap_store_libstore_a_SOURCES = \
	imap/store/commit.c imap/store/commit.h imap/store/commit_impl.h \
	imap/store/commit_annot.c \
	imap/store/commit_append.c \
	imap/store/commit_flags.c \
	imap/store/commit_journal.c \
	imap/store/commit_write.c \
	imap/store/durable.c imap/store/durable.h \
	imap/store/health.c imap/store/health.h \
	imap/store/header.c imap/store/header.h imap/store/header_format.h \
	imap/store/index.c imap/store/index.h imap/store/index_format.h \
	imap/store/journal.c imap/store/journal.h imap/store/journal_impl.h \
	imap/store/journal_file.c imap/store/journal_file.h \
	imap/store/journal_record.c imap/store/journal_record.h \
	imap/store/journal_apply.c imap/store/journal_apply.h \
	imap/store/journal_dead.c \
	imap/store/journal_history.c imap/store/journal_history.h \
	imap/store/journal_replay.c \
	imap/store/journal_start.c \
	imap/store/journal_store.c imap/store/journal_store.h \
	imap/store/lockorder.c imap/store/lockorder.h \
	imap/store/mailbox.c imap/store/mailbox.h imap/store/mailbox_impl.h \
	imap/store/mailbox_known.c imap/store/mailbox_files.c imap/store/mailbox_files.h \
	imap/store/mailbox_pool.c imap/store/mailbox_pool.h \
	imap/store/mailbox_read.c \
	imap/store/mailbox_remove.c \
	imap/store/msgannot.c imap/store/msgannot.h \
	imap/store/msgannot_entry.c imap/store/msgannot_entry.h \
	imap/store/msgfile.c imap/store/msgfile.h \
	imap/store/record.h \
	imap/store/recover.c imap/store/recover.h imap/store/recover_impl.h \
	imap/store/recover_record.c imap/store/recover_stage.c \
	imap/store/repack.c imap/store/repack.h \
	imap/store/rewrite.c imap/store/rewrite.h \
	imap/store/seen.c imap/store/seen.h imap/store/seen_format.h \
	imap/store/stage.c imap/store/stage.h \
	imap/store/synccrc.c imap/store/synccrc.h \
	imap/store/upgrade.c imap/store/upgrade.h \
	imap/store/urlkey.c imap/store/urlkey.h
include imap/store/sources-names.mk
include imap/store/sources-facts.mk
