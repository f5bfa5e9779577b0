import Foundation
import Testing

@testable import ImenaCore

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

let passcode = "123456"

/// The program that plays everything which is not the phone (docs/design/scenario.md).
final class Stage: @unchecked Sendable {
  private let process = Process()
  private let commands = Pipe()
  private let answers = Pipe()
  private let lock = NSLock()

  init(folder: URL) throws {
    let program = try #require(ProcessInfo.processInfo.environment["IMENA_STAGE"])
    process.executableURL = URL(fileURLWithPath: program)
    process.currentDirectoryURL = folder
    process.standardInput = commands
    process.standardOutput = answers
    try process.run()
  }

  @discardableResult
  func tell(_ words: String...) throws -> [String: String] {
    try lock.withLock {
      commands.fileHandleForWriting.write(Data((words.joined(separator: " ") + "\n").utf8))
      let line = readLine(from: answers.fileHandleForReading)
      try #require(line.hasPrefix("ok"), "\(line)")
      var found: [String: String] = [:]
      for word in line.split(separator: " ").dropFirst() {
        let pair = word.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { found[String(pair[0])] = String(pair[1]) }
      }
      return found
    }
  }
}

/// One line, byte by byte, so that nothing of the next one is taken.
func readLine(from handle: FileHandle) -> String {
  var bytes: [UInt8] = []
  while let byte = handle.readData(ofLength: 1).first, byte != 10 { bytes.append(byte) }
  return String(decoding: bytes, as: UTF8.self)
}

/// A software vault that does as it is told.
final class MoodyVault: KeyVault, @unchecked Sendable {
  enum Mood { case willing, failing, refusing, lying, blocking, notWrapping }

  struct Bug: Error {}

  private let inner: SoftwareVault
  private let lock = NSLock()
  private var now = Mood.willing
  let mayGoOn = DispatchSemaphore(value: 0)

  init(folder: URL) throws { inner = try SoftwareVault(folder: folder.path) }

  var mood: Mood {
    get { lock.withLock { now } }
    set { lock.withLock { now = newValue } }
  }

  func sign(message: Data) throws -> Data {
    switch mood {
    case .willing, .notWrapping: break
    case .failing: throw Bug()
    case .refusing: throw VaultError.Refused(reason: "the chip is busy")
    case .lying: return Data([0x30, 6, 2, 1, 1, 2, 1, 1])
    case .blocking: mayGoOn.wait()
    }
    return try inner.sign(message: message)
  }

  func wrapKey(key: Data) throws -> Data {
    if mood == .notWrapping { throw VaultError.NoKey }
    return try inner.wrapKey(key: key)
  }

  func unwrapKey(wrapped: Data) throws -> Data { try inner.unwrapKey(wrapped: wrapped) }
  func deviceSpki() throws -> Data { try inner.deviceSpki() }
  func renewDeviceKey() throws { try inner.renewDeviceKey() }
  func level() throws -> SecurityLevel { .software }
}

/// On Linux no TLS of URLSession can pin: requests go to a plain door that the stage opens to the hub with this very pin, and to nobody else.
final class TunnelPerformer: TransferPerforming, @unchecked Sendable {
  private let stage: Stage
  private let session = URLSession(configuration: URLExchange.configuration)
  private let lock = NSLock()
  private var doors: [Data: String] = [:]

  init(stage: Stage) { self.stage = stage }

  func perform(_ job: TransferJob) async throws -> Performed {
    guard let pin = job.hub.spkiPins.first else { return .failed(.wrongPin) }
    let door = try door(for: pin)
    let request = try URLExchange.request(job, scheme: "http", address: door)
    return try await URLExchange.send(request, of: job, over: session) { pin }
  }

  private func door(for pin: Data) throws -> String {
    try lock.withLock {
      if let door = doors[pin] { return door }
      let hex = pin.map { String(format: "%02x", $0) }.joined()
      let door = try #require(try stage.tell("tunnel", hex)["address"])
      doors[pin] = door
      return door
    }
  }
}

/// Takes notes, and does on each notice what it was told to do.
final class RawListener: ChangeListener, @unchecked Sendable {
  private let lock = NSLock()
  private var taken: [ChangeNotice] = []
  private let act: @Sendable (Int) throws -> Void

  init(_ act: @escaping @Sendable (Int) throws -> Void = { _ in }) { self.act = act }

  func onChange(notice: ChangeNotice) throws {
    let count = lock.withLock {
      taken.append(notice)
      return taken.count
    }
    try act(count)
  }

  func wait(for count: Int) async throws -> [ChangeNotice] {
    for _ in 0..<600 {
      let now = lock.withLock { taken }
      if now.count >= count { return now }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("fewer than \(count) notices came")
    return []
  }
}

/// What the steps share; each step leaves it as the next one expects it.
final class World: @unchecked Sendable {
  let folder: URL
  let vaultDir: URL
  let stage: Stage
  let joinCode: String
  let vault: MoodyVault
  let performer: TunnelPerformer
  private let lock = NSLock()
  private var made: [String: Any] = [:]

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("imena-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    vaultDir = folder.appendingPathComponent("vault")
    stage = try Stage(folder: folder)
    joinCode = try #require(try stage.tell("start_hub")["join"])
    vault = try MoodyVault(folder: vaultDir)
    performer = TunnelPerformer(stage: stage)
  }

  func keep(_ name: String, _ value: any Sendable) { lock.withLock { made[name] = value } }

  func kept<Value>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    try #require(lock.withLock { made[name] as? Value }, "\(name) was not made: an earlier step failed")
  }

  var store: ImenaStore { get throws { try kept("store") } }
  var site: Recorded { get throws { try kept("site") } }
  var grave: Recorded { get throws { try kept("grave") } }
  var marker: Recorded { get throws { try kept("marker") } }
  var remains: Recorded { get throws { try kept("remains") } }
  var photo: String { get throws { try kept("photo") } }

  func config(_ dir: String? = nil) -> StoreConfig {
    StoreConfig(dir: dir ?? vaultDir.path, appVersion: "scenario", utcOffsetMin: 120)
  }

  func join(
    config: StoreConfig? = nil,
    vault: MoodyVault? = nil,
    code: String? = nil,
    name: String = "T01"
  ) async throws -> ImenaStore {
    let draft = JoinDraft(joinCode: code ?? joinCode, deviceName: name, passcode: passcode)
    let config = config ?? self.config()
    return try await ImenaStore.join(config, vault: vault ?? self.vault, draft: draft, performer: performer)
  }

  func open() async throws -> ImenaStore {
    try await ImenaStore.open(config(), vault: vault, performer: performer)
  }

  func picture(_ name: String, _ seed: Int, kind: String = "small") throws -> (path: String, sha256: String) {
    let path = folder.appendingPathComponent(name).path
    let sha256 = try #require(try stage.tell("photo", kind, String(seed), path)["sha256"])
    return (path, sha256)
  }

  func photoDraft(
    _ captureID: UUID = UUID(),
    shot: Shot? = nil,
    origin: PhotoSource = .inAppCamera,
    fileName: String? = nil,
    fileNameBytes: Data? = nil
  ) throws -> PhotoDraft {
    PhotoDraft(
      captureId: captureID.uuidString,
      owner: try remains.subject,
      shotCode: shot?.code,
      origin: origin,
      fileName: fileName,
      fileNameBytes: fileNameBytes
    )
  }

  func capture(_ path: String, _ draft: PhotoDraft? = nil) async throws -> PhotoSaved {
    let pieces = Pieces([try Data(contentsOf: URL(fileURLWithPath: path))])
    return try await store.capture(try draft ?? photoDraft()) { await pieces.next() }
  }

  func photoView(_ id: String) async throws -> PhotoView { try await store.getPhoto(id, language: .english) }

  func recordGrave() async throws -> Recorded {
    let site = try site.subject
    return try await store.record(.of(Grave.self) { $0[Grave.site] = site })
  }

  func view(_ recorded: Recorded) async throws -> RecordView {
    try await store.getRecord(recorded.subject.id, language: .english)
  }

  func fields<Owner: Noun>(_ recorded: Recorded, _ noun: Owner.Type) async throws -> FieldReader<Owner> {
    try #require(try await view(recorded).of(noun))
  }

  /// Every record of a noun, page by page.
  func rows<Owner: Noun>(
    _ noun: Owner.Type,
    _ parent: Recorded? = nil,
    _ fields: [any Key<Owner>] = []
  ) async throws -> [RecordRow] {
    let query = RecordQuery.of(noun, parent: parent?.subject.id, fields: fields, language: .english)
    var rows: [RecordRow] = []
    var after: String?
    repeat {
      let page = try await store.listRecords(query, PageQuery(after: after, limit: 50))
      rows += page.rows
      after = page.next
    } while after != nil
    return rows
  }

  func sites() async throws -> [String?] {
    try await rows(Site.self, nil, [Site.placeCode]).map { $0.of(Site.self)?[Site.placeCode] }
  }

  func history(_ recorded: Recorded? = nil, _ field: (any Key)? = nil) async throws -> [HistoryEntry] {
    let id = try (recorded ?? site).subject.id
    return try await store.listHistory(id, field: field?.code, PageQuery(limit: 50), language: .english).entries
  }

  @discardableResult
  func sync(patienceMs: UInt64 = 60_000) async throws -> (synced: Synced, news: [TransferChange]) {
    let news = Notes<TransferChange>()
    let synced = try await store.sync(cost: .free, patienceMs: patienceMs) { news.add($0) }
    return (synced, news.all)
  }

  func child(_ picture: String) throws -> (process: Process, said: FileHandle) {
    let process = Process()
    let said = Pipe()
    let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    process.executableURL = products.appendingPathComponent("ScenarioChild")
    process.arguments = [vaultDir.path, passcode, picture]
    process.standardOutput = said
    try process.run()
    return (process, said.fileHandleForReading)
  }
}

/// Gives its pieces one after the other.
actor Pieces {
  private var left: [Data]

  init(_ pieces: [Data]) { left = pieces }

  func next() -> Data? { left.isEmpty ? nil : left.removeFirst() }
}

/// What a closure on the core's threads adds to.
final class Notes<Note: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var notes: [Note] = []

  func add(_ note: Note) { lock.withLock { notes.append(note) } }
  var all: [Note] { lock.withLock { notes } }
}

/// The case that a call fails with.
func failure(_ act: () async throws -> Void) async -> ImenaFailure? {
  do {
    try await act()
  } catch let failure as ImenaFailure {
    return failure
  } catch {
    Issue.record("another error: \(error)")
    return nil
  }
  Issue.record("no failure")
  return nil
}

/// Whether a failure is of a kind, whatever it carries.
func isKind(_ failure: ImenaFailure?, _ name: String) -> Bool {
  guard let failure else { return false }
  return String(describing: failure).split(separator: "(").first.map(String.init) == name
}

/// Builds of the library with debug assertions panic in the call that is named.
func panicIn(_ call: String) { setenv("IMENA_PANIC_IN", call, 1) }
