/// Every attack of the drill. `make security` makes them all on the builder's machine, `doctor --drill` on the operator's.
package enum DrillCatalogue {
    package static let attacks =
        files + network + processes + privileges + resources + executableMemory + kernel + olderCalls + onWorkers

    // Error numbers, the same on every architecture. Not imported, for this list belongs to no system.
    private static let notPermitted: Int32 = 1
    private static let notFound: Int32 = 2
    private static let noProcess: Int32 = 3
    private static let tryAgain: Int32 = 11
    private static let noMemory: Int32 = 12
    private static let denied: Int32 = 13
    private static let invalid: Int32 = 22
    private static let tooManyFiles: Int32 = 24
    private static let fileTooBig: Int32 = 27
    private static let unreachable: Int32 = 101
    private static let connectionRefused: Int32 = 111
    private static let fileSizeSignal: Int32 = 128 + 25
    private static let killedSignal: Int32 = 128 + 9

    private static let landlock = [DrillStop(.landlock, denied)]
    /// Landlock leaves names and properties open.
    private static let name = [DrillStop(.emptyRoot, notFound)]
    private static let file = name + landlock
    /// A worker that has changed its identity may start no program: its new user has a process too many.
    private static let execution = [DrillStop(.limits, tryAgain)] + file
    private static let hardLimit = [DrillStop(.limits, notPermitted)]
    private static let capabilities = [DrillStop(.capabilities, notPermitted)]
    /// Landlock has nothing to say about these: a process that is seen is reached.
    private static let unseenProcess = [DrillStop(.namespaces, noProcess)]
    /// A process that cannot be seen; where the kernel gives no namespace, Landlock's scope.
    private static let foreignProcess = [DrillStop(.namespaces, noProcess), DrillStop(.landlock, notPermitted)]

    private static let files = [
        DrillAttack("open a file", "openat -100 @/etc/passwd 0", behind: file),
        DrillAttack("open a file by openat2", "openat2 -100 @/etc/passwd ?24 24", behind: file),
        DrillAttack("open a file of /proc", "openat -100 @/proc/version 0", behind: file),
        DrillAttack("open a device", "openat -100 @/dev/zero 0", behind: file),
        DrillAttack("list a folder", "openat -100 @{folder} 65536", behind: file),
        DrillAttack("write a new file", "openat -100 @{folder}/loot 65 438; write $ ! 64", behind: file),
        DrillAttack("write into a file", "openat -100 @{folder}/prize 1; write $ ! 64", behind: file),
        DrillAttack("truncate a file", "truncate @{folder}/prize 0", behind: file),
        DrillAttack("rename a file", "renameat2 -100 @{folder}/prize -100 @{folder}/loot 0", behind: file),
        DrillAttack("link a file", "linkat -100 @{folder}/prize -100 @{folder}/loot 0", behind: file),
        DrillAttack("remove a file", "unlinkat -100 @{folder}/prize 0", behind: file),
        DrillAttack("make a folder", "mkdirat -100 @{folder}/loot 511", behind: file),
        DrillAttack("make a symbolic link", "symlinkat @/etc/passwd -100 @{folder}/loot", behind: file),
        DrillAttack("make a pipe file", "mknodat -100 @{folder}/loot 4534", behind: file),
        DrillAttack(
            "make a socket file", "socket 1 1 0; bind $ %{socketFile} {socketFileLength}", behind: file),
        DrillAttack("look at a file", "newfstatat -100 @/etc/shadow ?144 0", behind: name),
        DrillAttack("look at a mounted file system", "statfs @/proc ?120", behind: name),
        DrillAttack("execute a program", "execve @/bin/true 0 0", behind: execution),
        DrillAttack("execute a program that runs as root", "execve @/bin/mount 0 0", behind: execution),
        DrillAttack("execute a program by execveat", "execveat -100 @/bin/true 0 0 0", behind: execution),
    ]

    private static let network = [
        DrillAttack("open a socket", "socket 2 1 0"),
        DrillAttack("make a pair of sockets", "socketpair 1 1 0 ?8"),
        DrillAttack("send on the channel by sendto", "sendto 3 ! 64 0 0 0"),
        DrillAttack("send on the channel by sendmsg", "sendmsg 3 ?56 0"),
        DrillAttack("accept a connection", "accept4 3 0 0 0"),
        DrillAttack("connect by TCP", "socket 2 1 0; connect $ %{tcp} 16", behind: landlock),
        DrillAttack("serve by TCP", "socket 2 1 0; bind $ %02000000000000000000000000000000 16", behind: landlock),
        DrillAttack(
            "send the secret by UDP", "socket 2 2 0; sendto $ ! 64 0 %{udp} 16",
            behind: [DrillStop(.namespaces, unreachable)]),
        DrillAttack(
            "connect to an abstract socket", "socket 1 1 0; connect $ %{abstract} {abstractLength}",
            behind: [DrillStop(.namespaces, connectionRefused), DrillStop(.landlock, notPermitted)]),
        DrillAttack("make packets", "socket 17 3 0", behind: capabilities),
    ]

    /// What moves eight bytes from one process to another: a local and a remote `iovec`.
    private static let vectors = "%00100000000000000800000000000000 1 %00100000000000000800000000000000 1 0"

    private static let processes = [
        DrillAttack("signal a process", "kill {prey} 0", behind: foreignProcess),
        DrillAttack("signal a thread", "tgkill {prey} {prey} 0", behind: foreignProcess),
        DrillAttack("trace a process", "ptrace 16902 {prey} 0 0", behind: foreignProcess),
        DrillAttack("read a process's memory", "process_vm_readv {prey} \(vectors)", behind: foreignProcess),
        DrillAttack("write a process's memory", "process_vm_writev {prey} \(vectors)", behind: foreignProcess),
        DrillAttack("read a process's limits", "prlimit64 {prey} 7 0 ?16", behind: unseenProcess),
        DrillAttack("hold a process", "pidfd_open {prey} 0", behind: unseenProcess),
        DrillAttack("take a process's descriptor", "pidfd_getfd 3 0 0"),
        DrillAttack(
            "map another's shared memory", "shmget {segment} 0 0", behind: [DrillStop(.namespaces, notFound)]),
    ]

    private static let onWorkers = [
        onWorker("trace a worker", "ptrace 16902 {worker} 0 0"),
        onWorker("read a worker's memory", "process_vm_readv {worker} \(vectors)"),
        onWorker("write a worker's memory", "process_vm_writev {worker} \(vectors)"),
        onWorker("open a worker's memory", "openat -100 @/proc/{worker}/mem 0", denied),
        onWorker("take a worker's descriptor", "pidfd_open {worker} 0; pidfd_getfd $ 0 0"),
    ]

    /// No filter stands in the way of a process that is none of ours.
    private static func onWorker(_ name: String, _ script: String, _ status: Int32 = notPermitted) -> DrillAttack {
        DrillAttack(name, script, isFiltered: false, behind: [DrillStop(.notDumpable, status)])
    }

    private static let privileges = [
        // A user namespace of one's own has no root to become.
        DrillAttack(
            "become root", "setresuid 0 0 0", behind: capabilities + [DrillStop(.namespaces, invalid)]),
        DrillAttack("become root by setuid", "setuid 0", behind: capabilities + [DrillStop(.namespaces, invalid)]),
        DrillAttack(
            "take back a capability",
            "capset %2205082000000000 %010000000100000000000000000000000000000000000000", behind: capabilities),
        DrillAttack("change the root folder", "chroot @/", behind: capabilities),
        DrillAttack("rename the host", "sethostname @a 1", behind: capabilities),
        DrillAttack("mount a file system", "mount @none @{folder} @tmpfs 0 0"),
        DrillAttack("list the mounts", "#458 %2000000000000000\(String(repeating: "0", count: 32)) ?64 8 0"),
        DrillAttack("a user namespace", "unshare 268435456"),
        DrillAttack("enter a namespace", "setns 3 0"),
        DrillAttack("become dumpable", "prctl 4 1"),
        DrillAttack("another filter", "seccomp 1 0 0"),
        DrillAttack("another personality", "personality 262144"),
    ]

    private static let resources = [
        DrillAttack("start a process", "clone 17 0 0 0 0", behind: [DrillStop(.limits, tryAgain)]),
        DrillAttack("start a process by clone3", "clone3 0 0"),
        DrillAttack(
            "write into a file in memory", "memfd_create @a 0; write $ ! 64",
            behind: [DrillStop(.limits, fileTooBig), DrillStop(.limits, fileSizeSignal)]),
        DrillAttack(
            "hold many descriptors", Array(repeating: "dup 3", count: 13).joined(separator: "; "),
            behind: [DrillStop(.limits, tooManyFiles)]),
        DrillAttack(
            "raise an own limit", "prlimit64 0 7 %40000000000000004000000000000000 0", behind: hardLimit),
        DrillAttack(
            "take all memory", "mmap 0 1073741824 0 34 -1 0", isFiltered: false,
            behind: [DrillStop(.limits, noMemory)]),
        DrillAttack(
            "think without end", "spin", isFiltered: false, behind: [DrillStop(.limits, killedSignal)]),
        DrillAttack("grow a block in place", "mremap 0 4096 8192 1"),
        DrillAttack("wait on a futex", "futex ?4 0 7 0"),
        DrillAttack("wake others on a futex", "futex ?4 1 1"),
    ]

    private static let executableMemory = [
        DrillAttack(
            "make memory executable", "mmap 0 4096 3 34 -1 0; mprotect $ 4096 5",
            behind: [DrillStop(.executableMemory, denied)]),
        DrillAttack(
            "make memory executable by a key", "mmap 0 4096 3 34 -1 0; pkey_mprotect $ 4096 5 -1",
            behind: [DrillStop(.executableMemory, denied)]),
        DrillAttack(
            "map writable and executable memory", "mmap 0 4096 7 34 -1 0",
            behind: [DrillStop(.executableMemory, denied)]),
        DrillAttack("map executable memory", "mmap 0 4096 5 34 -1 0"),
    ]

    private static let kernel = [
        DrillAttack("submit a ring", "io_uring_setup 8 ?120"),
        DrillAttack("enter a ring", "io_uring_enter 0 1 0 0 0"),
        DrillAttack("load a program into the kernel", "bpf 5 ?128 128", behind: capabilities),
        DrillAttack("look into a keyring", "keyctl 0 -3 0"),
        DrillAttack("add a key", "add_key @user @a ! 64 -4"),
        DrillAttack("watch events", "perf_event_open ?128 0 -1 -1 0"),
        DrillAttack("serve page faults", "userfaultfd 0"),
        DrillAttack("control a device", "ioctl 0 21505 0"),
        DrillAttack("change a descriptor", "fcntl 3 0 0"),
        DrillAttack("copy a descriptor", "dup3 3 0 0"),
        DrillAttack("receive on another descriptor", "recvmsg 0 0 0"),
        DrillAttack("a number that no kernel has", "#100000"),
        DrillAttack("a negative number", "#-1"),
    ]

    #if arch(x86_64)
        /// Calls and entries that only this architecture has.
        private static let olderCalls = [
            DrillAttack("open", "open @/etc/passwd 0", behind: file),
            DrillAttack("creat", "creat @{folder}/loot 438", behind: file),
            DrillAttack("unlink", "unlink @{folder}/prize", behind: file),
            DrillAttack("fork", "fork", behind: [DrillStop(.limits, tryAgain)]),
            DrillAttack("vfork", "vfork", behind: [DrillStop(.limits, tryAgain)]),
            DrillAttack("dup2", "dup2 3 0"),
            DrillAttack("setrlimit", "setrlimit 7 %40000000000000004000000000000000", behind: hardLimit),
            DrillAttack("getpid through x32", "#1073741863"),
            DrillAttack("read through x32", "#1073741824 3 0 0"),
            DrillAttack("execve through x32", "#1073742344 0 0 0"),
        ]
    #else
        private static let olderCalls: [DrillAttack] = []
    #endif
}
