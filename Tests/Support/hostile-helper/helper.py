#!/usr/bin/env python3
"""A helper that was taken over: tries what it must not be able to do, and tells its worker what came of it."""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)


def system_call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def attempt(body):
    """In a child: the walls may end whoever touches them."""
    pid = os.fork()
    if pid == 0:
        try:
            body()
            os._exit(0)
        except OSError:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGSYS else f"signal {os.WTERMSIG(status)}"
    return "refused" if os.WEXITSTATUS(status) else "done"


def status(name):
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith(name + ":"))


def open_for_writing(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


key = b""
while len(key) < 32:
    key += os.read(3, 32 - len(key))
# The listing has one of its own, which is gone afterwards.
descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))
descriptors = [number for number in descriptors if os.path.exists(f"/proc/self/fd/{number}")]
here = os.path.realpath("/proc/self/fd/6")
# A process of the same user, whose number lies beside this program.
with open(os.path.join(os.path.dirname(here), "prey")) as file:
    prey = file.read()
attempts = {
    "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close(),
    "write file": lambda: open_for_writing("/tmp/blindference-hostile"),
    "make folder": lambda: os.mkdir("/tmp/blindference-hostile-folder"),
    "write over itself": lambda: open_for_writing(here),
    "ptrace": lambda: system_call(101, 0, 0, 0, 0),
    "io_uring": lambda: system_call(425, 1, ctypes.create_string_buffer(256)),
    "keyring": lambda: system_call(250, 0, -3, 0, 0, 0),
    "mount": lambda: system_call(165, b"none", b"/tmp", b"tmpfs", 0, None),
    "change mode": lambda: os.chmod(here, 0o777),
    "change mode again": lambda: system_call(452, -100, here.encode(), 0o777, 0),
    "change owner": lambda: os.chown(here, -1, -1),
    "change times": lambda: os.utime(here),
    "become root": lambda: os.setuid(0),
    "much memory": lambda: mmap.mmap(-1, 5 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close(),
    "signal others": lambda: os.kill(-1, 0),
    "signal a thread": lambda: system_call(234, 999999, 999999, 0),
    "limits of others": lambda: system_call(302, 999999, 7, None, ctypes.create_string_buffer(16)),
    "another's memory": lambda: os.close(os.open(f"/proc/{prey}/mem", os.O_RDONLY)),
}
report = {name: attempt(body) for name, body in attempts.items()} | {
    "arguments": sys.argv[1:],
    "descriptors": descriptors,
    "environment": sorted(name for name in os.environ if name != "LC_CTYPE"),
    "user": os.getuid(),
    "new privileges": int(status("NoNewPrivs")),
    "filter": int(status("Seccomp")),
    "capabilities": int(status("CapEff"), 16),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
}
text = json.dumps(report).encode()
os.write(3, struct.pack(">I", len(text)) + text)
