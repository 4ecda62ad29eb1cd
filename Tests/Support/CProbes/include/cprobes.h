#pragma once
#include <stddef.h>
#include <sys/types.h>

// What the tests of the sandbox need below Swift's floor.

/// A system call as it is, any number, no wrapper. Returns the kernel's own result.
long cprobes_call(long number, const long *arguments);
/// getpid through the 32-bit entry of an x86-64 kernel.
long cprobes_int80(void);
/// Whether this kernel serves the 32-bit entry at all, tried in a child.
int cprobes_has_int80(void);
/// Dies of a real fault, not of a sent signal: 0 segmentation, 1 breakpoint, 2 illegal instruction, 3 abort().
void cprobes_fault(int kind);
/// Offset of the first `needle` in `bytes`, -1 for none.
ptrdiff_t cprobes_find(const void *bytes, size_t count, const void *needle, size_t length);

/// sendmsg with up to 16 descriptors.
ssize_t cprobes_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, size_t number);

/// Starts a process that traces `pid`: until `cprobes_release`, a death of `pid` cannot be reaped by its parent, as
/// that of a process in uninterruptible sleep cannot. Returns the holder's pid, or -1.
pid_t cprobes_hold(pid_t pid);
void cprobes_release(pid_t holder);
