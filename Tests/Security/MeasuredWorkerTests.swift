import Foundation
import Inspection
import Shared
import Supervisor
import TestNetwork
import Testing

extension Security {
    @Suite("The measured worker") struct MeasuredWorkerTests {
        @Test("a node runs the worker it was built with, and refuses one that is changed, swapped, or behind a link")
        func replaced() async throws {
            let place = try Installation()
            let good = try await place.run()
            #expect(good.status == 0, "\(good.output)")
            let original = try Data(contentsOf: place.worker)

            let node = place.folder.appending(path: "blindference-node")
            let measured = try Data(contentsOf: node)
            let digest = Data(SHA256.hash([UInt8](original)))
            var blank = measured
            blank.replaceSubrange(try #require(measured.range(of: digest)), with: Data(count: 32))
            try blank.write(to: node)
            let unmeasured = try await place.run()
            #expect(
                unmeasured.status == 1 && unmeasured.output.contains("without the measurement"), "\(unmeasured.output)")
            try measured.write(to: node)

            var changed = original
            // The last byte is part of no code and no data that runs: only a measurement sees it.
            changed[changed.count - 1] ^= 1
            try changed.write(to: place.worker)
            var refused = try await place.run()
            #expect(refused.status == 1)
            #expect(refused.output.contains("is not the one that it was built with"), "\(refused.output)")

            try FileManager.default.removeItem(at: place.worker)
            try FileManager.default.copyItem(
                at: URL(filePath: Security.unconfined).resolvingSymlinksInPath(), to: place.worker)
            refused = try await place.run()
            #expect(refused.status == 1)
            #expect(refused.output.contains("is not the one that it was built with"), "\(refused.output)")

            let elsewhere = place.folder.appending(path: "elsewhere")
            try original.write(to: elsewhere)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: elsewhere.path)
            try FileManager.default.removeItem(at: place.worker)
            try FileManager.default.createSymbolicLink(at: place.worker, withDestinationURL: elsewhere)
            refused = try await place.run()
            #expect(refused.status == 1)
            #expect(refused.output.contains("blindference-worker"), "\(refused.output)")
        }

        @Test("a node that cannot confine one worker, or has another than its own, does not run")
        func refusesToRun() async throws {
            let place = try Installation()
            let password = place.folder.appending(path: "password")
            try Data("correct horse".utf8).write(to: password)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: password.path)
            let made = try await place.run(["init", "--password-file", password.path])
            try #require(made.status == 0, "\(made.output)")
            let run = ["run", "--password-file", password.path]
            let offline = ["BLF_COFHE_MODE": "python", "BLF_COFHE_ENDPOINT": "http://127.0.0.1:9"]
            // Every layer that there is; no machine has root's namespaces for a node without this capability.
            let all = SandboxLayer.allCases.map(\.rawValue).joined(separator: ",")
            let rights = geteuid() == 0 ? ["--bounding-set", "-sys_admin"] : ["--no-new-privs"]
            let offersNamespaces = try await Security.kernelOffersNamespaces()
            if geteuid() == 0 || !offersNamespaces {
                let refused = try await place.run(
                    run, settings: offline.merging(["BLF_REQUIRED_LAYERS": all]) { $1 }, with: rights)
                #expect(refused.status == 1)
                #expect(refused.output.contains("required_layers asks for"), "\(refused.output)")
                #expect(!refused.output.contains("node_started") && !refused.output.contains("attested"))
            }
            if geteuid() == 0 {
                // Its workers cannot become nobody.
                let refused = try await place.run(run, settings: offline, with: ["--bounding-set", "-setuid"])
                #expect(refused.status == 1 && !refused.output.contains("node_started"), "\(refused.output)")
                #expect(refused.output.contains("identity"), "\(refused.output)")
            }
            if geteuid() != 0 {
                // Enough for the supervisor, and for no worker of prompts of the usual length.
                let poor = ["--no-new-privs", "prlimit", "--memlock=4194304:4194304"]
                let refused = try await place.run(
                    run, settings: offline.merging(["BLF_MAX_PROMPT_BYTES": "8388608"]) { $1 }, with: poor)
                #expect(refused.status == 1)
                #expect(refused.output.contains("this user may lock 4096 KiB"), "\(refused.output)")
            }
            try FileManager.default.removeItem(at: place.worker)
            try FileManager.default.copyItem(
                at: URL(filePath: Security.unconfined).resolvingSymlinksInPath(), to: place.worker)
            let refused = try await place.run(run, settings: offline)
            #expect(refused.status == 1)
            #expect(refused.output.contains("is not the one that it was built with"), "\(refused.output)")
        }

        @Test("what is measured is what runs: a file that is overwritten or replaced afterwards changes no worker")
        func changedAfterMeasurement() async throws {
            let place = try Installation()
            let program = try WorkerProgram(path: place.worker.path, limits: Security.limits, trustFile: nil)
            let measured = SHA256.hash([UInt8](try Data(contentsOf: place.worker)))
            #expect(program.manifest.worker == measured)
            // In place first, for that reaches even those who hold the file open.
            let file = try FileHandle(forWritingTo: place.worker)
            try file.write(contentsOf: Data(repeating: 0x90, count: 1 << 20))
            try file.close()
            try FileManager.default.removeItem(at: place.worker)
            let spawner = WorkerSpawner(program: program)
            let worker = try await spawner.spawn()
            let running = try Data(contentsOf: URL(filePath: ProcessView(worker.pid).path("exe")))
            #expect(SHA256.hash([UInt8](running)) == measured)
            // Nobody can change the copy any more, root included, and nobody can allow it again.
            let copy = open(ProcessView(worker.pid).path("exe"), O_RDONLY | O_CLOEXEC)
            defer { close(copy) }
            let (getSeals, all) = (Int32(1034), Int32(0x0f))
            let seals = fcntl(copy, getSeals)
            #expect(seals >= 0 && seals & all == all, "sealed against seals, shrinking, growing and writing")
            withExtendedLifetime(spawner) {}
        }

        @Test("a receipt tells what the kernel shows of its worker, under a manifest that is the same for all workers")
        func receipt() async throws {
            let spawner = try Security.spawner()
            let worker = try await spawner.spawn()
            let other = try await spawner.spawn()
            let receipt = try #require(worker.receipt)
            let view = ProcessView(worker.pid)
            #expect(receipt.manifest == spawner.program.manifest)
            #expect(other.receipt?.manifest.digest == receipt.manifest.digest)
            for name in ["Seccomp", "NoNewPrivs", "Threads", "CapEff", "TracerPid"] {
                #expect(receipt.proof.status[name] == view.status[name], "\(name)")
            }
            #expect(receipt.proof.limits["Max open files"] == view.limits["Max open files"]?.hard)
            #expect(receipt.proof.descriptors == view.descriptors.sorted { $0.key < $1.key }.map { "\($0) \($1)" })
            let json = receipt.json
            #expect(json["started"]?["worker"]?.text == Hexadecimal.encode(receipt.manifest.worker))
            #expect(
                json["manifest"]?.text
                    == json["started"].map { Hexadecimal.encode(SHA256.hash($0.encoded())) })
            // Another worker, table, limit or demand makes another manifest.
            let smaller = try WorkerProgram(path: Security.worker, limits: JobLimits(prompt: 1 << 10), trustFile: nil)
            let stricter = try WorkerProgram(
                path: Security.worker, limits: Security.limits, trustFile: nil, required: [.landlock])
            let foreign = try WorkerProgram(path: Security.unconfined, limits: Security.limits, trustFile: nil)
            func manifest(_ filter: SystemCallTable.Architecture, _ landlock: Int) -> SandboxManifest {
                let own = receipt.manifest
                return SandboxManifest(
                    worker: own.worker, filter: .of(filter), landlock: LandlockRules(abi: landlock), arena: own.arena,
                    required: own.required)
            }
            let manifests =
                [receipt.manifest, smaller.manifest, stricter.manifest, foreign.manifest] + [
                    manifest(.x86_64, 1), manifest(.x86_64, 4), manifest(.aarch64, 1),
                ]
            #expect(Set(manifests.map(\.digest)).count == manifests.count)
            withExtendedLifetime(spawner) {}
        }

        @Test("each job of a node has a receipt, which jobs show prints, and the time its plaintext lay open")
        func journalled() async throws {
            let network = try await TestNetwork("--nodes", "1")
            let node = try await network.makeNode("leader")
            let running = try await node.start()
            let (status, answer) = try await network.submit(model: "mock", prompt: "Why?", verifiers: 0)
            #expect(status == 0)
            let id = try #require(answer["jobId"] as? String)
            try await running.line(within: 10) { $0.contains("result_sent") }
            let shown = try await network.run(
                "blindference-node", ["jobs", "show", id, "--config-dir", node.folder.path, "--format", "json"])
            #expect(shown.status == 0, "\(shown.output)")
            let job = try JSONValue(parsing: Array(shown.output.utf8))
            #expect(job["receipt"]?["seen"]?["status"]?["Seccomp"]?.text == "2")
            #expect(job["receipt"]?["seen"]?["status"]?["NoNewPrivs"]?.text == "1")
            let worker = try Data(contentsOf: TestNetwork.binaries.appending(path: "blindference-worker"))
            let measured = Hexadecimal.encode(SHA256.hash([UInt8](worker)))
            #expect(job["receipt"]?["started"]?["worker"]?.text == measured)
            let open = try #require(job["exposureMicroseconds"]?.int)
            #expect((1...5_000_000).contains(open))
            let state = try await network.run(
                "blindference-node", ["status", "--config-dir", node.folder.path, "--format", "json"])
            #expect(
                try JSONValue(parsing: Array(state.output.utf8))["sandboxManifest"] == job["receipt"]?["manifest"])
            let table = try await network.run(
                "blindference-node", ["jobs", "show", id, "--config-dir", node.folder.path])
            #expect(table.output.contains(measured) && table.output.contains("Seccomp 2"), "\(table.output)")
            let unknown = try await network.run(
                "blindference-node", ["jobs", "show", "0xother", "--config-dir", node.folder.path])
            #expect(unknown.status == 1 && unknown.output.contains("jobs list"))
        }

        @Test("a machine without a layer is told so; required_layers makes it a reason not to run")
        func missingLayer() async throws {
            let place = try Installation()
            // Nobody makes namespaces without this capability; the worker, who is still root, makes none of its own.
            let without = try await place.run(with: ["--bounding-set", "-sys_admin"])
            #expect(without.status == 0, "\(without.output)")
            let refused = try await place.run(
                settings: ["BLF_REQUIRED_LAYERS": "landlock,namespaces"], with: ["--bounding-set", "-sys_admin"])
            #expect(refused.status == 1)
            #expect(refused.output.contains("required_layers asks for namespaces"), "\(refused.output)")
            let given = try await place.run(settings: ["BLF_REQUIRED_LAYERS": "landlock,namespaces,process_namespace"])
            #expect(given.status == 0, "\(given.output)")
            let unknown = try await place.run(settings: ["BLF_REQUIRED_LAYERS": "landlock,moat"])
            #expect(unknown.status == 1)
            #expect(unknown.output.contains("required_layers must be one of"), "\(unknown.output)")

            try await MeasuredWorkerTests.expectNamed(
                [.namespaces, .emptyRoot, .processNamespace], ["/usr/bin/setpriv", "--bounding-set", "-sys_admin"])
        }

        /// What nobody needs rights for to take it away. Where a processor does not speculate past stores, that layer is
        /// there by itself.
        private static let lackable: [SandboxLayer] =
            [.secretMemory, .landlock, .noExecutableMemory]
            + (ProcessView(getpid()).status["Speculation_Store_Bypass"] == "thread vulnerable" ? [.speculation] : [])

        @Test(
            "whoever runs the node: a layer that the kernel lacks is named, or a reason not to run", arguments: lackable
        )
        func lackedLayer(_ layer: SandboxLayer) async throws {
            let launcher = [Security.withoutSecretMemory, "--lacking", layer.rawValue]
            let refused = try await Installation().run(
                settings: ["BLF_REQUIRED_LAYERS": layer.rawValue], with: ["--no-new-privs"] + launcher)
            #expect(refused.status == 1)
            #expect(refused.output.contains("required_layers asks for \(layer.rawValue)"), "\(refused.output)")
            try await MeasuredWorkerTests.expectNamed([layer], launcher)
        }

        /// A node under `launcher`, which takes these layers away, names them and what else this kernel lacks: when it
        /// starts, in its status, and in the receipt of a job.
        private static func expectNamed(_ taken: Set<SandboxLayer>, _ launcher: [String]) async throws {
            let network = try await TestNetwork("--nodes", "1")
            let node = try await network.makeNode("poor")
            let program = TestNetwork.binaries.appending(path: "blindference-node").path
            let running = try ChildProcess(
                URL(filePath: launcher[0]),
                launcher.dropFirst() + [program, "run", "--password-file", node.passwordFile],
                environment: node.environment(), directory: node.folder, output: node.folder.appending(path: "node.log")
            )
            try await running.line(within: 30) { $0.contains("node_started") }
            let spawner = try Security.spawner()
            let missing = Set(try #require(await spawner.spawn().receipt?.missing))
            #expect(missing.isDisjoint(with: taken))
            let expected = SandboxLayer.allCases.filter(missing.union(taken).contains).map(\.rawValue)
            let named = running.text.split(separator: "\n").filter { $0.contains("layer_missing") }
            #expect(named.count == expected.count)
            for layer in expected { #expect(named.contains { $0.contains("\"layer\":\"\(layer)\"") }, "\(layer)") }
            let status = try await network.run(
                "blindference-node", ["status", "--config-dir", node.folder.path, "--format", "json"])
            let shown = try JSONValue(parsing: Array(status.output.utf8))["missingLayers"]
            #expect(shown == .array(expected.map { .string($0) }))
            let (done, answer) = try await network.submit(model: "mock", prompt: "Why?", verifiers: 0)
            #expect(done == 0)
            let id = try #require(answer["jobId"] as? String)
            let job = try await network.run(
                "blindference-node", ["jobs", "show", id, "--config-dir", node.folder.path, "--format", "json"])
            let receipt = try JSONValue(parsing: Array(job.output.utf8))["receipt"]
            #expect(receipt?["missingLayers"] == .array(expected.map { .string($0) }), "\(job.output)")
            withExtendedLifetime(spawner) {}
        }
    }
}
