/* suite.h - plugs listeners into the store, for daemons and tools alike
 *
 * What must hear of every change is registered here and nowhere else, so that a delivery, an IMAP command
 * and a tool all tell the same listeners.
 */
#ifndef SUITE_SUITE_H
#define SUITE_SUITE_H

struct store;

/* After store_open(). */
void suite_plug(struct store *);

#endif
