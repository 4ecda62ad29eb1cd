import Testing

import Coordination
import Shared

@Suite("A list of assignments")
struct AssignmentTests {
    private func list(_ items: String) async throws -> AssignmentList {
        try await FakeWorld().coordinator(ScriptedClient(#"{"assignments":[\#(items)]}"#)).assignments()
    }

    private func sample(_ name: String) async throws -> AssignmentList {
        try await FakeWorld().coordinator(ScriptedClient(try Samples.bytes("1.4_assignments", name))).assignments()
    }

    @Test("may be empty")
    func empty() async throws {
        let list = try await sample("response_empty")
        #expect(list.items.isEmpty && list.refused.isEmpty)
    }

    @Test("carries all a leader needs")
    func leader() async throws {
        let item = try #require(try await sample("response_leader").items.first)
        #expect(item.role == .leader && item.job.text == Samples.jobText)
        #expect(item.model == "groq:llama-3.3-70b-versatile")
        #expect(item.promptCID == "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4")
        #expect(item.user == "0x90F79bf6EB2c4f870365E785982E1f101E93b906")
        #expect(
            item.keyHigh?.decimal == "81928572721437830212424142361142871695640320019195552712876487174650821805568")
    }

    @Test("reads handles as decimal text, hexadecimal text, numbers and null, in one list")
    func mixed() async throws {
        let list = try await sample("response_mixed")
        #expect(list.items.map(\.role) == [.verifier, .leader, .verifier, .leader] && list.refused.isEmpty)
        #expect(list.items[0].keyHigh == list.items[1].keyHigh && list.items[0].keyHigh != nil)
        #expect(list.items[0].job != list.items[1].job, "an id is not normalised")
        #expect(list.items[2].promptCID == nil && list.items[2].keyHigh == nil)
        #expect(list.items[3].keyLow?.decimal == "3735879682" && list.items[3].isInsured)
    }

    @Test("loses a bad item and none of the others, and counts it by reason")
    func lenient() async throws {
        let good = #"{"jobId":"good1","role":"leader","modelId":"m","promptCid":"c","extra":{"deep":[1]}}"#
        let list = try await list(
            """
            5, null, "text", \(good),
            {"jobId":123,"modelId":"m"}, {"modelId":"m"}, {"jobId":"","modelId":"m"},
            {"jobId":"a\\u0000","modelId":"m"},
            {"jobId":"..","modelId":"m"}, {"jobId":"\(String(repeating: "j", count: 257))","modelId":"m"},
            {"jobId":"j1"}, {"jobId":"j2","modelId":"a\\nb"},
            {"jobId":"j3","modelId":"m","promptCid":7}, {"jobId":"j4","modelId":"m","kpHighHandle":1.5},
            {"jobId":"j5","modelId":"m","kpLowHandle":"0xzz"}, \(good),
            {"jobId":"good2","role":null,"modelId":"m"}
            """)
        #expect(list.items.map(\.job.text) == ["good1", "good2"])
        #expect(list.items.map(\.role) == [.leader, .verifier])
        #expect(
            list.refused == [.notAnObject: 3, .job: 6, .model: 2, .promptCID: 1, .handle: 2, .repeated: 1])
    }

    @Test("takes any role but leader as verifier, and a user that is no address as none")
    func roles() async throws {
        for role in ["\"Leader\"", "\"LEADER\"", "\"verifier\"", "5", "null", "\"\""] {
            let item = try await list(#"{"jobId":"j","modelId":"m","role":\#(role),"userAddress":"0x12"}"#).items.first
            #expect(item?.role == .verifier && item?.user == nil)
        }
    }

    @Test("is malformed without its array")
    func noList() async throws {
        for body in ["{}", #"{"assignments":{}}"#, #"{"assignments":null}"#, "[]"] {
            await #expect(throws: CoordinatorError.self) {
                try await FakeWorld().coordinator(ScriptedClient(body)).assignments()
            }
        }
    }

    @Test("an id is its bytes: two spellings of one character are two jobs")
    func identity() throws {
        let composed = try #require(JobID("caf\u{E9}")), decomposed = try #require(JobID("cafe\u{301}"))
        #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
        #expect(JobID(String(repeating: "é", count: 128)) != nil && JobID(String(repeating: "é", count: 129)) == nil)
        for text in ["", ".", "..", "a\u{7F}", "a\u{85}", "\n"] { #expect(JobID(text) == nil) }
    }
}
