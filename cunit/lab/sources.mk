# Laboratories: libraries that are loaded before libc, and the rebuilder of recorded runs.
# No libtool is needed for a shared object that nothing links.
LAB_CORE = cunit/lab/lab_core.c cunit/lab/record.c cunit/lab/lab_write.c \
	cunit/lab/interpose_file.c cunit/lab/interpose_net.c
LAB_INCLUDED = cunit/lab/interpose.h cunit/lab/record.h cunit/lab/lab_core.h \
	cunit/lab/lab_write.h cunit/lab/lab_net.h
LAB_COMPILE = $(CC) $(DEFS) -I$(abs_top_srcdir) -std=gnu11 -D_GNU_SOURCE \
	$(WARN_CFLAGS) -O2 -g1 -U_FORTIFY_SOURCE -fPIC -shared

noinst_DATA = cunit/lab/liblab.so cunit/lab/liblab_malloc.so
CLEANFILES += cunit/lab/liblab.so cunit/lab/liblab_malloc.so

cunit/lab/liblab.so: $(LAB_CORE) $(LAB_INCLUDED)
	@$(MKDIR_P) cunit/lab
	$(AM_V_CCLD)cd $(top_srcdir) && $(LAB_COMPILE) -o $(abs_builddir)/$@ $(LAB_CORE) -ldl
cunit/lab/liblab_malloc.so: cunit/lab/interpose_malloc.c $(LAB_INCLUDED)
	@$(MKDIR_P) cunit/lab
	$(AM_V_CCLD)cd $(top_srcdir) && $(LAB_COMPILE) -o $(abs_builddir)/$@ \
	    cunit/lab/interpose_malloc.c -ldl

noinst_PROGRAMS += cunit/lab/replay
cunit_lab_replay_SOURCES = cunit/lab/replay.c cunit/lab/disk.c cunit/lab/disk.h cunit/lab/disk_state.c \
	cunit/lab/pages.c cunit/lab/pages.h cunit/lab/record.h
EXTRA_DIST += $(LAB_CORE) $(LAB_INCLUDED) cunit/lab/interpose_malloc.c cunit/lab/crashlab.pl cunit/lab/crashlab.t tools/crashlab \
	cunit/lab/Lab

check-crash: all
	HALCYON_BUILDDIR='$(abs_top_builddir)' $(top_srcdir)/tools/crashlab --long all
.PHONY: check-crash

include cunit/lab/fault.mk
