#define _GNU_SOURCE
#include "csystem.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

// The build writes the worker's SHA-256 over this section of the linked node. Volatile: the compiler must not know it.
__attribute__((section("worker_measure"), used)) static const volatile uint8_t measurement[32] = {0};

void csystem_worker_sha256(uint8_t digest[32]) {
    for (int i = 0; i < 32; i++) digest[i] = measurement[i];
}

// Nobody else may have a page of it then, and for a moment the kernel itself can: EBUSY, after a wait of its own.
static int seal(int copy) {
    int result, attempts = 20;
    do result = fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    while (result != 0 && errno == EBUSY && --attempts > 0);
    return result;
}

int csystem_sealed_copy(int file, const char *name) {
    const unsigned executable = 0x10; // MFD_EXEC, Linux 6.3; older kernels refuse the flag and need none.
    int copy = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | executable);
    if (copy < 0 && errno == EINVAL) copy = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -1;
    ssize_t some;
    do some = sendfile(copy, file, NULL, 1 << 24);
    while (some > 0 || (some < 0 && errno == EINTR));
    if (some == 0 && seal(copy) == 0) return copy;
    int failure = errno;
    close(copy);
    errno = failure;
    return -1;
}
