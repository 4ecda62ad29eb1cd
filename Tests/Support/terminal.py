#!/usr/bin/env python3
"""Runs a program at a terminal of its own, answers its questions in their order, and prints all that the terminal showed:
terminal.py ANSWERS PROGRAM ARGUMENT…, the answers in lines"""

import os
import pty
import sys

lines, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown, answers = b"", lines.split("\n")
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    # A question waits behind its colon or bracket; lines end otherwise.
    if answers and shown.rstrip(b" ").endswith((b":", b")", b"]")):
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
