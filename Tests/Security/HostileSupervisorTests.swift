import CSystem
import DevnetCore
import Foundation
import Glibc
import Inspection
import Shared
import Testing

/// The other side of the channel has been taken over. The worker answers nothing that the protocol does not say, and
/// ends with its own status: 65 for a broken channel, 0 after a failure with a code.
extension Security {
    @Suite("A supervisor that breaks the channel") struct HostileSupervisorTests {
        private static func frame(_ header: String, _ body: [UInt8] = []) -> [UInt8] {
            let text = Array(header.utf8)
            return [0, UInt8(text.count >> 16), UInt8(text.count >> 8 & 255), UInt8(text.count & 255)] + text + body
        }

        /// Where in a job the supervisor turns.
        enum Point: String, CaseIterable {
            case idle, sealed, connecting

            func reach(_ worker: RawWorker) throws {
                try worker.receive(.ready)
                guard self != .idle else { return }
                let backend: JobOrder.Backend = self == .connecting ? RawWorker.chat() : .mock
                let order = JobOrder(role: .verifier, modelID: "m", seal: .hkdf, backend: backend, encryption: nil)
                try worker.send(.start, order.fields)
                let key = try worker.receive(.sealingKey).fields["public"]?.text
                guard self == .connecting else { return }
                try worker.giveMaterial(SealedPrompt("What is a channel?"), publicKey: key)
                try worker.receive(.connect)
            }
        }

        static let malformed: [(name: String, bytes: [UInt8])] = [
            ("a header of nothing", [0, 0, 0, 0]),
            ("a header of one byte", [0, 0, 0, 1, 0x7B]),
            ("a header longer than any may be", [0, 1, 0, 1]),
            ("a header of four gigabytes", [255, 255, 255, 255]),
            ("no JSON", frame("kind=start")),
            ("no UTF-8", [0, 0, 0, 4, 0x7B, 0x22, 0xFF, 0x7D]),
            ("a zero byte", frame("{\"kind\":\"start\u{0}\",\"body\":0}")),
            ("a thousand arrays in each other", frame(String(repeating: "[", count: 1000))),
            ("a list", frame("[]")),
            ("a huge length", frame("{\"kind\":\"start\",\"body\":1\(String(repeating: "0", count: 400))}")),
            ("a length with an exponent", frame(#"{"kind":"start","body":1e3}"#)),
            ("a negative length", frame(#"{"kind":"start","body":-1}"#)),
            ("a key twice", frame(#"{"kind":"start","body":0,"kind":"done"}"#)),
            ("an unknown kind", frame(#"{"kind":"shell","body":0}"#)),
            ("a frame of the worker's own", frame(#"{"kind":"output","body":0,"innerHash":"00"}"#)),
            ("ready", frame(#"{"kind":"ready","body":0}"#)),
            ("done", frame(#"{"kind":"done","body":0}"#)),
            ("done with a body", frame(#"{"kind":"done","body":1}"#, [0])),
            ("an API key longer than any", frame(#"{"kind":"start","body":8193,"role":"verifier"}"#)),
            ("more material than any", frame(#"{"kind":"material","body":66589,"high":0,"low":0,"blob":66589}"#)),
            ("an order without a role", frame(#"{"kind":"start","body":0}"#)),
            ("an order with a role of its own", frame(#"{"kind":"start","body":0,"role":"owner"}"#)),
            ("bytes without end", [UInt8](repeating: 0x78, count: 4 << 20)),
        ]

        @Test(
            "what is no frame ends the worker with status 65, without an answer, and costs it no memory",
            arguments: Point.allCases)
        func malformedFrames(at point: Point) throws {
            for (name, bytes) in Self.malformed {
                let worker = try RawWorker()
                try point.reach(worker)
                #if arch(x86_64)
                    let view = ProcessView(worker.pid)
                    let last = try view.hold(at: "_exit")
                    let before = try view.forgetPeak()
                    worker.flood(bytes)
                    try RawWorker.wait("\(name), \(point)") { last.isReached }
                    #expect(view.peakKilobytes - before < 512, "\(name), \(point)")
                    try last.release()
                #else
                    worker.push(bytes)
                #endif
                #expect(worker.end() == 65, "\(name), \(point)")
                #expect(try worker.next() == nil, "\(name), \(point)")
            }
        }

        @Test(
            "what a supervisor sends while its worker waits for the model stays outside the worker, and ends it later")
        func flood() throws {
            let (worker, model) = (try RawWorker(), try ModelEnd())
            try Point.connecting.reach(worker)
            try worker.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            _ = try model.request(until: "\"stream\":false}")
            let view = ProcessView(worker.pid)
            let before = try view.forgetPeak()
            #expect(worker.flood([UInt8](repeating: 0x78, count: 4 << 20)) > 64 << 10)
            #expect(worker.end(within: 0.3) == nil)
            #expect(view.peakKilobytes - before < 256)
            model.answer("Because.")
            #expect(worker.end() == 65)
        }

        @Test("material, a connection, an order out of their order end the worker with status 65")
        func disorder() throws {
            let sealed = [UInt8](repeating: 1, count: 3)
            let material = Self.frame(#"{"kind":"material","body":3,"high":1,"low":1,"blob":1}"#, sealed)
            let endpoint = Self.frame(#"{"kind":"endpoint","body":0,"endpoint":"model"}"#)
            let start = FrameHeader(.start, fields: Security.order.fields).encoded()
            for (point, bytes) in [
                (Point.idle, material), (.idle, endpoint), (.sealed, start), (.sealed, endpoint),
                (.connecting, material),
                (.connecting, start), (.connecting, endpoint),
            ] {
                let worker = try RawWorker()
                try point.reach(worker)
                worker.push(bytes)
                #expect(worker.end() == 65, "\(point)")
                #expect(try worker.next() == nil, "\(point)")
            }
        }

        @Test(
            "a descriptor where none belongs, and more than one anywhere, end the worker with status 65",
            arguments: 1...4)
        func strayDescriptors(_ count: Int) throws {
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            defer { close(null) }
            let descriptors = [Int32](repeating: null, count: count)
            let worker = try RawWorker()
            try Point.idle.reach(worker)
            worker.push(FrameHeader(.start, fields: Security.order.fields).encoded(), descriptors: descriptors)
            #expect(worker.end() == 65)
            #expect(try worker.next() == nil)
            guard count > 1 else { return }
            let second = try RawWorker()
            try Point.connecting.reach(second)
            second.push(Self.frame(#"{"kind":"endpoint","body":0,"endpoint":"model"}"#), descriptors: descriptors)
            #expect(second.end() == 65)
            #expect(try second.next() == nil)
        }

        /// Members that replace those of a good order, and what is wrong with them.
        static let orders: [(String, JSONValue.Member)] = [
            ("no model", .init("model", .null)), ("a model of nothing", .init("model", "")),
            ("a model longer than any", .init("model", .string(String(repeating: "m", count: 257)))),
            ("a model that is a number", .init("model", 7)), ("an unknown seal", .init("seal", "none")),
            ("an unknown backend", .init("backend", "shell")), ("no chat for a chat", .init("chat", .null)),
            (
                "a verifier that encrypts",
                .init("encryption", encryption(account: "0x" + String(repeating: "a", count: 40)))
            ),
            ("an unknown dialect", .init("chat", chat("dialect", "shell"))),
            ("no time at all", .init("chat", chat("timeout", 0))),
            ("a negative time", .init("chat", chat("timeout", -1))),
            ("more time than there is", .init("chat", chat("timeout", .integer(Int.max)))),
            (
                "a time beyond any integer",
                .init("chat", chat("timeout", .number("9" + String(repeating: "9", count: 40))))
            ),
            ("a time with a fraction", .init("chat", chat("timeout", .number("1.5")))),
            ("negative tokens", .init("chat", chat("maximumTokens", -1))),
            ("endless tokens", .init("chat", chat("maximumTokens", .integer(Int.max)))),
            ("port 0", .init("chat", chat(endpoint: "port", 0))),
            ("port 65536", .init("chat", chat(endpoint: "port", 65536))),
            ("a host of nothing", .init("chat", chat(endpoint: "host", ""))),
            (
                "a host longer than any",
                .init("chat", chat(endpoint: "host", .string(String(repeating: "h", count: 254))))
            ),
            ("a host with a line end", .init("chat", chat(endpoint: "host", "a\r\nX: y"))),
            (
                "a path longer than any",
                .init("chat", chat(endpoint: "path", .string("/" + String(repeating: "p", count: 5000))))
            ),
            ("a path with a space", .init("chat", chat(endpoint: "path", "/ HTTP/1.1"))),
            ("a path with a line end", .init("chat", chat(endpoint: "path", "/\nX: y"))),
            ("a path beyond ASCII", .init("chat", chat(endpoint: "path", "/é"))),
            ("an endpoint of another name", .init("chat", chat(endpoint: "name", "shell"))),
            ("TLS perhaps", .init("chat", chat(endpoint: "tls", 1))),
        ]

        private static func replace(_ object: JSONValue, _ key: String, _ value: JSONValue) -> JSONValue {
            guard case .object(let members) = object else { return object }
            return .object(members.filter { $0.key != key } + [.init(key, value)])
        }
        private static let chatOrder = JobOrder(
            role: .verifier, modelID: "m", seal: .hkdf, backend: RawWorker.chat(), encryption: nil)
        private static var goodChat: JSONValue { FrameHeader(.start, fields: chatOrder.fields).fields["chat"] ?? .null }
        private static func chat(_ key: String, _ value: JSONValue) -> JSONValue { replace(goodChat, key, value) }
        private static func chat(endpoint key: String, _ value: JSONValue) -> JSONValue {
            replace(goodChat, "endpoint", replace(goodChat["endpoint"] ?? .null, key, value))
        }
        private static func encryption(account: String) -> JSONValue {
            [
                "endpoint": replace(goodChat["endpoint"] ?? .null, "name", "encryption"), "account": .string(account),
                "timeout": 5,
            ]
        }

        private func send(_ order: JSONValue) throws -> RawWorker {
            let worker = try RawWorker()
            try worker.receive(.ready)
            guard case .object(let members) = order else { return worker }
            try worker.send(.start, members)
            return worker
        }

        @Test("an order that makes no sense is refused before a key is made for it")
        func senselessOrders() throws {
            let good = JSONValue.object(Self.chatOrder.fields)
            #expect(try send(good).receive(.sealingKey).fields["public"] != nil)
            for (name, member) in Self.orders {
                let worker = try send(Self.replace(good, member.key, member.value))
                let frame = try #require(try worker.next(), "\(name): \(String(describing: worker.end()))")
                #expect(frame.header.kind == .failed, "\(name)")
                #expect(frame.header.fields["code"]?.text == JobFailure.workerMisbehaved.rawValue, "\(name)")
                #expect(worker.end() == 0, "\(name)")
            }
            let leader = Self.replace(good, "role", "leader")
            for account in [
                "", "0x", "0x" + String(repeating: "a", count: 39) + "\"", String(repeating: "a", count: 42),
            ] {
                let worker = try send(Self.replace(leader, "encryption", Self.encryption(account: account)))
                #expect(try worker.next()?.header.kind == .failed, "\(account)")
            }
            // What a worker does not know is no order.
            #expect(try send(Self.replace(good, "shell", "/bin/sh")).receive(.sealingKey).fields["public"] != nil)
        }

        static let sizes: [(String, String)] = [
            ("too small", #""high":1,"low":1,"blob":1"#), ("too large", #""high":4,"low":4,"blob":4"#),
            ("one missing", #""high":5,"low":5"#), ("a negative one", #""high":-1,"low":6,"blob":5"#),
            ("beyond the body", #""high":11,"low":0,"blob":0"#),
            ("an overflow", #""high":9223372036854775807,"low":9223372036854775807,"blob":12"#),
            ("a text", #""high":"1","low":1,"blob":8"#),
        ]

        @Test("sizes of the material that do not add up end the worker with status 65", arguments: sizes)
        func materialSizes(_ sizes: (name: String, fields: String)) throws {
            let worker = try RawWorker()
            try Point.sealed.reach(worker)
            worker.push(
                Self.frame(#"{"kind":"material","body":10,\#(sizes.fields)}"#, [UInt8](repeating: 0, count: 10)))
            #expect(worker.end() == 65)
            #expect(try worker.next() == nil)
        }

        @Test(
            "sealed values of any other length, and bytes that are none, are named as such",
            arguments: [0, 1, 60, 93, 512])
        func sealedLengths(_ length: Int) throws {
            let worker = try RawWorker()
            try Point.sealed.reach(worker)
            let body = [UInt8](repeating: 0, count: 2 * length + 40)
            worker.push(
                Self.frame(
                    #"{"kind":"material","body":\#(body.count),"high":\#(length),"low":\#(length),"blob":40}"#, body))
            #expect(try worker.receive(.failed).fields["code"]?.text == JobFailure.sealedValueMalformed.rawValue)
            #expect(worker.end() == 0)
        }

        @Test("a value sealed under a weak public key, whose agreement everybody knows, is unreadable")
        func weakKey() throws {
            let worker = try RawWorker()
            try Point.sealed.reach(worker)
            let nothing = [UInt8](repeating: 0, count: 32)
            let box = try ToyCrypto.seal(
                [UInt8](repeating: 7, count: 16), key: ToyCrypto.hkdfSHA256(nothing, info: "CoFHE seal"))
            let sealed = nothing + box.iv + box.ciphertext + box.tag
            worker.push(
                Self.frame(
                    #"{"kind":"material","body":192,"high":76,"low":76,"blob":40}"#,
                    sealed + sealed + [UInt8](repeating: 0, count: 40)))
            #expect(try worker.receive(.failed).fields["code"]?.text == JobFailure.sealedValueUnreadable.rawValue)
            #expect(worker.end() == 0)
        }

        @Test("a worker that waits for the rest of a frame takes no time and no memory, and ends with its supervisor")
        func stall() throws {
            let ends: [(status: Int32, end: (RawWorker) -> Void)] = [
                (64, { $0.hangUp() }), (64, { $0.hangUp(Int(SHUT_WR)) }),
                (128 + SIGKILL, { _ = kill($0.pid, SIGKILL) }),
            ]
            let start = #"{"kind":"start","body":8192,"role":"verifier"}"#
            let blob = Security.limits.prompt + 28
            let material = #"{"kind":"material","body":\#(blob + 2),"high":1,"low":1,"blob":\#(blob)}"#
            let stubs: [(Point, [UInt8])] = [
                (.idle, [0, 0]), (.idle, Array(Self.frame(start).dropLast(3))),
                // The longest frame that there is, but for its last byte.
                (.sealed, Self.frame(material, [UInt8](repeating: 7, count: blob + 1))),
            ]
            for (status, end) in ends {
                for (point, stub) in stubs {
                    let worker = try RawWorker()
                    try point.reach(worker)
                    let view = ProcessView(worker.pid)
                    let before = try view.forgetPeak()
                    worker.push(stub)
                    #expect(worker.end(within: 0.3) == nil)
                    #expect(view.peakKilobytes - before < 256)
                    end(worker)
                    #expect(worker.end(within: 1) == status)
                }
            }
        }

        @Test(
            "a supervisor that stalls in a frame, or reads none of one, is given up; one that sends nothing is waited for"
        )
        func stalls() throws {
            let idle = try RawWorker()
            try Point.idle.reach(idle)
            let halves: [[UInt8]] = [
                [0, 0], Array(Self.frame(#"{"kind":"start","body":8192,"role":"verifier"}"#).dropLast(3)),
                Self.frame(#"{"kind":"start","body":8192,"role":"verifier"}"#, [7, 7, 7]),
            ]
            var stalled: [RawWorker] = []
            for half in halves {
                let worker = try RawWorker()
                try Point.idle.reach(worker)
                worker.push(half)
                stalled.append(worker)
            }
            // A leader's answer is longer than what the socket holds.
            let (network, unread, model) = (RawWorker.Network.native, try RawWorker(), try ModelEnd())
            try unread.receive(.ready)
            try unread.send(.start, try network.leaderOrder().fields)
            let key = try unread.receive(.sealingKey).fields["public"]?.text
            try unread.giveMaterial(try SealedPrompt("Why?"), publicKey: key, by: network)
            try unread.receive(.connect)
            try unread.send(.endpoint, [.init("endpoint", "model")], descriptor: model.workersEnd)
            _ = try model.request(until: "\"stream\":false}")
            model.answer(String(repeating: "Because. ", count: 100_000))
            for worker in stalled + [unread] { #expect(worker.end(within: 8) == 65) }
            #expect(idle.end(within: 0.1) == nil)
            idle.push(FrameHeader(.start, fields: Security.order.fields).encoded())
            try idle.receive(.sealingKey)
        }

        /// With its way out closed, the worker learns it when it answers.
        static let halves: [(direction: Int, status: Int32)] = [(Int(SHUT_WR), 64), (Int(SHUT_RD), 65)]

        @Test("a supervisor that closes one direction has gone", arguments: halves)
        func halfClosed(_ half: (direction: Int, status: Int32)) throws {
            let worker = try RawWorker()
            try Point.idle.reach(worker)
            worker.hangUp(half.direction)
            worker.push(FrameHeader(.start, fields: Security.order.fields).encoded())
            #expect(worker.end(within: 1) == half.status)
        }

        @Test("a file that is passed as the model's server gets not a byte")
        func fileAsEndpoint() throws {
            let path = FileManager.default.temporaryDirectory.appending(path: "endpoint-\(UUID().uuidString)").path
            let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            defer {
                close(file)
                unlink(path)
            }
            let worker = try RawWorker()
            try Point.connecting.reach(worker)
            worker.push(Self.frame(#"{"kind":"endpoint","body":0,"endpoint":"model"}"#), descriptors: [file])
            // The first process of a namespace is spared SIGXFSZ; any other dies of it.
            let end = worker.end()
            #expect(end == 0 || end == 128 + SIGXFSZ)
            if end == 0 {
                #expect(try worker.receive(.failed).fields["code"]?.text == JobFailure.modelClosedEarly.rawValue)
            }
            var info = stat()
            #expect(fstat(file, &info) == 0 && info.st_size == 0)
        }
    }
}
