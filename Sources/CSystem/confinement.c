#define _GNU_SOURCE
#include "csystem.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int csystem_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }
int csystem_set_nondumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
int csystem_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
int csystem_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }
// PR_SET_MDWE with PR_MDWE_REFUSE_EXEC_GAIN, Linux 6.3.
int csystem_deny_executable_memory(void) { return prctl(65, 1, 0, 0, 0); }
int csystem_disable_speculation_leaks(void) {
    return prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_FORCE_DISABLE, 0, 0);
}

static void drop_bounding_set(void) {
    for (int capability = 0; capability <= 63; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
    }
}

static int keep_mounts_apart(void) { return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); }

// A folder that every /proc has and that nobody behind the walls needs.
static const char empty_root[] = "/proc/fs";

void csystem_prepare_mounts(void) {
    // What is mounted while they are mirrored would be mounted outside, too.
    if (keep_mounts_apart() != 0) return;
    mount("none", empty_root, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1,mode=555");
}

int csystem_enter_empty_root(void) {
    struct statfs info;
    // Not the folder itself, where nothing could be mounted over it.
    if (statfs(empty_root, &info) != 0 || info.f_type != TMPFS_MAGIC) return -1;
    return chroot(empty_root) == 0 && chdir("/") == 0 ? 0 : -1;
}

int csystem_unshare_namespaces(void) {
    int result = unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS);
    if (result == 0) csystem_prepare_mounts();
    return result;
}

int csystem_drop_identity(uid_t user, gid_t group) {
    // Needs CAP_SETPCAP, which goes with the identity.
    drop_bounding_set();
    // The raw calls: glibc's wrappers signal other threads, which the worker does not have.
    if (syscall(SYS_setgroups, 0, NULL) != 0) return -1;
    if (syscall(SYS_setresgid, group, group, group) != 0) return -1;
    return (int)syscall(SYS_setresuid, user, user, user);
}

int csystem_drop_capabilities(void) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    return (int)syscall(SYS_capset, &header, none);
}

int csystem_landlock_abi(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int csystem_landlock_deny(uint64_t files, uint64_t network, uint64_t scopes) {
    // A kernel takes a shorter struct of an older ABI, and a longer one only if the rest is zero.
    struct { uint64_t files, network, scopes; } rights = {files, network, scopes};
    size_t size = scopes ? 24 : network ? 16 : 8;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
    if (ruleset < 0) return -1;
    int result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return result;
}
