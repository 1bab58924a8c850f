/* forest.h - trees that are joined and cut, and which tree a node is in (link-cut trees, Sleator and Tarjan 1983)
 *
 * Threading must never make a loop (RFC 5256 3, REFERENCES 1.A), in whatever order references come: asking for the root
 * by walking up would take as long as the longest chain of replies, which whoever writes the mail decides.  Here every
 * call takes O(log n) steps on average.
 */
#ifndef SEARCH_FOREST_H
#define SEARCH_FOREST_H

#include <stdint.h>

struct forest;

struct forest *forest_new(uint32_t n);          /* nodes 1 to n, each a tree of its own */
void forest_free(struct forest **);             /* NULL is fine */
uint32_t forest_root(struct forest *, uint32_t node);
/* Make root `child` a child of `parent`, which is in another tree. */
void forest_link(struct forest *, uint32_t child, uint32_t parent);
/* Take a node with all below it out of its tree; of a root nothing changes. */
void forest_cut(struct forest *, uint32_t node);

#endif
