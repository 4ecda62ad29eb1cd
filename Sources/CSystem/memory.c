#define _GNU_SOURCE
#include "csystem.h"
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void csystem_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

__attribute__((noinline)) void csystem_wipe_stack(void) {
    char frame[256 * 1024];
    explicit_bzero(frame, sizeof frame);
}

void csystem_random(void *bytes, size_t count) {
    char *next = bytes;
    while (count > 0) {
        ssize_t some = getrandom(next, count, 0);
        if (some > 0) { next += some; count -= (size_t)some; }
    }
}

int csystem_memfd_secret(void) {
#ifdef SYS_memfd_secret
    return (int)syscall(SYS_memfd_secret, 02000000 /* O_CLOEXEC */);
#else
    return (int)syscall(447, 02000000);
#endif
}

uint64_t csystem_memory_lock_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? limit.rlim_max : 0;
}
