import Foundation
import Testing

/// What the keys are for: a misuse of them does not compile, where the same line with the right word does.
struct MisuseTests {
  static let misuses = [
    "RecordDraft.of(Marker.self) { $0[Grave.code] = \"LYS1\" }",
    "RecordDraft.of(Marker.self) { $0[Marker.kind] = GraveKind.trench }",
    "RecordDraft.of(Marker.self) { $0[Marker.kind] = \"cross\" }",
    "RecordDraft.of(Marker.self) { $0[Marker.numberText] = 319 }",
    "RecordDraft.of(Effect.self) { $0[Effect.colours] = Colour.blue }",
    "RecordDraft.of(Photo.self) { $0[Photo.sha256] = \"00\" }",
    "RecordDraft.of(Marker.self) { $0.gap(Grave.kind, .notExamined) }",
    "RecordDraft.of(Marker.self) { $0.nothing(Marker.status) }",
    "RecordAmendment.of(Marker.self, \"id\") { $0.link(subject) }",
    "RecordQuery.of(Grave.self, fields: [Marker.kind], language: .english)",
    "view.of(Marker.self)?[Grave.code]",
  ]

  @Test func aMisuseDoesNotCompile() throws {
    let right = """
      RecordDraft.of(Marker.self) {
          $0[Marker.kind] = MarkerKind.cross
          $0.gap(Marker.status, .notExamined)
        }
      """
    #expect(try compiles(right), "the right line compiles")
    for misuse in Self.misuses {
      #expect(try !compiles(misuse), "\(misuse)")
    }
  }

  private func compiles(_ line: String) throws -> Bool {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let seed = folder.appending(path: "Seed.swift")
    let text = "import ImenaCore\nfunc seed(subject: SubjectRef, view: RecordView) {\n  _ = \(line)\n}\n"
    try text.write(to: seed, atomically: true, encoding: .utf8)
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let package = tests.deletingLastPathComponent()
    let built = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = [
      "swiftc", "-typecheck", "-swift-version", "6", "-I", built.appending(path: "Modules").path,
      "-I", package.appending(path: "Sources/ImenaFFI/generated").path, seed.path,
    ]
    compiler.standardError = FileHandle.nullDevice
    try compiler.run()
    compiler.waitUntilExit()
    return compiler.terminationStatus == 0
  }
}
