/* os_test.h - small helpers of the tests here */
#ifndef CUNIT_OS_OS_TEST_H
#define CUNIT_OS_OS_TEST_H

#include "cunit/base/syslog_double.h"
#include "cunit/os/fault.h"
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Path of a name in the directory of this run; one of 64 static buffers in turn. */
const char *in_tmp(const char *name);

/* Make a file; ends the program when it cannot. */
void make_file(const char *path, const char *text);

/* Does the file hold exactly that text? */
bool file_is(const char *path, const char *text);

/* Run fn(arg) in a child; its exit status, or 256 + signal. */
int in_child(int (*fn)(void *), void *arg);

#endif
