// Runs a program on a kernel that seems to have no memfd_secret, or to lack another layer:
// `without-secret-memory [--lacking LAYER] PROGRAM ARGUMENT…`.
//
// Without memfd_secret secrets lie in memory that is only locked, which root can read, so that a test can see them where
// they belong. The program under test is the shipped one and knows nothing of this; its children inherit the kernel they
// see.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What a layer is asked for by, and how a kernel without it answers. The first two have these numbers everywhere.
static const struct { const char *layer; unsigned call; int any; unsigned first; int error; } layers[] = {
    {"secret_memory", 447, 1, 0, ENOSYS},
    {"landlock", 444, 1, 0, ENOSYS},
    {"no_executable_memory", SYS_prctl, 0, 65 /* PR_SET_MDWE */, EINVAL},
    {"speculation", SYS_prctl, 0, 53 /* PR_SET_SPECULATION_CTRL */, EINVAL},
};

int main(int count, char **arguments) {
    const char *layer = layers[0].layer;
    char **program = arguments + 1;
    if (count > 3 && strcmp(arguments[1], "--lacking") == 0) {
        layer = arguments[2];
        program = arguments + 3;
    }
    size_t number = 0;
    while (number < sizeof layers / sizeof *layers && strcmp(layers[number].layer, layer) != 0) number++;
    if (count < 2 || number == sizeof layers / sizeof *layers) return 2;
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, layers[number].call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | (layers[number].any ? BPF_JGE : BPF_JEQ) | BPF_K, layers[number].first, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | layers[number].error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof instructions / sizeof *instructions, instructions};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 3;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) return 4;
    execv(program[0], program);
    return 127;
}
