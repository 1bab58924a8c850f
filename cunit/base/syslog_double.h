/* syslog_double.h - openlog() and syslog() of this program, which only remember */
#ifndef CUNIT_BASE_SYSLOG_DOUBLE_H
#define CUNIT_BASE_SYSLOG_DOUBLE_H

struct syslog_double {
    char ident[200];
    int option, facility;               /* of openlog */
    int lines, priority;                /* of syslog */
    char line[9000];                    /* the last one */
};

extern struct syslog_double syslog_double;

#endif
