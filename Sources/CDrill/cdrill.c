#define _GNU_SOURCE
#include "cdrill.h"
#include <stdlib.h>
#include <unistd.h>

long cdrill_call(long number, const long *a) {
    long result;
#if defined(__x86_64__)
    register long r10 __asm__("r10") = a[3];
    register long r8 __asm__("r8") = a[4];
    register long r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a[0];
    register long x1 __asm__("x1") = a[1];
    register long x2 __asm__("x2") = a[2];
    register long x3 __asm__("x3") = a[3];
    register long x4 __asm__("x4") = a[4];
    register long x5 __asm__("x5") = a[5];
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    result = x0;
#endif
    return result;
}

long cdrill_int80(long number) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "memory");
    return result;
#else
    return -1;
#endif
}

void cdrill_fault(int kind) {
    switch (kind) {
    case 0: *(volatile int *)8 = 1; break;
#if defined(__x86_64__)
    case 1: __asm__ volatile("int3"); break;
#endif
    case 2: __builtin_trap();
    default: abort();
    }
}
