#pragma once

/// Walls around a program that is not ours, made in the child before its exec: no identity of root, no way to write a
/// file, no socket, no look into other processes. Plain system calls alone. Returns -1 and sets errno on failure.
int csystem_confine_guest(void);
