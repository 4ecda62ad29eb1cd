internal import Glibc

/// Whose a file is, and who may do what with it; read without opening it.
struct FileRights {
    enum Kind { case file, folder, other }

    let kind: Kind
    let owner: uid_t
    let mode: mode_t
    let size: Int

    /// Nil where there is nothing. A link is not followed: `other`.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        kind = status.st_mode & S_IFMT == S_IFREG ? .file : status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
        owner = status.st_uid
        mode = status.st_mode & 0o777
        size = Int(status.st_size)
    }

    /// Others than the owner may change it.
    var isWritableByOthers: Bool { mode & 0o022 != 0 }
    /// Others than the owner may read it.
    var isReadableByOthers: Bool { mode & 0o044 != 0 }

    /// What is wrong with the owner, if anything. Root may look at a node that runs as another user.
    func strangeOwner(_ check: Check.Name, _ path: String, user: uid_t = geteuid()) -> Finding? {
        guard owner != user else { return nil }
        if user == 0 {
            return Finding(
                check, about: path, .warn, "\(path) belongs to user \(owner).",
                next: "Run doctor as the user that runs the node.")
        }
        return Finding(
            check, about: path, .fail, "\(path) belongs to user \(owner), and you are user \(user).",
            next: "Run: chown \(user) \(path) — or run doctor as the user that runs the node.")
    }
}
