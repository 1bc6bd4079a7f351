// swift-tools-version: 6.2
import PackageDescription

// One list of rooms; each names the rooms below it. The settings hold for all of them.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// The door to one system library: a module map and `shim.h`.
func door(_ name: String, package: String) -> Target {
    .systemLibrary(name: name, providers: [.apt([package])])
}

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "auscult",
    products: [
        .executable(name: "auscult", targets: ["auscult"]),
        .executable(name: "auscult-bench", targets: ["bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        door("CZeroMQ", package: "libzmq3-dev"),
        door("CFFTW", package: "libfftw3-dev"),
        door("COpenBLAS", package: "libopenblas-dev"),
        door("CSndFile", package: "libsndfile1-dev"),
        door("CPostgreSQL", package: "libpq-dev"),
        .target(name: "CSupport"),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=fast"])]),

        room("Plant", [crypto]),
        room("Wire", ["Plant", protobuf]),
        room("Messaging", ["CZeroMQ", "CSupport"]),
        room("Brokerage", ["Plant", "Wire"]),
        room("Alarms", ["Plant"]),
        room("Audio", ["CSndFile", crypto]),
        room("Spectra", ["CFFTW", "CKernels"]),
        room("Tensors", ["COpenBLAS", "CKernels"]),
        room("Networks", ["Plant", "Tensors"]),
        room("Detection", ["Plant", "Spectra", "Networks", "Tensors"]),
        room("Datasets", ["Plant", "Audio", "Spectra", "Tensors", "CSupport"]),
        room("Training", ["Plant", "Wire", "Audio", "Spectra", "Detection", "Datasets", "Networks", "Tensors"]),
        room("Files"),
        room("PostgreSQL", ["CPostgreSQL", "CSupport", "Files"]),
        room("Ledger", ["Plant", "Alarms", "PostgreSQL", logging], resources: [.embedInCode("Migrations")]),
        room(
            "Nodes",
            [
                "Plant", "Alarms", "Wire", "Messaging", "Brokerage", "Audio", "Spectra", "Tensors", "Networks",
                "Detection",
                "Datasets",
                "Training", "PostgreSQL", "Ledger", "CSupport", "Files", logging, protobuf,
            ]),
        .executableTarget(
            name: "auscult",
            dependencies: [
                "Plant", "Alarms", "Nodes", "Wire", "Audio", "Spectra", "Networks", "Detection", "Datasets", "Training",
                "Ledger", "PostgreSQL", "Messaging", "Files", arguments, logging, protobuf,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "bench",
            dependencies: [
                "Plant", "Spectra", "Networks", "Tensors", "Detection", "Datasets", "Messaging", "Wire", "PostgreSQL",
                "Ledger", "Nodes", "Chaos", "TestSupport", arguments, protobuf,
            ],
            exclude: ["peers", "RESULTS.md"],
            resources: [.embedInCode("Year/Questions/README.md")],
            swiftSettings: strict),

        room("Chaos", ["Plant", "Wire", "Messaging", "Datasets", "PostgreSQL", "Nodes", "Files"]),
        room(
            "TestSupport",
            ["Plant", "PostgreSQL", "Ledger", "Wire", "Audio", "Spectra", "Networks", "CSupport", protobuf]),
        tests("PlantTests", ["Plant"]),
        tests("FilesTests", ["Files", "TestSupport"]),
        tests("WireTests", ["Wire", "TestSupport", protobuf]),
        tests("MessagingTests", ["Messaging"]),
        tests("AlarmsTests", ["Alarms", "Plant"]),
        tests("BrokerageTests", ["Plant", "Brokerage", "Wire"]),
        tests("AudioTests", ["Audio", "TestSupport"], resources: [.copy("Fixtures")]),
        tests("SpectraTests", ["Spectra", "CKernels", "TestSupport"], resources: [.copy("Fixtures")]),
        tests("TensorsTests", ["Tensors"]),
        tests(
            "NetworksTests", ["Plant", "Networks", "Tensors"],
            exclude: ["Fixtures/make_fixture.py", "Fixtures/make_layers.py", "Fixtures/make_method.py"],
            resources: [
                .copy("Fixtures/small-network.safetensors"), .copy("Fixtures/layers.safetensors"),
                .copy("Fixtures/method.safetensors"),
            ]),
        tests(
            "DetectionTests", ["Plant", "Detection", "Spectra", "Networks", "Tensors"], resources: [.copy("Fixtures")]),
        tests("DatasetsTests", ["Plant", "Datasets", "Audio", "Spectra"]),
        tests("TrainingTests", ["Plant", "Training", "Detection", "Networks", "Spectra", "Tensors", "Wire"]),
        tests("PostgreSQLTests", ["PostgreSQL", "TestSupport"]),
        tests(
            "ConformanceTests", ["Plant", "Ledger", "Wire", "PostgreSQL", "Messaging", "Nodes", "TestSupport"],
            exclude: ["Fixtures"]),
        tests(
            "NodesTests",
            [
                "Plant", "Wire", "Messaging", "Brokerage", "Ledger", "Datasets", "Training", "Nodes", "Files",
                "TestSupport", protobuf, logging,
            ]),
        tests(
            "SimulationTests",
            [
                "Plant", "Brokerage", "Ledger", "TestSupport", "Wire", "Nodes", "Training", "Detection", "Networks",
                "Spectra", "Tensors", logging, protobuf,
            ]),
        tests(
            "IntegrationTests",
            [
                "auscult", "Chaos", "Plant", "TestSupport", "PostgreSQL", "Ledger", "Wire", "Messaging", "Nodes",
                "Training", logging, protobuf,
            ]),
    ]
)
