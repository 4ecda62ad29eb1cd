internal import Drill
internal import Glibc
internal import Shared
internal import Worker

/// A worker that has been taken over. It builds the walls of the real one, with the same code, says `ready`, waits for the
/// first bytes of a job, and then attacks as its second argument says (`DrillScript`). It serves no job.
///
/// `blindference-drill alone LAYER SCRIPT` makes the same attack with one layer only, or with `none`: what is refused
/// there, too, would prove nothing about the walls. `blindference-drill beside UID GID SCRIPT` makes it as that user,
/// without any layer, and is over in seconds.
///
/// Run with no argument at all it is the prey of a setuid attack: it says whether it has become root.
@main
struct BlindferenceDrill {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count <= 1 { _exit(geteuid() == 0 ? DrillStatus.survived : EPERM) }
        guard let script = arguments.last.flatMap(DrillScript.init(parsing:)) else { _exit(DrillStatus.notUnderstood) }
        // Prepared before the walls stand, so that nothing but the attack meets the filter.
        var canary = [UInt8](repeating: 0, count: 4096)
        canary.withUnsafeMutableBytes { canary in
            let attack = PreparedAttack(script, canary: UnsafeRawBufferPointer(canary))
            if arguments.count == 4, arguments[1] == "alone" {
                LoneLayer.build(arguments[2])
            } else if arguments.count == 5, arguments[1] == "beside" {
                become(uid_t(arguments[2]), gid_t(arguments[3]))
                alarm(10)
            } else if arguments.count == 3, let prompt = Int(arguments[1]) {
                confine(prompt, attack, canary)
            } else {
                _exit(DrillStatus.notUnderstood)
            }
            _exit(attack.run())
        }
    }

    private static func become(_ user: uid_t?, _ group: gid_t?) {
        if geteuid() == 0 { setgroups(0, nil) }
        guard let user, let group, setgid(group) == 0, setuid(user) == 0 else {
            _exit(DrillStatus.notUnderstood)
        }
    }

    /// The walls, `ready`, and the first bytes of a job.
    private static func confine(_ prompt: Int, _ attack: PreparedAttack, _ canary: UnsafeMutableRawBufferPointer) {
        let sandbox: Sandbox
        do {
            sandbox = try Sandbox(
                arenaCapacity: JobLimits(prompt: prompt).arena, trustFile: nil, rules: attack.rules)
        } catch { _exit(error.rawValue) }
        let ready = FrameHeader(.ready, fields: sandbox.readyFields).encoded()
        guard ready.withUnsafeBytes({ write(3, $0.baseAddress, $0.count) }) == ready.count,
            read(3, canary.baseAddress, canary.count) > 0
        else { _exit(DrillStatus.noChannel) }
    }
}
