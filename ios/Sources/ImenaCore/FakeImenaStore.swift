import Foundation

/// A store in memory, for previews and for tests of screens. It keeps the rules that a screen can see: locked, not found, one code one record.
public actor FakeImenaStore: ImenaStoring {
  private let passcode: String
  private var now: Status
  private var isOpen = true
  private var nextFailure: ImenaFailure?
  private var siteList: [Site] = []
  private var graveList: [Grave] = []
  private var markerList: [Marker] = []
  private var remainsList: [Remains] = []
  private var operatorList: [Operator] = []
  private var hintList: [Hint] = []
  private var photoList: [Photo] = []
  private let told = Told()

  public init(passcode: String = "123456", status: Status = FakeImenaStore.emptyStatus) {
    self.passcode = passcode
    now = status
  }

  /// A phone that has just joined.
  public static let emptyStatus = Status(
    orgID: "00",
    deviceID: "00",
    deviceName: "T01",
    isLocked: false,
    issuer: "T01",
    rosterVersion: 1,
    sixDigits: nil,
    originals: 0,
    originalsOnHub: 0,
    originalsOnTwoHubs: 0,
    originalsChecked: 0,
    originalsLostHere: 0,
    waitingFiles: 0,
    waitingBytes: 0,
    freeBytes: 0
  )

  private static let noMarks = Marks(conflicts: 0, isCreatedTwice: false, endedReason: nil, recordedMs: 0)

  /// Makes the next call fail, once: how a screen shows a failure.
  public func failNext(_ failure: ImenaFailure) { nextFailure = failure }

  private func enter() throws {
    if let failure = nextFailure {
      nextFailure = nil
      throw failure
    }
    if !isOpen { throw ImenaFailure.shutDown }
  }

  private func enterUnlocked() throws {
    try enter()
    if now.isLocked { throw ImenaFailure.locked }
  }

  private func page<Item: Sendable>(_ all: [Item], _ query: PageQuery) throws -> Page<Item> {
    try enterUnlocked()
    if query.limit < 1 { throw ImenaFailure.invalid(field: "limit", reason: "is 0") }
    let from = query.after.flatMap { Int($0) } ?? 0
    let items = Array(all.dropFirst(from).prefix(query.limit))
    let next = from + items.count
    return Page(items: items, next: next < all.count ? String(next) : nil)
  }

  private func found<Item>(_ item: Item?, _ entity: String, _ id: String) throws -> Item {
    try enterUnlocked()
    guard let item else { throw ImenaFailure.notFound(entity: entity, id: id) }
    return item
  }

  private func term(_ code: String) -> Term { Term(code: code, english: code, ukrainian: code) }

  private func newID<Kind>() -> RecordID<Kind> { RecordID(UUID().uuidString.lowercased()) }

  private func code(_ typed: String?, used: [String], next: String) throws -> String {
    let code = typed ?? next
    if used.contains(code) {
      throw ImenaFailure.refused(rule: "one_code_one_record", reason: "the code is in use already")
    }
    return code
  }

  private func tell(_ subject: Subject) {
    told.tell(Change(subjects: [subject], mustReload: false, hasStatusChanged: false))
  }

  public nonisolated func changes() throws -> AsyncStream<Change> { told.stream() }

  public func status() throws -> Status {
    try enter()
    return now
  }

  public func unlock(passcode: String) throws -> Unlocked {
    try enter()
    if passcode != self.passcode { throw ImenaFailure.wrongPasscode }
    now.isLocked = false
    return Unlocked(recoveredPhotos: 0, quarantinedFiles: 0, wasRebuilt: false, damagedSessions: 0)
  }

  public func lock() throws {
    try enter()
    now.isLocked = true
  }

  public func startWork(operator who: OperatorID?) throws { try enterUnlocked() }
  public func closeOut() throws { try enterUnlocked() }
  public func prepareForSuspend() throws { try enter() }
  public func resume() throws { try enter() }

  public func shutDown() -> Bool {
    isOpen = false
    return true
  }

  public func recordSite(_ site: NewSite) throws -> Site {
    try enterUnlocked()
    if site.name.isEmpty { throw ImenaFailure.invalid(field: "name", reason: "is empty") }
    let made = Site(
      id: newID(),
      placeCode: site.placeCode,
      name: site.name,
      siteType: site.siteType.map(term),
      marks: Self.noMarks
    )
    siteList.append(made)
    tell(.site(made.id))
    return made
  }

  public func sites(_ page: PageQuery) throws -> Page<Site> { try self.page(siteList, page) }

  public func site(_ id: SiteID) throws -> Site {
    try found(siteList.first { $0.id == id }, "site", id.text)
  }

  public func recordGrave(_ grave: NewGrave) throws -> Grave {
    let site = try self.site(grave.site)
    let next = "\(site.placeCode)-FAKE-G\(graveList.count + 1)"
    let code = try code(grave.code, used: graveList.map(\.code), next: next)
    let made = Grave(id: newID(), code: code, site: site.id, kind: grave.kind.map(term), marks: Self.noMarks)
    graveList.append(made)
    tell(.grave(made.id))
    return made
  }

  public func graves(of site: SiteID, _ page: PageQuery) throws -> Page<Grave> {
    try self.page(graveList.filter { $0.site == site }, page)
  }

  public func grave(_ id: GraveID) throws -> Grave {
    try found(graveList.first { $0.id == id }, "grave", id.text)
  }

  public func recordMarker(_ marker: NewMarker) throws -> Marker {
    try enterUnlocked()
    let made = Marker(
      id: newID(),
      site: marker.site,
      kind: term(marker.kind),
      textVerbatim: marker.textVerbatim,
      numberText: marker.numberText,
      status: marker.status.map(term),
      marks: Self.noMarks
    )
    markerList.append(made)
    tell(.marker(made.id))
    return made
  }

  public func markers(of site: SiteID, _ page: PageQuery) throws -> Page<Marker> {
    try self.page(markerList.filter { $0.site == site }, page)
  }

  public func marker(_ id: MarkerID) throws -> Marker {
    try found(markerList.first { $0.id == id }, "marker", id.text)
  }

  public func recordRemains(_ remains: NewRemains) throws -> Remains {
    let site = try self.site(remains.site)
    let next = "\(site.placeCode)-FAKE-\(remainsList.count + 1)"
    let code = try code(remains.code, used: remainsList.map(\.code), next: next)
    let made = Remains(
      id: newID(),
      code: code,
      site: site.id,
      grave: remains.grave,
      kind: remains.kind.map(term),
      marks: Self.noMarks
    )
    remainsList.append(made)
    tell(.remains(made.id))
    return made
  }

  public func remains(of site: SiteID, _ page: PageQuery) throws -> Page<Remains> {
    try self.page(remainsList.filter { $0.site == site }, page)
  }

  public func remains(of grave: GraveID, _ page: PageQuery) throws -> Page<Remains> {
    try self.page(remainsList.filter { $0.grave == grave }, page)
  }

  public func remains(_ id: RemainsID) throws -> Remains {
    try found(remainsList.first { $0.id == id }, "remains", id.text)
  }

  public func recordOperator(_ who: NewOperator) throws -> Operator {
    try enterUnlocked()
    let made = Operator(
      id: newID(),
      displayName: who.displayName,
      role: term(who.role),
      organisation: who.organisation,
      marks: Self.noMarks
    )
    operatorList.append(made)
    tell(.operatorOf(made.id))
    return made
  }

  public func operators(_ page: PageQuery) throws -> Page<Operator> { try self.page(operatorList, page) }

  public func recordHint(_ hint: NewHint) throws -> Hint {
    try enterUnlocked()
    let parts = hint.parts.map { part in
      let marked = part.markedText.trimmingCharacters(in: .whitespaces)
      let letters = marked.replacingOccurrences(of: "[?]", with: "")
      return HintPart(
        role: term(part.role),
        letters: letters.trimmingCharacters(in: CharacterSet(charactersIn: "… ")),
        isCutLeft: marked.hasPrefix("…"),
        isCutRight: marked.hasSuffix("…"),
        isDoubtful: marked.contains("[?]")
      )
    }
    let made = Hint(
      id: newID(),
      owner: hint.owner,
      source: term(hint.source),
      textVerbatim: hint.textVerbatim,
      parts: parts,
      reason: hint.reason,
      confidence: term(hint.confidence),
      photos: hint.photos,
      marks: Self.noMarks
    )
    hintList.append(made)
    tell(.hint(made.id))
    return made
  }

  public func hints(of owner: Subject, _ page: PageQuery) throws -> Page<Hint> {
    try self.page(hintList.filter { $0.owner == owner }, page)
  }

  public func hint(_ id: HintID) throws -> Hint {
    try found(hintList.first { $0.id == id }, "hint", id.text)
  }

  public func findCode(_ typed: String) throws -> FoundCode {
    try enterUnlocked()
    if let grave = graveList.first(where: { $0.code == typed }) {
      return FoundCode(subject: .grave(grave.id), code: typed, isKnown: true, isGuessed: false)
    }
    if let remains = remainsList.first(where: { $0.code == typed }) {
      return FoundCode(subject: .remains(remains.id), code: typed, isKnown: true, isGuessed: false)
    }
    throw ImenaFailure.invalid(field: "code", reason: "is no code")
  }

  public func capture(
    _ photo: NewPhoto,
    facts: @escaping @Sendable () async -> CaptureFacts,
    chunks: @escaping @Sendable () async throws -> [UInt8]?
  ) async throws -> SavedPhoto {
    try enterUnlocked()
    var size: UInt64 = 0
    while let chunk = try await chunks() { size += UInt64(chunk.count) }
    let known = await facts()
    if size == 0 { throw ImenaFailure.mediaUnreadable(reason: "it is empty") }
    if let expected = known.expectedBytes, expected != size {
      throw ImenaFailure.integrityFailed(expectedBytes: expected, foundBytes: size)
    }
    let made = Photo(
      id: newID(),
      status: .hereOnly,
      sha256: nil,
      sizeBytes: size,
      mime: "image/jpeg",
      origin: term("in_app_camera"),
      owner: photo.owner,
      shot: photo.shot.map(term),
      facts: nil,
      capturedMs: known.capturedMs,
      fileName: photo.fileName,
      defects: [],
      shouldRetake: false,
      noPreview: nil,
      previewMarks: [],
      marks: Self.noMarks
    )
    photoList.append(made)
    now.originals += 1
    now.waitingFiles += 1
    tell(.photo(made.id))
    return SavedPhoto(id: made.id, sha256: "", sizeBytes: size, defects: [], outcome: .new)
  }

  public func importPhoto(path: String, _ photo: NewPhoto) throws -> SavedPhoto {
    throw ImenaFailure.mediaUnreadable(reason: "the fake reads no files")
  }

  public func importPhoto(descriptor: Int32, _ photo: NewPhoto) throws -> SavedPhoto {
    throw ImenaFailure.mediaUnreadable(reason: "the fake reads no files")
  }

  public func importPhotos(
    paths: [String],
    origin: PhotoOrigin,
    owner: Subject?,
    onProgress: @escaping @Sendable (Progress) -> Void
  ) throws -> Imported {
    try enterUnlocked()
    return Imported(saved: [], refused: paths.map { RefusedFile(path: $0, reason: "the fake reads no files") })
  }

  public func photos(of owner: Subject, _ page: PageQuery) throws -> Page<Photo> {
    try self.page(photoList.filter { $0.owner == owner }, page)
  }

  public func unassignedPhotos(_ page: PageQuery) throws -> Page<Photo> {
    try self.page(photoList.filter { $0.owner == nil }, page)
  }

  public func photo(_ id: PhotoID) throws -> Photo {
    try found(photoList.first { $0.id == id }, "photo", id.text)
  }

  public func assignPhoto(_ id: PhotoID, to owner: Subject, shot: String?, reason: String?) throws -> Photo {
    let before = try photo(id)
    let made = Photo(
      id: id,
      status: before.status,
      sha256: before.sha256,
      sizeBytes: before.sizeBytes,
      mime: before.mime,
      origin: before.origin,
      owner: owner,
      shot: shot.map(term) ?? before.shot,
      facts: before.facts,
      capturedMs: before.capturedMs,
      fileName: before.fileName,
      defects: before.defects,
      shouldRetake: before.shouldRetake,
      noPreview: before.noPreview,
      previewMarks: before.previewMarks,
      marks: before.marks
    )
    photoList = photoList.map { $0.id == id ? made : $0 }
    tell(.photo(id))
    return made
  }

  public func thumbnail(_ id: PhotoID) throws -> [UInt8]? {
    _ = try photo(id)
    return nil
  }

  public func preview(_ id: PhotoID) throws -> [UInt8]? { try thumbnail(id) }

  public func verify(onProgress: @escaping @Sendable (Progress) -> Void) throws -> Verified {
    try enterUnlocked()
    let count = UInt64(photoList.count)
    onProgress(Progress(done: count, all: count))
    return Verified(files: count, entries: 0, receipts: 0, findings: [])
  }

  public func sync(
    isMetered: Bool,
    patienceMs: UInt64,
    onNews: @escaping @Sendable (SyncNews) -> Void
  ) throws -> Synced {
    throw ImenaFailure.noHub
  }

  public func freeSpace(onNews: @escaping @Sendable (SyncNews) -> Void) throws -> Freed {
    throw ImenaFailure.noHub
  }
}

/// The loops that listen to a fake.
private final class Told: @unchecked Sendable {
  private let lock = NSLock()
  private var listening: [UUID: AsyncStream<Change>.Continuation] = [:]

  func stream() -> AsyncStream<Change> {
    let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(64))
    let id = UUID()
    continuation.onTermination = { [weak self] _ in self?.forget(id) }
    lock.withLock { listening[id] = continuation }
    continuation.yield(Change(subjects: [], mustReload: true, hasStatusChanged: true))
    return stream
  }

  func tell(_ change: Change) {
    let all = lock.withLock { Array(listening.values) }
    all.forEach { $0.yield(change) }
  }

  private func forget(_ id: UUID) {
    lock.withLock { listening[id] = nil }
  }
}
