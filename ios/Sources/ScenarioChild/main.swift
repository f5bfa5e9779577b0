import Foundation
import ImenaCore

/// The other process: opens the vault, saves one photo, says so, begins another and waits to be killed.
let words = CommandLine.arguments
let (dir, passcode, picture) = (words[1], words[2], words[3])

/// Reaches no network: the child only captures.
struct NoLink: TransferPerforming {
  func perform(_ job: TransferJob) async throws -> Performed { .failed(.unreachable) }
}

func say(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

func newPhoto() -> PhotoDraft { PhotoDraft(captureId: UUID().uuidString, origin: .inAppCamera) }

/// Gives its pieces one after the other.
actor Pieces {
  private var left: [Data]

  init(_ pieces: [Data]) { left = pieces }

  func next() -> Data? { left.isEmpty ? nil : left.removeFirst() }
}

do {
  let config = StoreConfig(dir: dir, appVersion: "scenario child", utcOffsetMin: 0)
  let store = try await ImenaStore.open(config, vault: SoftwareVault(folder: dir), performer: NoLink())
  _ = try await store.unlock(passcode: passcode)
  let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
  let whole = Pieces([bytes, Data("saved".utf8)])
  let saved = try await store.capture(newPhoto()) { await whole.next() }
  say("saved \(saved.photoId)")
  let half = Pieces([bytes.prefix(bytes.count / 2)])
  _ = try await store.capture(newPhoto()) {
    if let piece = await half.next() { return piece }
    say("half done")
    try await Task.sleep(for: .seconds(600))
    return nil
  }
} catch {
  say("\(error)")
}
