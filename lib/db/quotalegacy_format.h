/* quotalegacy_format.h - files of the quotalegacy engine (formats/cyrusdb.md section 8)
 *
 * One file per key, below the directory that holds the database path:
 *     quota/<h>/<root>
 *     domain/<hd>/<domain>/quota/<h>/<root without "domain!">     with virtual domains
 *     domain/<hd>/<domain>/quota/root                             root "domain!"
 * h: hash of what follows the first '.' of the root (all of it without one); hd: of the domain.
 *
 * Content: the value and LF.  A value that does not begin with '%' is the old numeric form:
 * its first space is a LF in the file.  An empty file means "no such root".
 */
#ifndef DB_QUOTALEGACY_FORMAT_H
#define DB_QUOTALEGACY_FORMAT_H

#define QL_QUOTA_DIR "quota"
#define QL_DOMAIN_DIR "domain"
#define QL_DOMAIN_ROOT "root"

enum {
    QL_DOMAIN_MARK = '!',
    QL_DLIST_MARK = '%',
    QL_FILE_MAX = 64 * 1024,            /* a larger file is no quota */
    QL_SECTOR = 512,                    /* the disk writes so many bytes at once or not at all */
};

#endif
