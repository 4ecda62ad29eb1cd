#pragma once

// Attacks that no wrapper of the C library makes.

/// A system call as it is, any number, six arguments, no wrapper. Returns the kernel's own result.
long cdrill_call(long number, const long *arguments);
/// A call through the 32-bit entry of an x86-64 kernel, its arguments all zero.
long cdrill_int80(long number);
/// Dies of a real fault, not of a sent signal: 0 segmentation, 1 breakpoint, 2 illegal instruction, 3 abort().
void cdrill_fault(int kind);
