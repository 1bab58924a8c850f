/* listener.c - see listener.h */
#include "imap/store/listener.h"

#include "imap/store/store_impl.h"

void store_listen(struct store *s, store_listener_fn *fn, void *arg)
{
    *VEC_PUSH(&s->listeners, struct store_listener) = (struct store_listener){ fn, arg };
}

void store_tell(struct store *s, const struct store_event *event)
{
    for (size_t i = 0; i < s->listeners.n; i++) {
        const struct store_listener *l = VEC_AT(&s->listeners, struct store_listener, i);

        l->fn(l->arg, event);
    }
}
