/* order.h - the three orders of keys (formats/cyrusdb.md section 4)
 *
 * raw: unsigned bytes, the shorter first when one is a prefix of the other (twoskip).
 * signed: the same with signed bytes (skiplist; differs for 8-bit keys only).
 * mbox: every byte through a table that puts "." below everything printable (flat files, and
 * others opened with DB_MBOXSORT).  TAB and LF are equal to each other in it.
 */
#ifndef DB_ORDER_H
#define DB_ORDER_H

#include "lib/base/slice.h"

typedef int order_fn(struct slice, struct slice);

/* < 0, 0, > 0 */
int order_raw(struct slice, struct slice);
int order_signed(struct slice, struct slice);
int order_mbox(struct slice, struct slice);

#endif
