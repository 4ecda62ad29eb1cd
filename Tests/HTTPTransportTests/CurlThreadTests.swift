import Foundation
import Testing

import HTTPTransport
import LoopbackServer
import Shared

/// What counts threads, switches or memory, or changes the environment, runs in a process of its own.
@Suite("The HTTP client's process", .timeLimit(.minutes(1)))
struct CurlThreadTests {
    @Test("has one thread for it, which wakes for nothing while idle or waiting, and is gone after shutdown")
    func idle() async throws {
        let server = try LoopbackServer { $0.target == "/hang" ? .hang() : .answer() }
        let base = server.base
        await #expect(processExitsWith: .success) { [base = base as String] in
            var client: CurlClient? = try CurlClient()
            client?.shutdown()
            let before = Self.threads()
            client = try CurlClient()
            let own = Self.threads().subtracting(before)
            #expect(own.count == 1)
            _ = try await client?.send(HTTPRequest(.get, base))
            let thread = try #require(own.first)
            let idle = Self.switchesAtRest(thread)
            usleep(500_000)
            #expect(Self.switches(thread) == idle)
            let hanging = Task { [client] in try await client?.send(HTTPRequest(.get, base + "/hang")) }
            while Self.switches(thread) == idle { await Task.yield() }
            let waiting = Self.switchesAtRest(thread)
            usleep(500_000)
            #expect(Self.switches(thread) == waiting)
            hanging.cancel()
            await #expect(throws: HTTPFailure.cancelled) { try await hanging.value }
            client = nil
            #expect(!Self.threads().contains(thread))
        }
    }

    @Test("names no proxy that is listened to")
    func proxy() async throws {
        let server = try LoopbackServer { _ in .answer() }
        let base = server.base
        await #expect(processExitsWith: .success) { [base = base as String] in
            for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] {
                setenv(name, "http://127.0.0.1:1", 1)
            }
            let response = try await CurlClient().send(HTTPRequest(.get, base))
            #expect(response.status == 200)
        }
    }

    @Test("keeps no copy of a credential that was sent")
    func noCopies() async throws {
        let server = try LoopbackServer { _ in .answer() }
        let base = server.base
        await #expect(processExitsWith: .success) { [base = base as String] in
            let client = try CurlClient()
            let mask = try #require(try await Self.sendSecret(client, base))
            #expect(Self.copies(mask) == 0)
            // The scan can find one: here it stands.
            let planted = mask.map { $0 ^ 0x55 }
            #expect(Self.copies(mask) > 0)
            #expect(planted.count == mask.count)
        }
    }

    /// Sends a random credential and returns it with every bit pattern changed, so that the return is no copy.
    private static func sendSecret(_ client: CurlClient, _ base: String) async throws -> [UInt8]? {
        var token = try SecretBytes(capacity: 64)
        let random = try SecretBytes.random(count: 32)
        try token.append(hexadecimalOf: random)
        let masked = token.withBytes { bytes in bytes.map { $0 ^ 0x55 } }
        var request = HTTPRequest(.get, base)
        request.bearerToken = SharedSecret(token)
        for _ in 0..<3 { guard try await client.send(request).status == 200 else { return nil } }
        return masked
    }

    private static func threads() -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [])
    }

    /// After a request the thread still has to go to sleep: its count once it stands still.
    private static func switchesAtRest(_ thread: String) -> Int {
        var last = -1
        for _ in 0..<60 where last != switches(thread) {
            last = switches(thread)
            usleep(50_000)
        }
        return last
    }

    private static func switches(_ thread: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/task/\(thread)/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").filter { $0.contains("ctxt_switches") }
            .compactMap { Int($0.split(separator: "\t").last ?? "") }.reduce(0, +)
    }

    /// How often the unmasked text stands in readable memory.
    private static func copies(_ masked: [UInt8]) -> Int {
        let memory = open("/proc/self/mem", O_RDONLY)
        defer { close(memory) }
        var found = 0
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        for line in maps.split(separator: "\n") where line.contains(" rw-p ") || line.contains(" rw-s ") {
            let range = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
            guard range.count == 2 else { continue }
            let size = range[1] - range[0]
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
            defer { copy.deallocate() }
            guard let base = copy.baseAddress.map(UnsafeMutableRawPointer.init) else { continue }
            let got = pread(memory, base, size, range[0])
            guard got > masked.count else { continue }
            var start = 0
            while start <= got - masked.count,
                let hit = memchr(base + start, Int32(masked[0] ^ 0x55), got - masked.count - start + 1)
            {
                start = hit - base
                var length = 1
                while length < masked.count, copy[start + length] == masked[length] ^ 0x55 { length += 1 }
                // Half of it would already be a leak.
                if length >= masked.count / 2 { found += 1 }
                start += 1
            }
            memset(base, 0, size)
        }
        return found
    }
}
