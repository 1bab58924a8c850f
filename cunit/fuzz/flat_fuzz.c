/* flat_fuzz.c - bytes of a flat file */
#include "cunit/fuzz/dbfile_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return fuzz_engine("flat", data, n);
}
