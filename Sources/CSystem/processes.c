#define _GNU_SOURCE
#include "csystem.h"
#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int csystem_pidfd_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

static int wait_for(int pidfd, int *outcome, int options) {
    siginfo_t info = {0};
    int result;
    do result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED | WNOHANG | options);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    if (info.si_pid == 0) return 0;
    *outcome = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 1;
}

int csystem_pidfd_reap(int pidfd, int *outcome) { return wait_for(pidfd, outcome, 0); }

int csystem_pidfd_peek(int pidfd) {
    int outcome;
    return wait_for(pidfd, &outcome, WNOWAIT) == 1 ? outcome : -1;
}

static const struct { const char *path; int kind; } worlds[csystem_world_size] = {
    {"/proc/thread-self/ns/net", CLONE_NEWNET},
    {"/proc/thread-self/ns/ipc", CLONE_NEWIPC},
    {"/proc/thread-self/ns/uts", CLONE_NEWUTS},
    {"/proc/thread-self/ns/mnt", CLONE_NEWNS},
};

static int open_world(int world[csystem_world_size]) {
    int missing = 0;
    for (int i = 0; i < csystem_world_size; i++) {
        world[i] = open(worlds[i].path, O_RDONLY | O_CLOEXEC);
        if (world[i] < 0) missing = -1;
    }
    return missing;
}

static void close_world(const int world[csystem_world_size]) {
    for (int i = 0; i < csystem_world_size; i++) {
        if (world[i] >= 0) close(world[i]);
    }
}

static int enter_world(const int world[csystem_world_size]) {
    for (int i = 0; i < csystem_world_size; i++) {
        if (setns(world[i], worlds[i].kind) != 0) return -1;
    }
    return 0;
}

int csystem_make_world(int world[csystem_world_size]) {
    int home[csystem_world_size];
    int result = open_world(home);
    if (result == 0) result = unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS);
    if (result == 0) {
        csystem_prepare_mounts();
        result = open_world(world);
        if (result != 0) close_world(world);
        // A thread that cannot come home must not go on in a world without network.
        if (enter_world(home) != 0) abort();
    }
    close_world(home);
    return result;
}

struct child_order { const struct csystem_spawn *spawn; int failure; };

static void limit(int resource, rlim_t value) {
    struct rlimit current, wanted = {value, value};
    // A hard limit below the wanted one stays: only tightening is ever needed.
    if (getrlimit(resource, &current) == 0 && current.rlim_max < value) wanted.rlim_cur = wanted.rlim_max = current.rlim_max;
    setrlimit(resource, &wanted);
}

// Runs in the parent's memory until exec: only plain system calls, no allocation, no locks.
static int child(void *context) {
    struct child_order *order = context;
    const struct csystem_spawn *spawn = order->spawn;
    for (int number = 1; number < 65; number++) {
        if (number != SIGKILL && number != SIGSTOP && number != 32 && number != 33) signal(number, SIG_DFL);
    }
    setsid();
    if (spawn->world && enter_world(spawn->world) != 0) {
        order->failure = errno;
        _exit(127);
    }
    // Move both out of the way of 0-3 before those are filled.
    int executable = fcntl(spawn->executable, F_DUPFD, 16);
    int channel = fcntl(spawn->channel, F_DUPFD, 16);
    int more[csystem_most_descriptors];
    for (int i = 0; i < spawn->more_count; i++) more[i] = fcntl(spawn->more[i], F_DUPFD, 16);
    // A worker has no voice but its channel: what a crash prints goes nowhere.
    int null = open("/dev/null", O_RDWR);
    if (executable < 0 || channel < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0
        || dup2(channel, 3) < 0) {
        order->failure = errno;
        _exit(127);
    }
    int program = 4 + spawn->more_count;
    for (int i = 0; i < spawn->more_count; i++) {
        if (more[i] < 0 || dup2(more[i], 4 + i) < 0) {
            order->failure = errno;
            _exit(127);
        }
    }
    // The interpreter of a guest that is a script opens it by its descriptor.
    if (dup2(executable, program) < 0 || (!spawn->is_guest && fcntl(program, F_SETFD, FD_CLOEXEC) < 0)
        || syscall(SYS_close_range, program + 1u, ~0u, 0u) < 0) {
        order->failure = errno;
        _exit(127);
    }
    struct rlimit lockable;
    if (getrlimit(RLIMIT_MEMLOCK, &lockable) == 0) {
        lockable.rlim_cur = lockable.rlim_max;
        setrlimit(RLIMIT_MEMLOCK, &lockable);
    }
    // exec makes a guest dumpable again. One byte is too little for a core, and tells the kernel to start no program that
    // takes cores, which it does at 0.
    limit(RLIMIT_CORE, spawn->is_guest ? 1 : 0);
    // It counts all that a user runs, and a guest may have threads.
    if (!spawn->is_guest) limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_NOFILE, spawn->is_guest ? 128 : 16);
    limit(RLIMIT_FSIZE, spawn->file_size);
    limit(RLIMIT_AS, spawn->address_space);
    if (spawn->is_guest) limit(RLIMIT_DATA, spawn->guest_memory);
    limit(RLIMIT_CPU, spawn->cpu_seconds);
    // The signal belongs to the spawning thread, which lives as long as the process. A parent that died before
    // this line closed the channel, and the worker ends at its first read.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (spawn->is_guest && csystem_confine_guest() != 0) {
        order->failure = errno;
        _exit(127);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    syscall(SYS_execveat, program, "", spawn->arguments, spawn->environment, AT_EMPTY_PATH);
    order->failure = errno;
    _exit(127);
}

pid_t csystem_spawn(const struct csystem_spawn *spawn, int *pidfd) {
    if (spawn->more_count > csystem_most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    // The child runs on this while we wait for its exec.
    char stack[64 * 1024] __attribute__((aligned(16)));
    struct child_order order = {spawn, 0};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    if (spawn->world) flags |= CLONE_NEWPID;
    pid_t pid = clone(child, stack + sizeof stack, flags, &order, pidfd);
    int failure = pid < 0 ? errno : order.failure;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid >= 0 && order.failure != 0) {
        int outcome;
        while (csystem_pidfd_reap(*pidfd, &outcome) == 0) {}
        close(*pidfd);
        pid = -1;
    }
    errno = failure;
    return pid;
}
