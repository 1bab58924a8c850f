/* policy.c - see policy.h */
#include "master/policy.h"

enum {
    TOKEN = 1000,                       /* one fork, in thousandths */
    BURST_PERCENT = 160,                /* the bucket holds so much of a second's forks */
};

static uint64_t bucket_size(const struct policy *p)
{
    uint64_t size = (uint64_t)p->conf.maxforkrate * TOKEN * BURST_PERCENT / 100;

    return size < TOKEN ? TOKEN : size;
}

/* Tokens at a later time: maxforkrate per second flow in. */
static uint64_t tokens_at(const struct policy *p, uint64_t now_ms)
{
    const uint64_t size = bucket_size(p), passed = now_ms - p->tokens_ms;

    if (passed >= size)                 /* full again at any rate; no overflow below */
        return size;
    uint64_t tokens = p->tokens_milli + passed * (uint64_t)p->conf.maxforkrate;
    return tokens < size ? tokens : size;
}

void policy_init(struct policy *p, const struct policy_conf *conf, uint64_t now_ms)
{
    *p = (struct policy){ .alive = 0 };
    policy_configure(p, conf, now_ms);
    p->tokens_milli = bucket_size(p);
}

void policy_configure(struct policy *p, const struct policy_conf *conf, uint64_t now_ms)
{
    p->tokens_milli = p->conf.maxforkrate > 0 ? tokens_at(p, now_ms) : UINT64_MAX;
    p->tokens_ms = now_ms;
    p->conf = *conf;
    if (p->tokens_milli > bucket_size(p))
        p->tokens_milli = bucket_size(p);
    p->failures = p->idle_ends = 0;
    p->not_before_ms = 0;
    p->disabled = false;
}

/* The earliest time at which delays and the rate limit allow a fork. */
static uint64_t fork_time(const struct policy *p, uint64_t now_ms)
{
    uint64_t when = p->not_before_ms > now_ms ? p->not_before_ms : now_ms;

    if (p->conf.maxforkrate > 0) {
        const uint64_t tokens = tokens_at(p, now_ms), rate = (uint64_t)p->conf.maxforkrate;
        if (tokens < TOKEN) {
            uint64_t refilled = now_ms + (TOKEN - tokens + rate - 1) / rate;
            if (refilled > when)
                when = refilled;
        }
    }
    return when;
}

static bool is_full(const struct policy *p)
{
    return p->conf.maxchild != POLICY_UNLIMITED && p->alive >= p->conf.maxchild;
}

enum policy_want policy_next(const struct policy *p, bool waiting, uint64_t now_ms,
                             uint64_t *when_ms_out)
{
    if (p->disabled || is_full(p))
        return POLICY_NOTHING;
    if (p->ready >= p->conf.prefork && !(waiting && p->ready == 0))
        return POLICY_NOTHING;
    *when_ms_out = fork_time(p, now_ms);
    return *when_ms_out <= now_ms ? POLICY_FORK : POLICY_LATER;
}

bool policy_must_watch(const struct policy *p, uint64_t now_ms, uint64_t *when_ms_out)
{
    *when_ms_out = now_ms;
    if (p->disabled || is_full(p) || p->ready > 0)
        return false;
    *when_ms_out = fork_time(p, now_ms);
    return *when_ms_out <= now_ms;
}

void policy_forked(struct policy *p, uint64_t now_ms)
{
    p->alive++;
    p->ready++;
    if (p->conf.maxforkrate > 0) {
        uint64_t tokens = tokens_at(p, now_ms);
        p->tokens_milli = tokens > TOKEN ? tokens - TOKEN : 0;
        p->tokens_ms = now_ms;
    }
}

/* Each end without any use doubles the pause, from the second one on. */
static void delay(struct policy *p, uint64_t now_ms)
{
    uint64_t ms = POLICY_DELAY_FIRST_MS;

    if (++p->idle_ends < 2)
        return;
    for (unsigned n = 2; n < p->idle_ends && ms < POLICY_DELAY_MAX_MS; n++)
        ms *= 2;
    p->not_before_ms = now_ms + (ms < POLICY_DELAY_MAX_MS ? ms : POLICY_DELAY_MAX_MS);
}

void policy_fork_failed(struct policy *p, uint64_t now_ms)
{
    p->not_before_ms = now_ms + POLICY_DELAY_MAX_MS;
}

void policy_give_back(struct policy *p, int n, uint64_t now_ms)
{
    p->alive -= n;
    p->ready -= n;
    if (p->conf.maxforkrate > 0) {
        const uint64_t tokens = tokens_at(p, now_ms) + (uint64_t)n * TOKEN;
        p->tokens_milli = tokens < bucket_size(p) ? tokens : bucket_size(p);
        p->tokens_ms = now_ms;
    }
}

bool policy_set_state(struct policy *p, enum policy_state *state, enum policy_state to)
{
    if (*state == to)
        return false;
    *state = to;
    p->ready += to == POLICY_READY ? 1 : -1;
    if (to == POLICY_BUSY)              /* it serves: whatever failed before is over */
        p->failures = p->idle_ends = 0;
    return true;
}

bool policy_failed(struct policy *p, uint64_t now_ms)
{
    if (p->failures > 0 && now_ms - p->last_failure_ms > POLICY_FAILURE_GAP_MS)
        p->failures = p->idle_ends = 0;
    p->last_failure_ms = now_ms;
    p->failures++;
    delay(p, now_ms);
    if (p->failures < POLICY_FAILURES_MAX || p->conf.persistent || p->disabled)
        return false;
    p->disabled = true;
    return true;
}

bool policy_ended(struct policy *p, enum policy_state state, enum policy_end end,
                  uint64_t life_ms, uint64_t now_ms)
{
    p->alive--;
    if (state == POLICY_READY)
        p->ready--;
    if (state != POLICY_READY || end == POLICY_END_ASKED)
        return false;
    if (end == POLICY_END_BAD)
        return policy_failed(p, now_ms);
    if (life_ms < POLICY_SHORT_LIFE_MS)
        delay(p, now_ms);
    else
        p->idle_ends = 0;
    return false;
}

