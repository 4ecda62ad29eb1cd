#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What the tests of the sandbox need below Swift's floor.

/// Whether this kernel serves the 32-bit entry at all, tried in a child.
int cprobes_has_int80(void);
/// Takes the clock's data away from the vDSO, as a kernel does whose clock only the kernel can read: from now on reading
/// the time is a system call. Returns 0 when done.
int cprobes_hide_clock(void);
/// Whether the 64 KiB of stack below the caller's frame hold `needle`: what calls that have returned left behind.
int cprobes_left_on_stack(const void *needle, size_t length);

/// sendmsg with up to 16 descriptors.
ssize_t cprobes_send_descriptors(int socket, const void *bytes, size_t count, const int *descriptors, size_t number);

/// Starts a process that traces `pid`: until `cprobes_release`, a death of `pid` cannot be reaped by its parent, as
/// that of a process in uninterruptible sleep cannot. Returns the holder's pid, or -1.
pid_t cprobes_hold(pid_t pid);
void cprobes_release(pid_t holder);

/// Has the kernel page out this part of another process's memory. Returns 0, or the error number of its refusal.
int cprobes_page_out(pid_t pid, uintptr_t start, size_t count);
