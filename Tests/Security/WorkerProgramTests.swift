import Foundation
import Shared
import TestNetwork
import Testing

extension Security {
    @Suite("The worker's program") struct WorkerProgramTests {
        private func run(_ tool: String, _ arguments: String...) async throws -> String {
            let log = FileManager.default.temporaryDirectory.appending(path: "tool-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: log) }
            let child = try ChildProcess(URL(filePath: "/usr/bin/" + tool), arguments, output: log)
            try #require(await child.end(within: 30) == 0)
            return child.text
        }

        @Test("it is static and position-independent: no interpreter, no library, no run path")
        func isStatic() async throws {
            let dynamic = try await run("readelf", "-d", Security.worker)
            #expect(!dynamic.contains("(NEEDED)"))
            #expect(!dynamic.contains("(RUNPATH)") && !dynamic.contains("(RPATH)"))
            #expect(dynamic.contains("PIE"))
            let segments = try await run("readelf", "-lW", Security.worker)
            #expect(!segments.contains("INTERP"))
            let stack = segments.split(separator: "\n").first { $0.contains("GNU_STACK") }
            #expect(stack?.contains("RWE") == false)
        }

        @Test("certificates are read whole, or the worker ends before it is ready")
        func certificates() async throws {
            let model = try await TLSModelEnd()
            // Workers belong to the thread that starts them: no waiting in here.
            try certificates(of: model)
        }

        private func certificates(of model: TLSModelEnd) throws {
            let certificate = try String(contentsOfFile: model.certificate, encoding: .utf8)
            let file = model.folder.appending(path: "bundle")
            for text in ["# one\n\(certificate)\n# again\n\(certificate)", certificate] {
                try text.write(to: file, atomically: true, encoding: .utf8)
                try RawWorker(argument: file.path).receive(.ready)
            }
            let half = String(certificate.prefix(certificate.count / 2))
            let changed = certificate.replacing(
                "-----BEGIN CERTIFICATE-----\n", with: "-----BEGIN CERTIFICATE-----\nAAAA")
            for text in ["", "no certificate", half, changed, certificate + half, certificate + changed] {
                try text.write(to: file, atomically: true, encoding: .utf8)
                let worker = try RawWorker(argument: file.path)
                #expect(worker.end() == SandboxError.trustStore.rawValue, "\(text)")
                #expect(try worker.next() == nil)
            }
            for path in [model.folder.path, model.folder.appending(path: "nowhere").path] {
                #expect(try RawWorker(argument: path).end() == SandboxError.trustStore.rawValue)
            }
        }

        @Test("it carries neither Foundation, nor the concurrency runtime, nor libcurl, nor a thread pool")
        func isLean() async throws {
            // Defined symbols of which each library has exactly these.
            let forbidden = [
                "swift_task_create", "swift_task_switch", "swift_task_enqueueGlobal", "$s10Foundation4DataVMn",
                "$s20FoundationEssentials4DataVMn", "curl_easy_init", "curl_multi_init", "dispatch_async",
                "_dispatch_main_queue_callback_4CF",
            ]
            let symbols = try await run("nm", "--defined-only", "--format=just-symbols", Security.worker)
            let defined = Set(symbols.split(separator: "\n").map(String.init))
            #expect(defined.count > 1000)
            // The tool sees what should be there.
            #expect(defined.contains("seccomp_load") && defined.contains("EVP_DecryptUpdate"))
            for symbol in forbidden { #expect(!defined.contains(symbol), "\(symbol)") }
        }

        @Test("it refuses to run without what the supervisor gives it, and has no option")
        func arguments() async throws {
            let log = FileManager.default.temporaryDirectory.appending(path: "worker-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: log) }
            for arguments in [
                [], ["--help"], ["--no-sandbox"], ["65536", "a", "b"], ["-1"], ["0"], ["65536", "--no-seccomp"],
            ] {
                let child = try ChildProcess(URL(filePath: Security.worker), arguments, output: log)
                let status = try await child.end()
                #expect((70...77).contains(status), "\(arguments) gave \(status)")
            }
            #expect(try Data(contentsOf: log).isEmpty)
        }
    }
}
