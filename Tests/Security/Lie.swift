import Shared
import Testing

/// One way in which a worker can break the channel's rules, as the lying worker's script, and how its job must end.
struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let script: String
    let role: JobMachine.Role
    let end: JobFailure

    init(_ name: String, _ steps: [String], as role: JobMachine.Role = .leader, _ end: JobFailure) {
        testDescription = name
        script = (["send " + Lie.ready] + steps).joined(separator: "\n")
        self.role = role
        self.end = end
    }

    static let ready = #"{"kind":"ready","body":0,"landlock":0,"arena":"none"}"#
    private static let hash = String(repeating: "ab", count: 32)
    private static let sealingKey = "send " + #"{"kind":"sealingKey","body":0,"public":"\#(hash)"}"#
    static let connect = #"send {"kind":"connect","body":0,"endpoint":"model"}"#
    private static let encryption = #"send {"kind":"connect","body":0,"endpoint":"encryption"}"#
    private static let verdict = #"send {"kind":"output","body":0,"exposureMicroseconds":1,"innerHash":"\#(hash)"}"#
    private static let answer = [
        #"send {"kind":"output","body":64,"exposureMicroseconds":1,"innerHash":"\#(hash)"}"#, "bytes 64",
    ]
    private static func outputKey(_ high: String, _ low: String) -> String {
        #"send {"kind":"outputKey","body":0,"high":"\#(high)","low":"\#(low)"}"#
    }

    /// The job's order has come.
    static let ordered = ["take"]
    /// Key halves and prompt have come, and the job is claimed.
    static let working = ordered + [sealingKey, "take"]
    private static let answered = working + answer

    /// What no frame may look like, at any point of a job.
    private static let malformed: [(name: String, steps: [String], end: JobFailure)] = [
        ("a header longer than any may be", ["hex 00010001"], .workerMisbehaved),
        ("a header of four gigabytes", ["hex ffffffff", "repeat bytes 4096"], .workerMisbehaved),
        ("a header of nothing", ["hex 00000000"], .workerMisbehaved),
        ("a header that is no JSON", ["send kind=output"], .workerMisbehaved),
        ("a header that is not UTF-8", ["hex 00000004", "hex 7b22ff7d"], .workerMisbehaved),
        ("a thousand arrays in each other", ["send " + String(repeating: "[", count: 1000)], .workerMisbehaved),
        (
            "objects in each other to the last level",
            [
                #"send {"kind":"output","body":0,"x":\#(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))}"#
            ],
            .workerMisbehaved
        ),
        (
            "a body's length beyond any integer",
            [#"send {"kind":"output","body":1\#(String(repeating: "0", count: 400))}"#], .workerMisbehaved
        ),
        ("a body's length with an exponent", [#"send {"kind":"output","body":1e9}"#], .workerMisbehaved),
        ("a negative length", [#"send {"kind":"output","body":-1}"#], .workerMisbehaved),
        (
            "a body larger than any may be", [#"send {"kind":"output","body":1048605}"#, "repeat bytes 4096"],
            .workerMisbehaved
        ),
        ("the same key twice", [#"send {"kind":"output","kind":"connect","body":0}"#], .workerMisbehaved),
        ("an unknown kind", [#"send {"kind":"shell","body":0}"#], .workerMisbehaved),
        ("a frame that only a supervisor sends", [#"send {"kind":"done","body":0}"#], .workerMisbehaved),
        ("ready again", ["send " + ready], .workerMisbehaved),
        ("ready without end", ["repeat send " + ready], .workerMisbehaved),
        ("bytes without end", ["repeat bytes 4096"], .workerMisbehaved),
        (
            "a failure with a code that does not exist", [#"send {"kind":"failed","body":0,"code":"because"}"#],
            .workerMisbehaved
        ),
        (
            "a failure that only the supervisor can know", [#"send {"kind":"failed","body":0,"code":"interrupted"}"#],
            .workerMisbehaved
        ),
        ("half a length", ["hex 0000"], .workerTimedOut),
        ("half a header", ["hex 00000020", #"bytes 8"#], .workerTimedOut),
        ("half a frame, then the end", ["hex 00000020", "exit"], .workerCrashed),
        ("the end of the channel, and life without it", ["hangup", "spin"], .workerMisbehaved),
        // The filter lets no worker send a message, so it dies of SIGSYS.
        ("a descriptor beside a frame", ["descriptor"], .workerCrashed),
    ]

    private static let early: [Lie] = [
        Lie("no sealing key at all", ordered, .workerTimedOut),
        Lie("no sealing key, and signals blocked in a busy loop", ordered + ["spin"], .workerTimedOut),
        Lie("an answer before the prompt", ordered + answer, .workerMisbehaved),
        Lie("a connection before the prompt", ordered + [connect], .workerMisbehaved),
        Lie(
            "a sealing key that is too short", ordered + [#"send {"kind":"sealingKey","body":0,"public":"abab"}"#],
            .workerMisbehaved),
        Lie(
            "a sealing key that is no text", ordered + [#"send {"kind":"sealingKey","body":0,"public":7}"#],
            .workerMisbehaved),
        Lie(
            "a sealing key that is no number",
            ordered + [#"send {"kind":"sealingKey","body":0,"public":"\#(String(repeating: "zz", count: 32))"}"#],
            .workerMisbehaved),
        Lie(
            "a sealing key with a body", ordered + [#"send {"kind":"sealingKey","body":1,"public":"\#(hash)"}"#],
            .workerMisbehaved),
        Lie(
            "a sealing key that is named twice",
            ordered + [#"send {"kind":"sealingKey","body":0,"public":"\#(hash)","public":"\#(hash)"}"#],
            .workerMisbehaved),
        Lie("two sealing keys", ordered + [sealingKey, sealingKey], .workerMisbehaved),
    ]

    private static let late: [Lie] = [
        Lie(
            "connections without end", working + Array(repeating: [connect, "take"], count: 5).flatMap { $0 },
            .workerMisbehaved),
        Lie(
            "an endpoint that nobody has", working + [#"send {"kind":"connect","body":0,"endpoint":"shell"}"#],
            .workerMisbehaved),
        Lie("a verifier that wants the encryption service", working + [encryption], as: .verifier, .workerMisbehaved),
        Lie("a verifier with a body to its answer", working + answer, as: .verifier, .workerMisbehaved),
        Lie("a leader without a body to its answer", working + [verdict], .workerMisbehaved),
        Lie(
            "an exposure beyond all time",
            working + [
                #"send {"kind":"output","body":64,"exposureMicroseconds":9223372036854775807,"innerHash":"\#(hash)"}"#,
                "bytes 64",
            ], .workerMisbehaved),
        Lie(
            "a hash that is too short",
            working + [#"send {"kind":"output","body":1,"exposureMicroseconds":1,"innerHash":"abab"}"#, "bytes 1"],
            .workerMisbehaved
        ),
        Lie(
            "half a body",
            working + [
                #"send {"kind":"output","body":64,"exposureMicroseconds":1,"innerHash":"\#(hash)"}"#, "bytes 63",
            ],
            .workerTimedOut),
        Lie("a longer body than announced", working + answer + ["bytes 64"], .workerMisbehaved),
        Lie("two answers", answered + answer, .workerMisbehaved),
        Lie("output keys that are no handles", answered + [outputKey("0x", "ff")], .encryptionFailed),
        Lie("output keys of zero", answered + [outputKey("0x0", "0x0")], .encryptionFailed),
        Lie("no output key", answered + ["spin"], .outOfTime),
        Lie("no answer", working + ["spin"], .outOfTime),
    ]

    static let all =
        early + late
        + malformed.map { Lie($0.name + ", before the sealing key", ordered + $0.steps, $0.end) }
        + malformed.map { Lie($0.name + ", with the prompt in hand", working + $0.steps, $0.end) }

    /// Those that a worker can tell at once, and that its channel alone gives away.
    static let quick = malformed.filter { $0.end == .workerMisbehaved && !$0.steps.contains("hangup") }
        .map { Lie($0.name, ordered + $0.steps, $0.end) }
}
