#define _GNU_SOURCE
#include "guest.h"
#include "csystem.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// What a program that computes needs of none of these: ways out, ways into others, and ways around the walls.
#define FORBIDDEN(X) \
    X(socket) X(connect) X(bind) X(listen) X(accept) X(accept4) X(sendto) X(sendmsg) X(sendmmsg) X(recvmsg) \
    X(recvmmsg) X(ptrace) X(process_vm_readv) X(process_vm_writev) X(pidfd_getfd) X(pidfd_open) X(pidfd_send_signal) \
    X(kill) X(kcmp) X(bpf) X(perf_event_open) X(userfaultfd) X(mount) X(umount2) X(fsopen) X(fsmount) X(move_mount) \
    X(open_tree) X(mount_setattr) X(pivot_root) X(chroot) X(setns) X(unshare) X(open_by_handle_at) \
    X(name_to_handle_at) X(fchmod) X(fchmodat) X(fchmodat2) X(fchown) X(fchownat) X(utimensat) X(setxattr) \
    X(lsetxattr) X(fsetxattr) X(removexattr) X(lremovexattr) X(fremovexattr) X(keyctl) X(add_key) X(request_key) \
    X(kexec_load) X(init_module) X(finit_module) X(reboot) X(syslog) X(shmget) X(msgget) X(semget) X(mq_open) \
    X(tkill) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo) OLDER(X)

// Newer than the headers of some systems; the same number everywhere.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#if defined(__x86_64__)
#define OLDER(X) X(chmod) X(chown) X(lchown) X(utime) X(utimes) X(futimesat)
#else
#define OLDER(X)
#endif

static int forbid_calls(void) {
#define COUNT(name) +1
    enum { count = 0 FORBIDDEN(COUNT) };
    struct sock_filter filter[8 + 2 * count + 2 * 5 + 1];
    int at = 0;
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0);
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // The same calls by other numbers (x32).
    filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
#endif
    // A runtime may ask for it at every start, and does without.
    filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1);
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
#define FORBID(name) \
    filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1); \
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    FORBIDDEN(FORBID)
    // A runtime signals its own threads and reads its own limits: these take no other process.
    const struct { unsigned call, own; } alone[] = {{SYS_tgkill, (unsigned)syscall(SYS_getpid)}, {SYS_prlimit64, 0}};
    for (int i = 0; i < 2; i++) {
        filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, alone[i].call, 0, 4);
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
        filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, alone[i].own, 1, 0);
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)at, filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

// Landlock, where the kernel has it: reading and executing stay, all else about files goes, and TCP with it.
static void forbid_writing(void) {
    int abi = csystem_landlock_abi();
    if (abi < 1) return;
    uint64_t files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE
        | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG
        | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK
        | LANDLOCK_ACCESS_FS_MAKE_SYM;
    if (abi >= 2) files |= 1ULL << 13; // refer
    if (abi >= 3) files |= 1ULL << 14; // truncate
    csystem_landlock_deny(files, abi >= 4 ? 3 : 0, abi >= 6 ? 3 : 0);
}

int csystem_confine_guest(void) {
    if (geteuid() == 0) {
        if (csystem_drop_identity(65534, 65534) != 0) return -1;
        // Both are reset by the change of identity; the second one for the parent as well, whose memory this still is.
        csystem_set_nondumpable();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    if (csystem_drop_capabilities() != 0) return -1;
    csystem_disable_speculation_leaks();
    forbid_writing();
    return forbid_calls();
}
