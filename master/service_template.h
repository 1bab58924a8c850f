/* service_template.h - the template of a service (template.h) and its socket
 *
 * For service.c and who ends services; everything here keeps policy.h's counts right: a worker
 * that was asked for counts as ready from that moment on, and is given back when it cannot come.
 */
#ifndef MASTER_SERVICE_TEMPLATE_H
#define MASTER_SERVICE_TEMPLATE_H

#include "master/service.h"

/* Before a process of the service is started as a program: the descriptor that it gets to become
 * the template with, -1 when none is wanted.  To be given to service_template_offered(). */
int service_template_offer(struct service *);

/* It was started (NULL: it was not).  Closes the descriptor. */
void service_template_offered(struct service *, struct child *, int fd);

/* Ask the template for a worker, which is counted at once.  False: there is no template to be
 * asked, start a program instead. */
bool service_template_fork(struct service *, uint64_t now_ms);

/* Hear what template and new workers have said: before a pid of the service is looked up that
 * came another way (status message, end), since it may be a worker's we have not met yet. */
void service_template_hear(struct service *);

/* A child of the service has ended: was it the template?  Then all is settled. */
bool service_template_child_ended(struct service *, struct child *, int status, uint64_t now_ms);

/* No worker comes of the template any more (one that has just been made ends by itself).  Its
 * process is sent the signal and is then no concern of the service. */
void service_template_dismiss(struct service *, int signo);

/* Close what is open: the service is freed. */
void service_template_close(struct service *);

#endif
