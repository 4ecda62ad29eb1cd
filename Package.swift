// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "blindference-node",
    products: [
        .executable(name: "blindference-worker", targets: ["blindference-worker"])
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "CSystem"),
        .target(name: "Shared", dependencies: ["CSystem", "COpenSSL"], swiftSettings: settings),

        // The worker: static and position-independent, so that its hash covers every instruction it runs.
        .target(
            name: "Worker", dependencies: ["Shared", "CSystem", "COpenSSL", "CSeccomp"], exclude: ["Main"],
            swiftSettings: settings),
        .executableTarget(
            name: "blindference-worker", dependencies: ["Worker"], path: "Sources/Worker/Main", swiftSettings: settings,
            linkerSettings: [
                .unsafeFlags(["-static-executable", "-use-ld=lld", "-Xclang-linker", "-static-pie"])
            ]),

        .target(
            name: "Supervisor", dependencies: ["Shared", "CSystem"], path: "Sources/Supervisor/Node",
            swiftSettings: settings),
        .testTarget(
            name: "SupervisorTests", dependencies: ["Supervisor", "Shared"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
