#define _GNU_SOURCE
#include "csystem.h"
#include <link.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void csystem_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

// A worker's calls reach 20 KiB down, a TLS handshake among them; a page beyond that is a new one, wiped for nothing.
__attribute__((noinline)) void csystem_wipe_stack(void) {
    char frame[64 * 1024];
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

static int release_text(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        // Written pages (data, relocations) exist nowhere else.
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W)) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    (void)context;
    return 0;
}

void csystem_release_startup_memory(void) {
    dl_iterate_phdr(release_text, NULL);
    malloc_trim(0);
}
