import Dispatch
import Foundation

/// The vault of the Rust core. One per process.
public final class ImenaStore: ImenaStoring {
  /// The core's own limit for a chunk.
  public static let chunkBytesMax = 65_536
  /// Progress of long work is looked at this often.
  private static let progressPause = Duration.milliseconds(100)
  /// A job looks at its cancellation between two files.
  private static let cancelWaitMs: UInt32 = 5_000
  /// A notice that finds this many untaken ones drops the oldest; then the screen reloads.
  private static let noticesMax = 64

  let store: FieldStore
  private let performer: any TransferPerforming
  /// Takes the calls that block, several at a time, so that a slow one keeps no other waiting.
  private let queue = DispatchQueue(label: "org.imena.core", attributes: .concurrent)

  private init(_ store: FieldStore, _ performer: any TransferPerforming) {
    self.store = store
    self.performer = performer
  }

  /// Opens a vault, locked.
  public static func open(
    _ config: StoreConfig,
    vault: any KeyVault,
    performer: any TransferPerforming
  ) async throws -> ImenaStore {
    try await making(performer) { try FieldStore.openVault(config: config, vault: vault) }
  }

  /// Makes a vault that belongs to the organisation of a join code.
  public static func join(
    _ config: StoreConfig,
    vault: any KeyVault,
    draft: JoinDraft,
    performer: any TransferPerforming
  ) async throws -> ImenaStore {
    try await making(performer) { try FieldStore.joinOrganisation(config: config, vault: vault, draft: draft) }
  }

  /// Starts anew after the phone lost its hardware key; nothing is deleted.
  public static func restartAfterLostKey(
    _ config: StoreConfig,
    vault: any KeyVault,
    draft: JoinDraft,
    performer: any TransferPerforming
  ) async throws -> ImenaStore {
    try await making(performer) { try FieldStore.restartAfterLostKey(config: config, vault: vault, draft: draft) }
  }

  private static func making(
    _ performer: any TransferPerforming,
    _ make: @escaping @Sendable () throws -> FieldStore
  ) async throws -> ImenaStore {
    let store = try await blocking(on: .global(), make)
    return ImenaStore(store, performer)
  }

  private func call<Answer: Sendable>(_ act: @escaping @Sendable (FieldStore) throws -> Answer) async throws -> Answer {
    let store = store
    return try await blocking(on: queue) { try act(store) }
  }

  public func changes() throws -> AsyncStream<ChangeNotice> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ChangeNotice.self,
      bufferingPolicy: .bufferingNewest(Self.noticesMax)
    )
    continuation.yield(.reload)
    let subscription = try calling { try store.subscribeChanges(listener: NoticeTaker(continuation)) }
    continuation.onTermination = { _ in subscription.cancel() }
    return stream
  }

  public func status() async throws -> StatusView { try await call { try $0.status() } }

  public func unlock(passcode: String) async throws -> UnlockOutcome {
    try await call { try $0.unlock(passcode: passcode) }
  }

  public func lock() async throws { try await call { try $0.lock() } }

  public func startWork(_ operatorID: String?) async throws {
    try await call { try $0.startWork(operatorId: operatorID) }
  }

  public func closeOut() async throws { try await call { try $0.closeOut() } }

  public func prepareForSuspend() async throws { try await call { try $0.prepareForSuspend() } }

  public func resume() async throws { try await call { try $0.resume() } }

  public func shutDown() async throws -> ShutDownOutcome { try await call { try $0.shutDown() } }

  public func checkDraft(_ draft: RecordDraft, language: Language) async throws -> [DraftFinding] {
    try await call { try $0.checkDraft(draft: draft, language: language) }
  }

  public func record(_ draft: RecordDraft) async throws -> Recorded { try await call { try $0.record(draft: draft) } }

  public func amend(_ amendment: RecordAmendment) async throws {
    try await call { try $0.amend(amendment: amendment) }
  }

  public func resolve(_ resolution: FieldResolution) async throws {
    try await call { try $0.resolve(resolution: resolution) }
  }

  public func withdraw(_ id: String, _ circumstances: Circumstances) async throws {
    try await call { try $0.withdraw(recordId: id, circumstances: circumstances) }
  }

  public func voidRecord(_ id: String, _ circumstances: Circumstances) async throws {
    try await call { try $0.voidRecord(recordId: id, circumstances: circumstances) }
  }

  public func linkRecords(
    _ one: SubjectRef,
    _ other: SubjectRef,
    _ circumstances: Circumstances
  ) async throws -> String {
    try await call { try $0.linkRecords(one: one, other: other, circumstances: circumstances) }
  }

  public func getRecord(_ id: String, language: Language) async throws -> RecordView {
    try await call { try $0.getRecord(recordId: id, language: language) }
  }

  public func listRecords(_ query: RecordQuery, _ page: PageQuery) async throws -> RecordPage {
    try await call { try $0.listRecords(query: query, page: page) }
  }

  public func searchRecords(_ typed: String, _ page: PageQuery, language: Language) async throws -> RecordPage {
    try await call { try $0.searchRecords(typed: typed, page: page, language: language) }
  }

  public func listHistory(
    _ id: String,
    field: String?,
    _ page: PageQuery,
    language: Language
  ) async throws -> HistoryPage {
    try await call { try $0.listHistory(recordId: id, field: field, page: page, language: language) }
  }

  public func findCode(_ typed: String) async throws -> CodeView { try await call { try $0.findCode(typed: typed) } }

  public func capture(
    _ draft: PhotoDraft,
    facts: @escaping @Sendable () async -> CaptureFacts = { CaptureFacts() },
    chunks: @escaping @Sendable () async throws -> Data?
  ) async throws -> PhotoSaved {
    let capture = try await call { try $0.beginPhoto(draft: draft) }
    // After a finish there is nothing left to abandon.
    defer { capture.abandon() }
    while let chunk = try await chunks() {
      try Task.checkCancellation()
      try await call { _ in
        var rest = chunk
        while !rest.isEmpty {
          try capture.append(chunk: rest.prefix(Self.chunkBytesMax))
          rest = rest.dropFirst(Self.chunkBytesMax)
        }
      }
    }
    try Task.checkCancellation()
    let known = await facts()
    return try await call { _ in try capture.finish(facts: known) }
  }

  public func importPhoto(path: String, _ draft: PhotoDraft) async throws -> PhotoSaved {
    try await call { try $0.importPhoto(path: path, draft: draft) }
  }

  public func importPhoto(descriptor: Int32, _ draft: PhotoDraft) async throws -> PhotoSaved {
    try await call { try $0.importPhotoDescriptor(descriptor: descriptor, draft: draft) }
  }

  public func importPhotos(
    _ draft: ImportDraft,
    onProgress: @escaping @Sendable (JobProgress) -> Void
  ) async throws -> ImportOutcome {
    let job = try await call { try $0.startImport(draft: draft) }
    guard case .imported(let outcome) = try await finished(job, onProgress) else {
      throw ImenaFailure.internalError(reportID: "import")
    }
    return outcome
  }

  public func verify(onProgress: @escaping @Sendable (JobProgress) -> Void) async throws -> VerifyOutcome {
    let job = try await call { try $0.startVerify() }
    guard case .verified(let outcome) = try await finished(job, onProgress) else {
      throw ImenaFailure.internalError(reportID: "verify")
    }
    return outcome
  }

  /// Waits for a job; a cancelled task ends the job too, and waits until it has ended.
  private func finished(_ job: Job, _ onProgress: @Sendable (JobProgress) -> Void) async throws -> JobOutcome {
    do {
      while true {
        onProgress(job.progress())
        if let outcome = try calling({ try job.outcomeWithin(timeoutMs: 0) }) { return outcome }
        try await Task.sleep(for: Self.progressPause)
      }
    } catch is CancellationError {
      job.cancel()
      _ = try? await call { _ in try job.outcomeWithin(timeoutMs: Self.cancelWaitMs) }
      throw CancellationError()
    }
  }

  public func listPhotos(of ownerID: String, _ page: PageQuery, language: Language) async throws -> PhotoPage {
    try await call { try $0.listPhotos(ownerId: ownerID, page: page, language: language) }
  }

  public func listUnassignedPhotos(_ page: PageQuery, language: Language) async throws -> PhotoPage {
    try await call { try $0.listUnassignedPhotos(page: page, language: language) }
  }

  public func getPhoto(_ id: String, language: Language) async throws -> PhotoView {
    try await call { try $0.getPhoto(photoId: id, language: language) }
  }

  public func assignPhoto(_ assignment: PhotoAssignment) async throws {
    try await call { try $0.assignPhoto(assignment: assignment) }
  }

  public func thumbnail(_ photoID: String) async throws -> Data? {
    try await call { try $0.thumbnail(photoId: photoID) }
  }

  public func preview(_ photoID: String) async throws -> Data? {
    try await call { try $0.preview(photoId: photoID) }
  }

  public func sync(
    cost: LinkCost,
    patienceMs: UInt64,
    onNews: @escaping @Sendable (TransferChange) -> Void
  ) async throws -> Synced {
    let session = SyncSession(store: store, performer: performer, queue: queue, onNews: onNews)
    return try await session.run(cost: cost, purpose: .sync, patienceMs: patienceMs).synced
  }

  public func freeSpace(onNews: @escaping @Sendable (TransferChange) -> Void) async throws -> FreeOutcome {
    let session = SyncSession(store: store, performer: performer, queue: queue, onNews: onNews)
    let ended = try await session.run(cost: .free, purpose: .syncAndFree, patienceMs: 60_000)
    return try await blocking(on: queue) { try ended.desk.freeOriginals() }
  }
}

/// Runs a call that blocks away from every actor.
func blocking<Answer: Sendable>(
  on queue: DispatchQueue,
  _ act: @escaping @Sendable () throws -> Answer
) async throws -> Answer {
  try await withCheckedThrowingContinuation { continuation in
    queue.async { continuation.resume(with: Result { try calling(act) }) }
  }
}

extension ChangeNotice {
  /// Anything may have changed.
  fileprivate static let reload = ChangeNotice(
    seq: 0,
    subjects: [],
    kinds: [],
    mustReload: true,
    hasStatusChanged: true
  )
}

/// What the core's one notice thread calls; hands every notice on. One that finds no room drops the oldest, and "reload" follows it.
private final class NoticeTaker: ChangeListener {
  private let continuation: AsyncStream<ChangeNotice>.Continuation

  init(_ continuation: AsyncStream<ChangeNotice>.Continuation) { self.continuation = continuation }

  func onChange(notice: ChangeNotice) throws {
    if case .dropped = continuation.yield(notice) { continuation.yield(.reload) }
  }
}
