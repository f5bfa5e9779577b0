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

/// Gives its pieces one after the other.
actor Pieces {
  private var left: [[UInt8]]

  init(_ pieces: [[UInt8]]) { left = pieces }

  func next() -> [UInt8]? { left.isEmpty ? nil : left.removeFirst() }
}

do {
  let config = StoreConfig(dir: dir, appVersion: "scenario child", utcOffsetMin: 0)
  let store = try await ImenaStore.open(config, vault: SoftwareVault(folder: dir), performer: NoLink())
  _ = try await store.unlock(passcode: passcode)
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: picture)))
  let whole = Pieces([bytes, Array("saved".utf8)])
  let saved = try await store.capture(NewPhoto(origin: .inAppCamera)) { await whole.next() }
  say("saved \(saved.id.text)")
  let half = Pieces([Array(bytes.prefix(bytes.count / 2))])
  _ = try await store.capture(NewPhoto(origin: .inAppCamera)) {
    if let piece = await half.next() { return piece }
    say("half done")
    try await Task.sleep(for: .seconds(600))
    return nil
  }
} catch {
  say("\(error)")
}
