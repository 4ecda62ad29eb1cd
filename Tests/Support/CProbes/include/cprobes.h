#pragma once
#include <stddef.h>

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
