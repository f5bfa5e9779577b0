import Dispatch
import Foundation
import ImenaBindings

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

  /// Every term of a vocabulary, in the order of the screen.
  public static func terms(of vocabulary: Vocabulary) -> [Term] {
    listTerms(vocabulary: vocabulary.ffi).map(Term.init)
  }

  private func call<Answer: Sendable>(_ act: @escaping @Sendable (FieldStore) throws -> Answer) async throws -> Answer {
    let store = store
    return try await blocking(on: queue) { try act(store) }
  }

  public func changes() throws -> AsyncStream<Change> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Change.self,
      bufferingPolicy: .bufferingNewest(Self.noticesMax)
    )
    let taker = NoticeTaker(continuation)
    let subscription = try calling { try store.subscribeChanges(listener: taker) }
    continuation.onTermination = { _ in subscription.cancel() }
    taker.take(Change(subjects: [], mustReload: true, hasStatusChanged: true))
    return stream
  }

  public func status() async throws -> Status { try await call { Status(try $0.status()) } }

  public func unlock(passcode: String) async throws -> Unlocked {
    try await call { Unlocked(try $0.unlock(passcode: passcode)) }
  }

  public func lock() async throws { try await call { try $0.lock() } }

  public func startWork(operator who: OperatorID?) async throws {
    try await call { try $0.startWork(operatorId: who?.text) }
  }

  public func closeOut() async throws { try await call { try $0.closeOut() } }

  public func prepareForSuspend() async throws { try await call { try $0.prepareForSuspend() } }

  public func resume() async throws { try await call { try $0.resume() } }

  public func shutDown() async throws -> Bool { try await call { try $0.shutDown() == .closed } }

  public func recordSite(_ site: NewSite) async throws -> Site {
    try await call {
      Site(try $0.recordSite(draft: .init(placeCode: site.placeCode, name: site.name, siteTypeCode: site.siteType)))
    }
  }

  public func sites(_ page: PageQuery) async throws -> Page<Site> {
    try await call {
      let found = try $0.listSites(page: page.ffi)
      return Page(items: found.sites.map(Site.init), next: found.next)
    }
  }

  public func site(_ id: SiteID) async throws -> Site { try await call { Site(try $0.getSite(siteId: id.text)) } }

  public func recordGrave(_ grave: NewGrave) async throws -> Grave {
    try await call {
      Grave(try $0.recordGrave(draft: .init(siteId: grave.site.text, code: grave.code, kindCode: grave.kind)))
    }
  }

  public func graves(of site: SiteID, _ page: PageQuery) async throws -> Page<Grave> {
    try await call {
      let found = try $0.listGraves(siteId: site.text, page: page.ffi)
      return Page(items: found.graves.map(Grave.init), next: found.next)
    }
  }

  public func grave(_ id: GraveID) async throws -> Grave { try await call { Grave(try $0.getGrave(graveId: id.text)) } }

  public func recordMarker(_ marker: NewMarker) async throws -> Marker {
    try await call {
      let draft = MarkerDraft(
        siteId: marker.site.text,
        graveIds: marker.graves.map(\.text),
        kindCode: marker.kind,
        textVerbatim: marker.textVerbatim,
        numberText: marker.numberText,
        statusCode: marker.status
      )
      return Marker(try $0.recordMarker(draft: draft))
    }
  }

  public func markers(of site: SiteID, _ page: PageQuery) async throws -> Page<Marker> {
    try await call {
      let found = try $0.listMarkers(siteId: site.text, page: page.ffi)
      return Page(items: found.markers.map(Marker.init), next: found.next)
    }
  }

  public func marker(_ id: MarkerID) async throws -> Marker {
    try await call { Marker(try $0.getMarker(markerId: id.text)) }
  }

  public func recordRemains(_ remains: NewRemains) async throws -> Remains {
    try await call {
      let draft = RemainsDraft(
        siteId: remains.site.text,
        graveId: remains.grave?.text,
        code: remains.code,
        kindCode: remains.kind
      )
      return Remains(try $0.recordRemains(draft: draft))
    }
  }

  public func remains(of site: SiteID, _ page: PageQuery) async throws -> Page<Remains> {
    try await remains(ofParent: site.text, page)
  }

  public func remains(of grave: GraveID, _ page: PageQuery) async throws -> Page<Remains> {
    try await remains(ofParent: grave.text, page)
  }

  private func remains(ofParent id: String, _ page: PageQuery) async throws -> Page<Remains> {
    try await call {
      let found = try $0.listRemains(parentId: id, page: page.ffi)
      return Page(items: found.remains.map(Remains.init), next: found.next)
    }
  }

  public func remains(_ id: RemainsID) async throws -> Remains {
    try await call { Remains(try $0.getRemains(remainsId: id.text)) }
  }

  public func recordOperator(_ who: NewOperator) async throws -> Operator {
    try await call {
      let draft = OperatorDraft(displayName: who.displayName, roleCode: who.role, organisation: who.organisation)
      return Operator(try $0.recordOperator(draft: draft))
    }
  }

  public func operators(_ page: PageQuery) async throws -> Page<Operator> {
    try await call {
      let found = try $0.listOperators(page: page.ffi)
      return Page(items: found.operators.map(Operator.init), next: found.next)
    }
  }

  public func recordHint(_ hint: NewHint) async throws -> Hint {
    try await call { Hint(try $0.recordHint(draft: hint.ffi)) }
  }

  public func hints(of owner: Subject, _ page: PageQuery) async throws -> Page<Hint> {
    try await call {
      let found = try $0.listHints(ownerId: owner.ffi.id, page: page.ffi)
      return Page(items: found.hints.map(Hint.init), next: found.next)
    }
  }

  public func hint(_ id: HintID) async throws -> Hint { try await call { Hint(try $0.getHint(hintId: id.text)) } }

  public func findCode(_ typed: String) async throws -> FoundCode {
    try await call { FoundCode(try $0.findCode(typed: typed)) }
  }

  public func capture(
    _ photo: NewPhoto,
    facts: @escaping @Sendable () async -> CaptureFacts = { CaptureFacts() },
    chunks: @escaping @Sendable () async throws -> [UInt8]?
  ) async throws -> SavedPhoto {
    let capture = try await call { try $0.beginPhoto(draft: photo.ffi) }
    // After a finish there is nothing left to abandon.
    defer { capture.abandon() }
    while let chunk = try await chunks() {
      try Task.checkCancellation()
      try await call { _ in
        for start in stride(from: 0, to: max(chunk.count, 1), by: Self.chunkBytesMax) {
          let end = min(start + Self.chunkBytesMax, chunk.count)
          try capture.append(chunk: Data(chunk[start..<end]))
        }
      }
    }
    try Task.checkCancellation()
    let known = await facts()
    return try await call { _ in SavedPhoto(try capture.finish(facts: known.ffi)) }
  }

  public func importPhoto(path: String, _ photo: NewPhoto) async throws -> SavedPhoto {
    try await call { SavedPhoto(try $0.importPhoto(path: path, draft: photo.ffi)) }
  }

  public func importPhoto(descriptor: Int32, _ photo: NewPhoto) async throws -> SavedPhoto {
    try await call { SavedPhoto(try $0.importPhotoDescriptor(descriptor: descriptor, draft: photo.ffi)) }
  }

  public func importPhotos(
    paths: [String],
    origin: PhotoOrigin,
    owner: Subject?,
    onProgress: @escaping @Sendable (Progress) -> Void
  ) async throws -> Imported {
    let draft = ImportDraft(paths: paths, owner: owner?.ffi, origin: origin.ffi)
    let job = try await call { try $0.startImport(draft: draft) }
    guard case .imported(let outcome) = try await finished(job, onProgress) else {
      throw ImenaFailure.internalError(reportID: "import")
    }
    return Imported(
      saved: outcome.saved.map(SavedPhoto.init),
      refused: outcome.refused.map { RefusedFile(path: paths[Int($0.position)], reason: $0.reason) }
    )
  }

  public func verify(onProgress: @escaping @Sendable (Progress) -> Void) async throws -> Verified {
    let job = try await call { try $0.startVerify() }
    guard case .verified(let outcome) = try await finished(job, onProgress) else {
      throw ImenaFailure.internalError(reportID: "verify")
    }
    return Verified(outcome)
  }

  /// Waits for a job; a cancelled task ends the job too, and waits until it has ended.
  private func finished(_ job: Job, _ onProgress: @Sendable (Progress) -> Void) async throws -> JobOutcome {
    do {
      while true {
        let progress = job.progress()
        onProgress(Progress(done: progress.done, all: progress.all))
        if let outcome = try calling({ try job.outcomeWithin(timeoutMs: 0) }) { return outcome }
        try await Task.sleep(for: Self.progressPause)
      }
    } catch is CancellationError {
      job.cancel()
      _ = try? await call { _ in try job.outcomeWithin(timeoutMs: Self.cancelWaitMs) }
      throw CancellationError()
    }
  }

  public func photos(of owner: Subject, _ page: PageQuery) async throws -> Page<Photo> {
    try await call {
      let found = try $0.listPhotos(ownerId: owner.ffi.id, page: page.ffi)
      return Page(items: found.photos.map(Photo.init), next: found.next)
    }
  }

  public func unassignedPhotos(_ page: PageQuery) async throws -> Page<Photo> {
    try await call {
      let found = try $0.listUnassignedPhotos(page: page.ffi)
      return Page(items: found.photos.map(Photo.init), next: found.next)
    }
  }

  public func photo(_ id: PhotoID) async throws -> Photo { try await call { Photo(try $0.getPhoto(photoId: id.text)) } }

  public func assignPhoto(_ id: PhotoID, to owner: Subject, shot: String?, reason: String?) async throws -> Photo {
    try await call {
      let assignment = PhotoAssignment(photoId: id.text, owner: owner.ffi, shotCode: shot, reason: reason)
      return Photo(try $0.assignPhoto(assignment: assignment))
    }
  }

  public func thumbnail(_ id: PhotoID) async throws -> [UInt8]? {
    try await call { try $0.thumbnail(photoId: id.text).map { [UInt8]($0) } }
  }

  public func preview(_ id: PhotoID) async throws -> [UInt8]? {
    try await call { try $0.preview(photoId: id.text).map { [UInt8]($0) } }
  }

  public func sync(
    isMetered: Bool,
    patienceMs: UInt64,
    onNews: @escaping @Sendable (SyncNews) -> Void
  ) async throws -> Synced {
    let session = SyncSession(store: store, performer: performer, queue: queue, onNews: onNews)
    let cost: LinkCost = isMetered ? .metered : .free
    return try await session.run(cost: cost, purpose: .sync, patienceMs: patienceMs).synced
  }

  public func freeSpace(onNews: @escaping @Sendable (SyncNews) -> Void) async throws -> Freed {
    let session = SyncSession(store: store, performer: performer, queue: queue, onNews: onNews)
    let ended = try await session.run(cost: .free, purpose: .syncAndFree, patienceMs: 60_000)
    return try await blocking(on: queue) { Freed(try ended.desk.freeOriginals()) }
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

/// What the core's one notice thread calls; hands every change on. A change that finds no room drops the oldest, and says "reload" for it.
private final class NoticeTaker: ChangeListener, @unchecked Sendable {
  private let continuation: AsyncStream<Change>.Continuation
  private let lock = NSLock()
  private var lastSeq: UInt64?
  private var hasDropped = false

  init(_ continuation: AsyncStream<Change>.Continuation) {
    self.continuation = continuation
  }

  func onChange(notice: ChangeNotice) throws {
    let isGap = lock.withLock {
      defer { lastSeq = notice.seq }
      return lastSeq.map { notice.seq != $0 + 1 } ?? false
    }
    var change = Change(notice)
    change.mustReload = change.mustReload || isGap
    take(change)
  }

  func take(_ change: Change) {
    var change = change
    change.mustReload = lock.withLock { hasDropped } || change.mustReload
    let result = continuation.yield(change)
    lock.withLock {
      if case .dropped = result { hasDropped = true } else { hasDropped = false }
    }
  }
}
