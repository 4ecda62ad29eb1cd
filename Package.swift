// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// A room of the supervisor's wing. Imports run downwards only; separate targets make the compiler the judge.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: ["Shared"] + dependencies, path: "Sources/Supervisor/\(name)", swiftSettings: settings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: ["Shared"] + dependencies, path: path ?? "Tests/\(name)", exclude: exclude,
        swiftSettings: settings)
}

/// The worker and its attackers: static and position-independent, so that the hash covers every instruction. Each start
/// relocates the program anew; packed, the table is 9 KB instead of 870 (glibc 2.36).
let staticProgram: [LinkerSetting] = [
    .unsafeFlags([
        "-static-executable", "-use-ld=lld", "-Xclang-linker", "-static-pie", "-Xlinker", "--pack-dyn-relocs=relr",
    ])
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "blindference-node",
    products: [
        .executable(name: "blindference-node", targets: ["blindference-node"]),
        .executable(name: "blindference-worker", targets: ["blindference-worker"]),
        .executable(name: "blindference-devnet", targets: ["blindference-devnet"]),
        .executable(name: "blindference-devnet-helper", targets: ["blindference-devnet-helper"]),
        .executable(name: "blindference-drill", targets: ["blindference-drill"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CSystem"),
        .target(name: "Shared", dependencies: ["CSystem", "COpenSSL", "CSecp256k1"], swiftSettings: settings),

        // The worker: static and position-independent, so that its hash covers every instruction it runs.
        .target(
            name: "Worker", dependencies: ["Shared", "CSystem", "COpenSSL", "CSeccomp", "CSodium"], exclude: ["Main"],
            swiftSettings: settings),
        .executableTarget(
            name: "blindference-worker", dependencies: ["Worker"], path: "Sources/Worker/Main", swiftSettings: settings,
            linkerSettings: staticProgram),

        // Attacks on the worker's walls: the list of them, and the program that makes them from inside.
        .target(name: "CDrill"),
        .target(name: "Drill", exclude: ["Main"], swiftSettings: settings),
        .executableTarget(
            name: "blindference-drill", dependencies: ["Drill", "Worker", "Shared", "CDrill", "CSystem", "CSeccomp"],
            path: "Sources/Drill/Main", swiftSettings: settings, linkerSettings: staticProgram),

        // The supervisor's wing.
        room("HTTPTransport", ["CSystem", "CCurl"]),
        room("Ethereum", ["CSystem", "CSecp256k1", "CSodium", "COpenSSL", "HTTPTransport"]),
        room("ContentStore", ["HTTPTransport"]),
        room("Coordination", ["HTTPTransport"]),
        room("CoFHE", ["CSystem", "COpenSSL", "Ethereum", "HTTPTransport"]),
        room("Attestation", ["COpenSSL"]),
        .target(
            name: "Supervisor",
            dependencies: [
                "Shared", "CSystem", "HTTPTransport", "Ethereum", "ContentStore", "Coordination", "CoFHE",
                "Attestation", "Drill",
                logging, .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Sources/Supervisor/Node", swiftSettings: settings),
        .executableTarget(
            name: "blindference-node",
            dependencies: ["Supervisor", "CoFHE", "Coordination", "Ethereum", "Shared", argumentParser, logging],
            swiftSettings: settings),

        // The toy network.
        .target(
            name: "DevnetCore", dependencies: ["Shared", "COpenSSL", "CSodium", "Ethereum", "ContentStore"],
            path: "Sources/Devnet",
            exclude: ["Commands", "Helper"], swiftSettings: settings),
        .executableTarget(
            name: "blindference-devnet", dependencies: ["DevnetCore", "Ethereum", argumentParser],
            path: "Sources/Devnet/Commands",
            swiftSettings: settings),
        .executableTarget(
            name: "blindference-devnet-helper", dependencies: ["Shared", "CSodium"], path: "Sources/Devnet/Helper",
            swiftSettings: settings),

        .target(name: "LoopbackServer", path: "Tests/Support/LoopbackServer", swiftSettings: settings),
        .target(name: "TestNetwork", path: "Tests/Support/TestNetwork", swiftSettings: settings),
        .target(
            name: "TestChain", dependencies: ["Shared", "TestNetwork"], path: "Tests/Support/TestChain",
            swiftSettings: settings),
        .target(
            name: "LocalNode",
            dependencies: [
                "Supervisor", "Attestation", "Coordination", "CoFHE", "ContentStore", "Ethereum", "HTTPTransport",
                "DevnetCore", "Shared", logging,
            ],
            path: "Tests/Support/LocalNode", swiftSettings: settings),
        .executableTarget(
            name: "bench",
            dependencies: [
                "Supervisor", "CoFHE", "DevnetCore", "Ethereum", "HTTPTransport", "Shared", "TestChain", "TestNetwork",
            ],
            path: "Tests/Bench",
            swiftSettings: settings),
        // Programs and eyes of Tests/Security. Test targets find the programs in the build folder.
        .target(name: "CProbes", dependencies: ["CDrill"], path: "Tests/Support/CProbes"),
        // It reads hundreds of megabytes, and tests are built without optimisation.
        .target(name: "CNeedles", path: "Tests/Support/CNeedles", cSettings: [.unsafeFlags(["-O2"])]),
        .target(
            name: "Inspection", dependencies: ["CNeedles"], path: "Tests/Support/Inspection", swiftSettings: settings),
        .executableTarget(
            name: "narrowed-worker", dependencies: ["Worker", "Shared", "CProbes"],
            path: "Tests/Support/NarrowedWorker", swiftSettings: settings, linkerSettings: staticProgram),
        .executableTarget(
            name: "lying-worker", dependencies: ["Worker", "Shared", "CSystem"], path: "Tests/Support/LyingWorker",
            swiftSettings: settings, linkerSettings: staticProgram),
        .executableTarget(name: "unconfined-worker", dependencies: ["CSystem"], path: "Tests/Support/UnconfinedWorker"),
        .executableTarget(
            name: "canary-scan", dependencies: ["Inspection"], path: "Tests/Support/CanaryScan", swiftSettings: settings
        ),
        .executableTarget(name: "without-secret-memory", path: "Tests/Support/WithoutSecretMemory"),
        tests("SharedTests", []),
        tests("CommandTests", ["blindference-node", "Ethereum", "Supervisor"]),
        tests("WorkerTests", ["Worker", "CSeccomp", "CProbes", "DevnetCore"]),
        tests("HTTPTransportTests", ["HTTPTransport", "LoopbackServer"]),
        tests("EthereumTests", ["Ethereum", "HTTPTransport", "LoopbackServer", "TestChain"]),
        tests("ContentStoreTests", ["ContentStore", "HTTPTransport"], exclude: ["Vectors"]),
        tests("CoFHETests", ["CoFHE", "Ethereum", "HTTPTransport"]),
        tests("CoordinationTests", ["Coordination", "HTTPTransport", "LoopbackServer"]),
        tests("DevnetTests", ["DevnetCore", "Ethereum", "ContentStore", "TestChain"], exclude: ["Vectors"]),
        tests(
            "SupervisorTests",
            [
                "Supervisor", "Attestation", "Coordination", "CoFHE", "ContentStore", "Ethereum", "HTTPTransport",
                "DevnetCore", "LocalNode", "LoopbackServer", "TestChain", "TestNetwork", logging,
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ]),
        tests(
            "SecurityTests",
            [
                "Supervisor", "Inspection", "TestNetwork", "TestChain", "LocalNode", "LoopbackServer", "DevnetCore",
                "Ethereum",
                "CoFHE", "CSystem", "CProbes", "CSeccomp", "Drill",
            ],
            path: "Tests/Security"),
        tests(
            "EndToEndTests", ["TestNetwork", "TestChain", "LoopbackServer", "DevnetCore", "Ethereum"],
            path: "Tests/EndToEnd"),
        tests("InteropTests", ["TestNetwork", "LoopbackServer"], path: "Tests/Interop"),
    ],
    swiftLanguageModes: [.v6]
)

// Only where asked for: the fuzzer's driver comes with the sanitizer that scripts/fuzz.sh links.
if Context.environment["BLF_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["Shared", "Worker", "ContentStore", "Ethereum"], path: "Tests/Fuzz",
            exclude: ["Corpus"], swiftSettings: settings))
}
