#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What `import Glibc` hides: variadic calls, function-like macros and calls newer than its headers.
// Every function returns -1 and sets errno on failure unless it says otherwise.

/// Wipes memory in a way the optimiser may not drop.
void csystem_wipe(void *bytes, size_t count);
/// Overwrites the 64 KiB of this thread's stack below the caller, where earlier calls may have left copies.
void csystem_wipe_stack(void);

/// Fills `bytes` from the kernel's random generator; waits until it is seeded, never fails.
void csystem_random(void *bytes, size_t count);

int csystem_memfd_secret(void);
/// Gives back what only the start needed: free heap, and pages of program text, which come again from the page cache.
void csystem_release_startup_memory(void);

/// How many bytes this user may lock (hard limit).
uint64_t csystem_memory_lock_limit(void);
int csystem_close_range(unsigned first, unsigned last);
int csystem_set_nondumpable(void);
int csystem_set_no_new_privileges(void);
int csystem_deny_executable_memory(void);
int csystem_disable_speculation_leaks(void);
/// Own user, net, ipc, uts and mount namespaces, for a process that is not root. The last has an empty root prepared.
int csystem_unshare_namespaces(void);
/// In a new mount namespace: mounts made or removed later, here or outside, are not mirrored, and there is an empty file
/// system. Where the kernel refuses the first, they may be, and there is none.
void csystem_prepare_mounts(void);
/// Makes it the root folder of this process; -1 where none is prepared. Nothing below the old one has a name then.
int csystem_enter_empty_root(void);
int csystem_drop_identity(uid_t user, gid_t group);
int csystem_drop_capabilities(void);
int csystem_set_parent_death_signal(int signal);

/// The kernel's Landlock ABI version, or -1 where there is none.
int csystem_landlock_abi(void);
/// Denies these file system, TCP and scope rights everywhere, for good. Needs no_new_privs. Masks of an ABI that the
/// kernel does not have must be 0.
int csystem_landlock_deny(uint64_t files, uint64_t network, uint64_t scopes);

/// sendmsg/recvmsg with at most one descriptor. `*descriptor` is -1 where none came.
ssize_t csystem_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);
ssize_t csystem_receive_descriptor(int socket, void *bytes, size_t count, int *descriptor);

int csystem_pidfd_signal(int pidfd, int signal);
/// Waits for the process behind `pidfd`; stores the exit code, or 128 + the signal that ended it. No hang.
/// Returns 1 when it was reaped, 0 when it still runs.
int csystem_pidfd_reap(int pidfd, int *outcome);

/// The same outcome without reaping, once the process has ended; -1 while it runs.
int csystem_pidfd_peek(int pidfd);

/// A copy of a file in memory that nobody can change any more, not even root; executable by its descriptor.
int csystem_sealed_copy(int file, const char *name);
/// The SHA-256 of the worker this node was built with; all zero where the build did not write it.
void csystem_worker_sha256(uint8_t digest[32]);

/// How many kinds of namespaces all workers share: net, ipc, uts, mount.
enum { csystem_world_size = 4 };
/// Makes one new namespace of each kind (the network has no connection) and stores their descriptors; this thread goes
/// back where it was, but no longer shares its working directory. Root only.
int csystem_make_world(int world[csystem_world_size]);

enum { csystem_most_descriptors = 4 };

struct csystem_spawn {
    int executable;          ///< open descriptor of the program; it is executed by this descriptor
    char *const *arguments;
    char *const *environment;
    int channel;             ///< becomes descriptor 3 of the child; 0-2 are /dev/null
    const int *more;         ///< become descriptors 4, 5 and so on
    int more_count;          ///< at most csystem_most_descriptors
    /// The program is not ours and builds no walls of its own: it gets those that it can live in before its first
    /// instruction. It may have threads, and read files.
    int is_guest;
    uint64_t address_space;  ///< RLIMIT_AS in bytes
    uint64_t guest_memory;   ///< RLIMIT_DATA of a guest in bytes: what it may write to, of what it has reserved
    uint64_t file_size;      ///< RLIMIT_FSIZE in bytes; the child lowers it to 0 itself
    uint64_t cpu_seconds;
    const int *world;        ///< namespaces of `csystem_make_world` to enter, beside an own pid namespace; or NULL
};
/// Starts a confined child. Signals are blocked around the call. Returns the pid and stores a pidfd.
pid_t csystem_spawn(const struct csystem_spawn *order, int *pidfd);
