#define _GNU_SOURCE
#include "cprobes.h"
#include "cdrill.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int cprobes_has_int80(void) {
#if defined(__x86_64__)
    pid_t pid = fork();
    if (pid == 0) _exit(cdrill_int80(20) > 0 ? 0 : 1);
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
#else
    return 0;
#endif
}

int cprobes_hide_clock(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps) return -1;
    char line[512];
    int hidden = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        if (!strstr(line, "[vvar") || sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
        // Zeros say VDSO_CLOCKMODE_NONE.
        void *zeros = mmap((void *)start, end - start, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros != MAP_FAILED) hidden++;
    }
    fclose(maps);
    return hidden > 0 ? 0 : -1;
}

ptrdiff_t cprobes_find(const void *bytes, size_t count, const void *needle, size_t length) {
    const char *found = memmem(bytes, count, needle, length);
    return found ? found - (const char *)bytes : -1;
}
