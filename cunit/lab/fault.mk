# tools/faultlab: the messages of programs in a file (faultlog.c), and the forms that take long.
# Included after cunit/lab/sources.mk.
noinst_DATA += cunit/lab/libfaultlog.so
CLEANFILES += cunit/lab/libfaultlog.so
EXTRA_DIST += tools/faultlab cunit/lab/faultlab.pl cunit/lab/faultlab.t cunit/lab/faultlog.c cunit/lab/lib

cunit/lab/libfaultlog.so: cunit/lab/faultlog.c
	@$(MKDIR_P) cunit/lab
	$(AM_V_CCLD)cd $(top_srcdir) && $(LAB_COMPILE) -o $(abs_builddir)/$@ cunit/lab/faultlog.c

faultlab: all
	HALCYON_BUILDDIR='$(abs_top_builddir)' $(top_srcdir)/tools/faultlab
faultlab-long: all
	HALCYON_BUILDDIR='$(abs_top_builddir)' $(top_srcdir)/tools/faultlab --long
.PHONY: faultlab faultlab-long
