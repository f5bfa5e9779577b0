// swift-tools-version: 6.0
import PackageDescription

// The generated targets hold what `./dev bindings` and `./dev test` put into their folder `generated`; none of it is committed.
let package = Package(
  name: "Imena",
  platforms: [.iOS(.v17)],
  products: [.library(name: "ImenaCore", targets: ["ImenaCore"])],
  targets: [
    .systemLibrary(name: "ImenaFFI", path: "Sources/ImenaFFI/generated"),
    .target(
      name: "ImenaBindings",
      dependencies: ["ImenaFFI"],
      path: "Sources/ImenaBindings/generated",
      swiftSettings: [.swiftLanguageMode(.v5)],  // generated code only
      linkerSettings: [.linkedLibrary("imena_ffi")]
    ),
    .target(name: "ImenaCore", dependencies: ["ImenaBindings"]),
    .executableTarget(name: "ScenarioChild", dependencies: ["ImenaCore"]),
    .executableTarget(name: "Bench", dependencies: ["ImenaCore", "ImenaBindings"]),
    .testTarget(name: "ImenaCoreTests", dependencies: ["ImenaCore", "ImenaBindings"]),
  ],
  swiftLanguageModes: [.v6]
)
