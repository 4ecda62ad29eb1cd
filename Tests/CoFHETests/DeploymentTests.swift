import Ethereum
import Shared
import Testing

@testable import CoFHE

@Suite("Which CoFHE a chain has")
struct DeploymentTests {
    private func detected(_ chain: FakeChain) async throws -> Deployment {
        try await Deployment(detectedOn: try chain.rpc)
    }

    @Test("the three generations are told apart by domain and address book, never by a setting")
    func generations() async throws {
        let chain = try FakeChain()
        let first = try await detected(chain)
        #expect(first.generation == .a && first.taskManager == Deployment.fixedTaskManager && first.revoker == nil)
        #expect(try first.accessControl == Vectors.accessControl())
        try chain.setDomain(version: "2")
        chain.set("defaultRevokerContract()", on: try Vectors.accessControl(), Address.known(0xbe).word)
        let second = try await detected(chain)
        #expect(second.generation == .b && second.revoker == .known(0xbe))
        // With a book, the TaskManager is where the book says.
        chain.setCode(Deployment.addressBook)
        chain.set("getTm(uint256)", on: Deployment.addressBook, Address.known(0x55).word)
        chain.set("acl()", on: .known(0x55), try Vectors.accessControl().word)
        chain.set("decryptResultSigner()", on: .known(0x55), Address.known(0x51).word)
        chain.set("verifierSigner()", on: .known(0x55), Address.known(0x52).word)
        let third = try await detected(chain)
        #expect(third.generation == .c && third.taskManager == .known(0x55))
        #expect(third.resultSigner == .known(0x51) && third.verifierSigner == .known(0x52))
    }

    @Test("the domain's sample of the vectors is read as it is decoded there")
    func sample() async throws {
        let chain = try FakeChain()
        let sample = try Vectors.section("eip712Domain_return_sample").require("returndata", \.text)
        chain.answer("eip712Domain()", on: try Vectors.accessControl(), String(sample.dropFirst(2)))
        #expect(try await detected(chain).generation == .a)
    }

    @Test("a domain that differs in one field is signed nothing for")
    func pinned() async throws {
        let chain = try FakeChain()
        let cases: [(DeploymentFault, (FakeChain) throws -> Void)] = [
            (.domainFields, { try $0.setDomain(fields: 0x1f) }), (.domainName, { try $0.setDomain(name: "AGL") }),
            (.domainVersion, { try $0.setDomain(version: "3") }), (.domainVersion, { try $0.setDomain(version: "") }),
            (.domainChain, { try $0.setDomain(chain: 42161) }),
            (.domainContract, { try $0.setDomain(contract: .known(1)) }),
            (.noAccessControl, { $0.answer("eip712Domain()", on: try Vectors.accessControl(), "") }),
            (.noAccessControl, { $0.set("eip712Domain()", on: try Vectors.accessControl()) }),
        ]
        for (fault, bend) in cases {
            try chain.setDomain()
            try bend(chain)
            await #expect(throws: ThresholdError.unknownDeployment(fault)) { try await detected(chain) }
        }
        chain.answer("acl()", on: Deployment.fixedTaskManager, "")
        await #expect(throws: ThresholdError.unknownDeployment(.noTaskManager)) { try await detected(chain) }
    }

    @Test("a book without a TaskManager, and an endpoint that is away, are different things")
    func faults() async throws {
        let chain = try FakeChain()
        chain.setCode(Deployment.addressBook)
        chain.set("getTm(uint256)", on: Deployment.addressBook)
        await #expect(throws: ThresholdError.unknownDeployment(.noTaskManager)) { try await detected(chain) }
        chain.goAway()
        let native = try chain.native(try Vectors.gate())
        await #expect(throws: ThresholdError.unreachable) { try await native.deployment() }
    }

    @Test("a chain that takes no permit of its generation's form is found out before one is signed for this wallet")
    func permitForm() async throws {
        for (version, form) in [("1", FakeChain.permitV2), ("2", FakeChain.acp)] {
            let chain = try FakeChain()
            try chain.setDomain(version: version)
            let manager = Deployment.fixedTaskManager
            let noForm = ThresholdError.unknownDeployment(.permitForm)
            let faults: [(ThresholdError, () -> Void)] = [
                (noForm, { chain.revert(form, on: manager, with: "PermissionInvalid_IssuerSignature()") }),
                (noForm, { chain.answer(form, on: manager, nil) }), (noForm, { chain.answer(form, on: manager, "") }),
                (.clockBehind, { chain.revert(form, on: manager, with: "PermissionInvalid_Expired()") }),
            ]
            let native = try chain.native(try Vectors.gate())
            for (fault, bend) in faults {
                bend()
                await #expect(throws: fault) { try await native.seal() }
                // What needs no permit goes on: an answer's key can still be stored.
                _ = try await native.deployment()
            }
            // Taken back already: but its signature was believed. And what was found wrong is not remembered.
            chain.revert(form, on: manager, with: "PermissionInvalid_Disabled()")
            _ = try await native.seal()
        }
    }

    @Test("what was found is remembered for minutes")
    func remembered() async throws {
        let chain = try FakeChain()
        let native = try chain.native(try Vectors.gate())
        for _ in 0..<5 { _ = try await native.seal() }
        #expect(chain.detections == 1)
        chain.advance(.seconds(601))
        _ = try await native.seal()
        #expect(chain.detections == 2)
    }
}
