// A program that says `ready` like a worker, but leaves out one wall, named by its second argument as WALL:SOCKET.
// It hands a copy of its channel to the test that listens at SOCKET, which thereby sees every byte sent to it.
//
// What the spawner itself builds, a worker cannot leave out: with `alone WALL` the program builds that as well, and waits.
#define _GNU_SOURCE
#include "csystem.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *sleeper(void *unused) {
    pause();
    return unused;
}

static int filter(void) {
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &allow};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static int wait_alone(const char *wall) {
    const struct { const char *wall; int resource; rlim_t value; } limits[] = {
        {"coreLimit", RLIMIT_CORE, 0}, {"fileSizeLimit", RLIMIT_FSIZE, 0}, {"processLimit", RLIMIT_NPROC, 0},
        {"descriptorLimit", RLIMIT_NOFILE, 16}, {"memoryLimit", RLIMIT_AS, 1ULL << 40}, {"processorLimit", RLIMIT_CPU, 60},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(wall, limits[i].wall)) setrlimit(limits[i].resource, &(struct rlimit){limits[i].value, limits[i].value});
    if (strcmp(wall, "noNewPrivileges")) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (filter() != 0) return 16;
    if (geteuid() == 0 && (csystem_drop_identity(65534, 65534) != 0 || csystem_drop_capabilities() != 0)) return 13;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return pause();
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    if (!strcmp(arguments[1], "alone")) return wait_alone(arguments[2]);
    char *wall = arguments[2], *path = strchr(wall, ':');
    if (!path) return 2;
    *path++ = 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int observer = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(observer, (struct sockaddr *)&address, sizeof address) != 0) return 10;
    if (csystem_send_descriptor(observer, "c", 1, 3) != 1) return 11;
    close(observer);

    // More than the arena of the smallest prompt; while root may still lock it.
    if (strcmp(wall, "lockedMemory")) {
        size_t size = 6 << 20;
        void *arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED || mlock(arena, size) != 0) return 18;
    }
    if (!strcmp(wall, "descriptors") && dup(0) < 0) return 19;
    if (!strcmp(wall, "environment")) environ[0][0] ^= 1;
    pthread_t thread;
    if (!strcmp(wall, "singleThread") && pthread_create(&thread, NULL, sleeper, NULL) != 0) return 12;
    if (strcmp(wall, "fileSizeLimit")) setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
    if (strcmp(wall, "capabilities") && geteuid() == 0) {
        if (strcmp(wall, "rootIdentity") && csystem_drop_identity(65534, 65534) != 0) return 13;
        if (csystem_drop_capabilities() != 0) return 14;
    }
    prctl(PR_SET_DUMPABLE, !strcmp(wall, "notDumpable"), 0, 0, 0);
    if (!strcmp(wall, "notTraced") && ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) return 15;
    if (strcmp(wall, "seccomp") && filter() != 0) return 16;
    static const char text[] = "{\"kind\":\"ready\",\"body\":0,\"landlock\":0,\"arena\":\"none\"}";
    char frame[4 + sizeof text - 1] = {0, 0, 0, sizeof text - 1};
    memcpy(frame + 4, text, sizeof text - 1);
    if (write(3, frame, sizeof frame) != sizeof frame) return 17;
    // Never reads: whatever came stays in the socket, where the test looks for it.
    sleep(30);
    return 0;
}
