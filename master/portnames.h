/* portnames.h - port numbers of service names
 *
 * /etc/services decides; names of mail services that it lacks are found in a list of our own
 * (spec features ST-28), so that listen="sieve" works on every machine.
 */
#ifndef MASTER_PORTNAMES_H
#define MASTER_PORTNAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

/* Port of a number or name, for datagrams or streams.  ERR_NOTFOUND: neither a number from
 * 0 to 65535 nor a known name. */
err_t portnames_find(struct slice text, bool datagrams, uint16_t *out) NODISCARD;

/* The list of our own only. */
err_t portnames_builtin(struct slice name, uint16_t *out) NODISCARD;

#endif
