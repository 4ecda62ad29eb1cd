#define _GNU_SOURCE
#include "cprobes.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

long cprobes_call(long number, const long *a) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = a[3];
    register long r8 __asm__("r8") = a[4];
    register long r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
#endif
}

long cprobes_int80(void) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    return result;
#else
    return -1;
#endif
}

int cprobes_has_int80(void) {
#if defined(__x86_64__)
    pid_t pid = fork();
    if (pid == 0) _exit(cprobes_int80() > 0 ? 0 : 1);
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
#else
    return 0;
#endif
}

void cprobes_fault(int kind) {
    switch (kind) {
    case 0: *(volatile int *)8 = 1; break;
#if defined(__x86_64__)
    case 1: __asm__ volatile("int3"); break;
#endif
    case 2: __builtin_trap();
    default: abort();
    }
}

ptrdiff_t cprobes_find(const void *bytes, size_t count, const void *needle, size_t length) {
    const char *found = memmem(bytes, count, needle, length);
    return found ? found - (const char *)bytes : -1;
}

ssize_t cprobes_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, size_t number) {
    char control[CMSG_SPACE(16 * sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(number * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(number * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, number * sizeof(int));
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

pid_t cprobes_hold(pid_t pid) {
    int seized[2];
    char byte = 0;
    if (pipe(seized) != 0) return -1;
    pid_t holder = fork();
    if (holder == 0) {
        byte = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
        write(seized[1], &byte, 1);
        for (;;) pause();
    }
    if (holder > 0) read(seized[0], &byte, 1);
    close(seized[0]);
    close(seized[1]);
    if (byte || holder < 0) return holder;
    cprobes_release(holder);
    return -1;
}

void cprobes_release(pid_t holder) {
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}
