/* rest.c - giving memory back before a long wait
 *
 * What a command used for a moment stays with the process: free pieces of the heap, and the deep
 * end of the stack.  Many sessions wait most of their time, so that is worth some microseconds.
 */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

#include "imap/serve/serve.h"

enum {
    PAGE = 4096,
    STACK_LOOKED_AT = 256 << 10,                /* as deep as sessions ever go, and more */
};

/* Nothing below the frame of a function that runs is of any use but to functions it calls, which
 * do not count on what they find.  A page of distance leaves room for this call itself. */
static void forget_stack(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t end = (here - PAGE) & ~(uintptr_t)(PAGE - 1);

    /* what was never used is not there, which is no error worth a word */
    (void)!madvise((void *)(end - STACK_LOOKED_AT), STACK_LOOKED_AT, MADV_DONTNEED);
}

void serve_rest(void)
{
    malloc_trim(0);
    forget_stack();
}
