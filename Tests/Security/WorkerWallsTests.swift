import CSystem
import Foundation
import Inspection
import Shared
import Supervisor
import TestNetwork
import Testing

extension Security {
    @Suite("The walls around a worker, seen from outside") struct WorkerWallsTests {
        /// A worker that a spawner made, or the waiting workers of a running node whose operator has set whatever can be
        /// set: no setting takes a wall away.
        enum Origin: String, CaseIterable, Sendable { case spawner, node }

        /// Switches of the configuration, turned over; and variables by which other programs are told to show more.
        private static let settings = [
            "BLF_ZDR_COMPLIANT": "true", "BLF_SKIP_OUTPUT_KEY_STORAGE": "true", "BLF_LOG_LEVEL": "DEBUG",
            "BLF_LOG_FORMAT": "text", "BLF_MAX_CONCURRENT_JOBS": "2", "BLF_MAX_EXPOSURE_SECONDS": "300",
            "BLF_OPENAI_TIMEOUT_SECONDS": "280", "BLF_OPENAI_MAX_TOKENS": "131072", "BLF_TIER": "0",
            "BLF_CUSTOM_BACKENDS": "other", "BLF_ATTESTATION_BACKEND": "mock", "BLF_MODEL_CACHE_DIR": "/tmp",
            "BLF_EXECUTION_COMMITMENTS": "true", "BLF_RPC_URL": "http://127.0.0.1:9", "BLF_MAX_FEE_PER_GAS_WEI": "1",
            "BLF_MAX_PROMPT_BYTES": "1048576",
            "BLF_REQUIRED_LAYERS": "", "SWIFT_BACKTRACE": "enable=yes", "GLIBC_TUNABLES": "glibc.malloc.perturb=0",
            "MALLOC_PERTURB_": "0", "OPENSSL_CONF": "/tmp/openssl.cnf", "LD_DEBUG": "",
        ]

        /// Settings that only name a place, an account or a model, or an amount of money.
        private static let names: Set<Setting> = [
            .nodeAddress, .keystorePath, .supportedModelIDs, .iclEndpoint, .paymentServiceURL, .cofheEndpoint,
            .cofheMode, .cofheChainID, .cofheTNURL, .cofheVerifierURL, .cofheKeyURL, .cofheHelper, .ipfsGateway,
            .ipfsFallbackGateways, .ipfsUploadURL, .promptKeyStoreAddress, .network, .stakeAmountWei,
            .blindTokenAddress, .chainID, .nodeRegistryAddress, .stakingAddress, .nodeOperatorRegistryAddress,
            .nodeAttestationRegistryAddress, .commitmentRegistryAddress, .mockModelIDs, .groqBaseURL, .geminiBaseURL,
            .openaiBaseURL, .openaiAPIKeyFile, .openaiModelIDs,
        ]

        @Test("each setting is turned over, or is known to be a name alone")
        func allSettings() {
            let rest = Set(Setting.allCases).subtracting(WorkerWallsTests.names).map(\.variable)
            #expect(Set(rest) == Set(WorkerWallsTests.settings.keys.filter { $0.hasPrefix("BLF_") }))
        }

        @Test("no option of a command that starts workers says anything about their walls")
        func options() async throws {
            let place = try Installation()
            let known = [
                "run": ["--config-dir", "--password-file"], "doctor": ["--config-dir", "--drill", "--format"],
                "test-determinism": ["--config-dir", "--format"],
            ]
            for (command, options) in known {
                let help = try await place.run([command, "--help"])
                let shown = Set(help.output.matches(of: /--[a-z-]+/).map { String($0.output) })
                #expect(shown.subtracting(["--help", "--version"]) == Set(options), "\(command)")
            }
        }

        private func look(_ origin: Origin, _ body: (ProcessView) async throws -> Void) async throws {
            switch origin {
            case .spawner:
                let spawner = try Security.spawner()
                let worker = try await spawner.spawn()
                try await body(ProcessView(worker.pid))
                withExtendedLifetime((spawner, worker)) {}
            case .node:
                let network = try await TestNetwork()
                let node = try await network.makeNode("walls").start(WorkerWallsTests.settings)
                let workers = { ProcessView(node.pid).children.filter { $0.status["Seccomp"] == "2" } }
                try await Security.wait(for: "the pool of two is filled") { workers().count == 2 }
                for worker in workers() { try await body(worker) }
                withExtendedLifetime(network) {}
            }
        }

        @Test(
            "a worker has a filter, no new privileges, one thread, no capability and no tracer",
            arguments: Origin.allCases)
        func privileges(_ origin: Origin) async throws {
            try await look(origin) { worker in
                let status = worker.status
                #expect(status["Seccomp"] == "2")
                #expect(status["Seccomp_filters"] == "1")
                #expect(status["NoNewPrivs"] == "1")
                #expect(status["Threads"] == "1")
                #expect(status["TracerPid"] == "0")
                for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] + (geteuid() == 0 ? ["CapBnd"] : []) {
                    #expect(status[set] == "0000000000000000", "\(set)")
                }
                for kind in ["Uid", "Gid"] {
                    let ids = status[kind]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
                    #expect(ids.count == 4 && !ids.contains("0"), "\(kind) \(ids)")
                }
                #expect((status["Groups"] ?? "").isEmpty || geteuid() != 0)
            }
        }

        @Test("a worker keeps no capability, even where those of root outlive a change of identity")
        func keptCapabilities() async throws {
            let result = try await Installation().run(with: ["--securebits", "+no_setuid_fixup"])
            #expect(result.status == 0, "\(result.output)")
        }

        @Test("a worker is not dumpable: the kernel gives root its files", arguments: Origin.allCases)
        func dumpable(_ origin: Origin) async throws {
            try await look(origin) { worker in
                let attributes = try FileManager.default.attributesOfItem(atPath: worker.path("status"))
                #expect(attributes[.ownerAccountID] as? Int == 0)
                #expect(worker.status["Uid"]?.hasPrefix("0") == false)
            }
        }

        @Test(
            "a worker can leave no core, write no file, start no process, and hold few descriptors",
            arguments: Origin.allCases)
        func limits(_ origin: Origin) async throws {
            try await look(origin) { worker in
                let limits = worker.limits
                for name in ["Max core file size", "Max file size", "Max processes"] {
                    #expect(limits[name]?.soft == "0", "\(name)")
                    #expect(limits[name]?.hard == "0", "\(name)")
                }
                #expect(limits["Max open files"].flatMap { Int($0.hard) } ?? .max <= 16)
                for name in ["Max address space", "Max cpu time"] {
                    #expect(limits[name].flatMap { Int($0.hard) } != nil, "\(name) is unlimited")
                }
            }
        }

        @Test("a worker inherits nothing but its channel and two variables", arguments: Origin.allCases)
        func inheritance(_ origin: Origin) async throws {
            try await look(origin) { worker in
                let descriptors = worker.descriptors
                #expect(descriptors.keys.sorted() == [0, 1, 2, 3])
                for number in 0...2 { #expect(descriptors[number] == "/dev/null") }
                #expect(descriptors[3]?.hasPrefix("socket:") == true)
                #expect(Set(worker.environment) == Security.environmentParts)
            }
        }

        @Test(
            "a worker has namespaces of its own, with no network and one empty folder in them, wherever the kernel offers them",
            arguments: Origin.allCases)
        func namespaces(_ origin: Origin) async throws {
            let offered = try await Security.kernelOffersNamespaces()
            try await look(origin) { worker in
                let own = ProcessView(getpid())
                for kind in ["net", "ipc", "uts", "mnt"] {
                    let link = try #require(worker.link("ns/\(kind)"))
                    #expect((link != own.link("ns/\(kind)")) == offered, "\(kind)")
                }
                // Processes are told apart at the clone, which an ordinary user's worker is past when it makes the rest.
                let ofProcesses = try #require(worker.link("ns/pid"))
                #expect((ofProcesses != own.link("ns/pid")) == (offered && geteuid() == 0))
                #expect(
                    (worker.status["NSpid"]?.split(whereSeparator: \.isWhitespace).count == 2)
                        == (offered && geteuid() == 0))
                guard offered else { return }
                let mounts = worker.text("mountinfo").split(separator: "\n")
                #expect(mounts.count == 1 && mounts[0].contains(" / / ro,") && mounts[0].contains(" - tmpfs none ro"))
                let devices = worker.text("net/dev").split(separator: "\n").dropFirst(2)
                    .compactMap { $0.split(separator: ":").first?.trimmingCharacters(in: .whitespaces) }
                // Kernels with tunnel modules put their silent fallback devices into every namespace.
                #expect(devices.contains("lo") && !devices.contains { $0.hasPrefix("e") && !$0.hasPrefix("erspan") })
                // A loopback that is up has a local address; one that is down has none.
                #expect(!worker.text("net/fib_trie").contains("127.0.0.1"))
                #expect(worker.text("net/if_inet6").isEmpty)
                #expect(worker.text("net/route").split(separator: "\n").count <= 1)
            }
        }

        @Test("what is mounted or removed later is not mirrored in a worker, where the machine shares its mounts")
        func mounts() async throws {
            let network = try await TestNetwork("--nodes", "1")
            let node = try await network.makeNode("walls")
            let program = TestNetwork.binaries.appending(path: "blindference-node").path as String
            let running = try ChildProcess(
                URL(filePath: "/usr/bin/unshare"),
                ["--mount", "--propagation", "shared", program, "run", "--password-file", node.passwordFile],
                environment: node.environment(), directory: node.folder, output: node.folder.appending(path: "node.log")
            )
            try await running.line(within: 30) { $0.contains("node_started") }
            let supervisor = ProcessView(running.pid)
            #expect(supervisor.text("mountinfo").contains("shared:"))
            try await Security.wait(for: "a worker waits") {
                supervisor.children.contains { $0.status["Seccomp"] == "2" }
            }
            for worker in supervisor.children {
                let mounts = worker.text("mountinfo")
                #expect(mounts.contains(" - tmpfs none ") && !mounts.contains("shared:") && !mounts.contains("master:"))
            }
        }

        @Test("a worker's proof and its ready frame name the extra layers that this kernel has")
        func layers() async throws {
            let offered = try await Security.kernelOffersNamespaces()
            let spawner = try Security.spawner()
            let worker = try await spawner.spawn()
            let layers = try #require(worker.receipt?.layers)
            #expect(layers.contains(.namespaces) == offered)
            #expect(layers.contains(.emptyRoot) == offered)
            #expect(layers.contains(.processNamespace) == (offered && geteuid() == 0))
            #expect(layers.contains(.landlock) == (csystem_landlock_abi() > 0))
            #expect(layers.contains(.secretMemory) == Security.kernelHasSecretMemory)
            let own = ProcessView(getpid()).status["Speculation_Store_Bypass"]
            #expect(layers.contains(.speculation) == (own == "thread vulnerable" || own == "not vulnerable"))
            let missing = SandboxLayer.allCases.filter { !layers.contains($0) }.map(\.rawValue)
            let user = geteuid() == 0 ? "root" : "an ordinary user"
            print(
                "extra layers that \(user)'s workers lack here: \(missing.isEmpty ? "none" : missing.joined(separator: ", "))"
            )
            withExtendedLifetime(spawner) {}
        }

        @Test(
            "a worker's memory is locked or secret where secrets go, and never writable and executable",
            arguments: Origin.allCases)
        func memory(_ origin: Origin) async throws {
            try await look(origin) { worker in
                let regions = worker.regions
                #expect(regions.count > 5)
                let secret = regions.filter { $0.name.hasPrefix("/secretmem") }
                let locked = Int(worker.status["VmLck"]?.split(separator: " ").first ?? "") ?? 0
                #expect(locked << 10 >= Security.limits.arena)
                if Security.kernelHasSecretMemory { #expect(secret.count == 1, "the kernel has memfd_secret") }
                #expect(!regions.contains { $0.permissions.contains("wx") })
                #expect(worker.status["VmSwap"]?.hasPrefix("0 ") ?? true)
            }
        }

        @Test("a worker runs the measured file and maps no other", arguments: Origin.allCases)
        func program(_ origin: Origin) async throws {
            let file = try Data(contentsOf: URL(filePath: Security.worker))
            try await look(origin) { worker in
                #expect(try Data(contentsOf: URL(filePath: worker.path("exe"))) == file)
                let executable = try #require(worker.link("exe"))
                let foreign = worker.regions.map(\.name).filter {
                    !$0.isEmpty && !$0.hasPrefix("[") && !$0.hasPrefix("/secretmem") && $0 != executable
                }
                #expect(foreign.isEmpty, "\(foreign)")
            }
        }
    }
}
