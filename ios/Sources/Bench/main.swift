import Foundation
import ImenaCore

/// The calls of benches/ffi.rs in Swift, on the generated code itself.
final class Sink: LogSink, @unchecked Sendable {
  private let lock = NSLock()
  private var line = ""

  var last: String { lock.withLock { line } }

  func takeLine(level: LogLevel, target: String, text: String) throws { lock.withLock { line = text } }
}

let words = CommandLine.arguments
let (vault, passcode, site, grave) = (words[1], words[2], words[3], words[4])
let sink = Sink()
setLogSink(sink: sink)
let config = StoreConfig(dir: vault, appVersion: "bench", utcOffsetMin: 0)
let store = try FieldStore.openVault(config: config, vault: SoftwareVault(folder: vault))
_ = try store.unlock(passcode: passcode)
let picture = try Data(contentsOf: URL(fileURLWithPath: words[5]))
let chunks = stride(from: 0, to: picture.count, by: ImenaStore.chunkBytesMax).map {
  Data(picture[$0..<min($0 + ImenaStore.chunkBytesMax, picture.count)])
}
let graves = RecordQuery.of(Grave.self, parent: site, language: .english)
let page = PageQuery(limit: 50)

func capture(_ chunks: [Data]) throws {
  let id = UUID()
  let draft = PhotoDraft(captureId: id.uuidString, origin: .inAppCamera)
  let capture = try store.beginPhoto(draft: draft)
  for chunk in chunks { try capture.append(chunk: chunk) }
  try capture.append(chunk: Data(id.uuidString.utf8))
  _ = try capture.finish(facts: CaptureFacts())
}

while let line = readLine() {
  let parts = line.split(separator: " ")
  guard parts.count == 2, let count = Int(parts[1]) else { continue }
  if parts[0] == "end" {
    _ = try store.shutDown()
    print(sink.last)
    exit(0)
  }
  let begun = ContinuousClock.now
  for _ in 0..<count {
    switch parts[0] {
    case "status": _ = try store.status()
    case "view": _ = try store.getRecord(recordId: grave, language: .english)
    case "page": _ = try store.listRecords(query: graves, page: page)
    case "capture": try capture(chunks)
    default: try capture([Data("small".utf8)])
    }
  }
  let took = ContinuousClock.now - begun
  if parts[0] == "capture" { Thread.sleep(forTimeInterval: 3) }
  let nanos = took.components.seconds * 1_000_000_000 + took.components.attoseconds / 1_000_000_000
  FileHandle.standardOutput.write(Data("\(nanos)\n".utf8))
}
