import Testing

import Coordination
import HTTPTransport
import Shared

@Suite("An error of the coordinator")
struct ErrorTests {
    private func error(_ status: Int, _ body: [UInt8], headers: [String: String] = [:]) async throws
        -> CoordinatorError?
    {
        let coordinator = try FakeWorld().coordinator(ScriptedClient(status: status, headers: headers, body))
        do throws(CoordinatorError) {
            _ = try await coordinator.submitResult(body: [1])
            return nil
        } catch { return error }
    }

    @Test(
        "keeps its meaning, but none of its words",
        arguments: [
            ("1.5_claim", "error_400", 400, CoordinatorError.malformedRequest(status: 400)),
            ("1.6_result", "error_400_missing_id", 400, .malformedRequest(status: 400)),
            ("1.6_result", "error_400_camelCase_body", 400, .malformedRequest(status: 400)),
            ("1.6_result", "error_400_numeric_handle", 400, .malformedRequest(status: 400)),
            ("1.6_result", "error_404", 404, .unknownJob), ("1.6_result", "error_500", 500, .serverError(status: 500)),
            ("1.7_verify", "error_400", 400, .notQuorumMember), ("1.8_status", "error_404", 404, .unknownJob),
        ])
    func samples(section: String, name: String, status: Int, expected: CoordinatorError) async throws {
        #expect(try await error(status, Samples.bytes(section, name)) == expected)
    }

    @Test("is read from a string, an array or no JSON at all")
    func lenient() async throws {
        #expect(try await error(422, Samples.value("422_validation_error").encoded()) == .malformedRequest(status: 422))
        #expect(try await error(500, Array("Internal Server Error".utf8)) == .serverError(status: 500))
        #expect(try await error(400, []) == .malformedRequest(status: 400))
        #expect(try await error(400, [0xFF, 0, 0x7B]) == .malformedRequest(status: 400))
        #expect(try await error(400, Array(#"{"detail":"task is not a text-mode request"}"#.utf8)) == .notATextJob)
        #expect(try await error(400, Array(#"{"detail":{"a":1}}"#.utf8)) == .malformedRequest(status: 400))
    }

    @Test(
        "covers the other statuses",
        arguments: [
            (403, CoordinatorError.forbidden), (409, .contradicted), (413, .malformedRequest(status: 413)),
            (302, .unexpectedStatus(302)), (418, .unexpectedStatus(418)), (599, .serverError(status: 599)),
            (401, .unauthorized(clockSkew: nil)),
        ])
    func statuses(status: Int, expected: CoordinatorError) async throws {
        #expect(try await error(status, []) == expected)
    }

    @Test("means to attest again on 401, or where the node itself is unknown, but not for an unknown job")
    func attestAgain() async throws {
        func lost(_ status: Int, _ call: (CoordinatorClient) async throws(CoordinatorError) -> Void) async throws
            -> Bool?
        {
            let coordinator = try FakeWorld().coordinator(ScriptedClient(status: status, #"{"detail":"unknown"}"#))
            do throws(CoordinatorError) {
                try await call(coordinator)
                return nil
            } catch { return error.meansAttestAgain }
        }
        let job = try Samples.job()
        for status in [401, 404] {
            #expect(
                try await lost(status) { coordinator async throws(CoordinatorError) in
                    _ = try await coordinator.assignments()
                } == true)
            #expect(
                try await lost(status) { coordinator async throws(CoordinatorError) in try await coordinator.heartbeat()
                } == true)
        }
        #expect(
            try await lost(401) { coordinator async throws(CoordinatorError) in _ = try await coordinator.claim(job) }
                == true)
        #expect(
            try await lost(404) { coordinator async throws(CoordinatorError) in _ = try await coordinator.claim(job) }
                == false)
        #expect(
            try await lost(404) { coordinator async throws(CoordinatorError) in
                _ = try await coordinator.status(of: job)
            } == false)
        #expect(
            try await lost(404) { coordinator async throws(CoordinatorError) in _ = try await coordinator.challenge() }
                == false)
        #expect(
            try await lost(401) { coordinator async throws(CoordinatorError) in
                _ = try await coordinator.publicStatus(of: job)
            } == false)
    }

    // 1780000000 is Thu, 28 May 2026 20:26:40 GMT.
    @Test(
        "names a clock that is wrong",
        arguments: [
            ("Thu, 28 May 2026 20:33:20 GMT", 400), ("Thu, 28 May 2026 20:20:00 GMT", -400),
            ("Thu, 28 May 2026 20:26:40 GMT", 0), ("Thu, 28 May 2026 20:26:41 GMT", 0),
            ("Thu, 28 May 2026 20:26:39 GMT", 0),
            ("Fri, 29 May 2026 20:26:40 GMT", 86_400), ("Thu, 01 Jan 1970 00:00:00 GMT", -1_780_000_000),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600 - 1_780_000_000),
        ])
    func skew(date: String, expected: Int) async throws {
        #expect(try await error(401, [], headers: ["date": date]) == .unauthorized(clockSkew: expected))
        let coordinator = try FakeWorld().coordinator(ScriptedClient(headers: ["date": date], "{}"))
        #expect(coordinator.clockSkew == nil)
        try await coordinator.heartbeat()
        #expect(coordinator.clockSkew == expected)
    }

    @Test(
        "trusts no date that is not one",
        arguments: [
            "", "now", "Thursday, 28-May-26 20:26:40 GMT", "Thu May 28 20:26:40 2026", "Thu, 28 May 2026 25:26:40 GMT",
            "Thu, 00 May 2026 20:26:40 GMT", "Thu, 28 Mai 2026 20:26:40 GMT", "Thu, 28 May 2026 20:26:40 CET",
            "Thu, +8 May 2026 20:26:40 GMT", "Thu, 28 May 2026 20:2:640 GMT.",
        ])
    func badDate(date: String) async throws {
        #expect(try await error(401, [], headers: ["date": date]) == .unauthorized(clockSkew: nil))
    }
}
