#pragma once
#include <stddef.h>

/// The first of several needles in `bytes`, looked for together: its number is returned, -1 for none, its place left in
/// `offset`. They lie one behind the other, each as long as `lengths` has it and none shorter than two bytes. The search
/// begins at `offset`, there with the needle of number `first`.
ptrdiff_t cneedles_find(
    const void *bytes, size_t count, const void *needles, const size_t *lengths, size_t number, size_t *offset,
    size_t first);
