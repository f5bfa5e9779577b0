/// A vault on this device, as screens use it. Every call leaves its caller's actor by itself and throws `ImenaFailure`; cancelling the task of a long one
/// ends it in the core too.
public protocol ImenaStoring: Sendable {
  /// Every change from now on, until the loop over it ends. Its first value says "reload", so that nothing is missed between two loops.
  func changes() throws -> AsyncStream<Change>

  func status() async throws -> Status
  func unlock(passcode: String) async throws -> Unlocked
  func lock() async throws
  func startWork(operator: OperatorID?) async throws
  func closeOut() async throws
  /// Closes every file and database before the system suspends the app; `resume` opens them again, as locked or unlocked as before.
  func prepareForSuspend() async throws
  func resume() async throws
  /// Closes the vault; `false`: a call still runs, and it closes when that returns and this is called again.
  func shutDown() async throws -> Bool

  func recordSite(_ site: NewSite) async throws -> Site
  func sites(_ page: PageQuery) async throws -> Page<Site>
  func site(_ id: SiteID) async throws -> Site
  func recordGrave(_ grave: NewGrave) async throws -> Grave
  func graves(of site: SiteID, _ page: PageQuery) async throws -> Page<Grave>
  func grave(_ id: GraveID) async throws -> Grave
  func recordMarker(_ marker: NewMarker) async throws -> Marker
  func markers(of site: SiteID, _ page: PageQuery) async throws -> Page<Marker>
  func marker(_ id: MarkerID) async throws -> Marker
  func recordRemains(_ remains: NewRemains) async throws -> Remains
  func remains(of site: SiteID, _ page: PageQuery) async throws -> Page<Remains>
  func remains(of grave: GraveID, _ page: PageQuery) async throws -> Page<Remains>
  func remains(_ id: RemainsID) async throws -> Remains
  func recordOperator(_ who: NewOperator) async throws -> Operator
  func operators(_ page: PageQuery) async throws -> Page<Operator>
  func recordHint(_ hint: NewHint) async throws -> Hint
  func hints(of owner: Subject, _ page: PageQuery) async throws -> Page<Hint>
  func hint(_ id: HintID) async throws -> Hint
  /// Reads a scanned or typed code of a grave or of remains.
  func findCode(_ typed: String) async throws -> FoundCode

  /// Takes a photo as the camera gives it; `chunks` is asked for pieces until it gives nil. Cancelled: it is given up, and nothing is "saved".
  func capture(
    _ photo: NewPhoto,
    facts: @escaping @Sendable () async -> CaptureFacts,
    chunks: @escaping @Sendable () async throws -> [UInt8]?
  ) async throws -> SavedPhoto
  func importPhoto(path: String, _ photo: NewPhoto) async throws -> SavedPhoto
  /// The core owns the descriptor from now on and closes it, whatever happens.
  func importPhoto(descriptor: Int32, _ photo: NewPhoto) async throws -> SavedPhoto
  func importPhotos(
    paths: [String],
    origin: PhotoOrigin,
    owner: Subject?,
    onProgress: @escaping @Sendable (Progress) -> Void
  ) async throws -> Imported
  func photos(of owner: Subject, _ page: PageQuery) async throws -> Page<Photo>
  func unassignedPhotos(_ page: PageQuery) async throws -> Page<Photo>
  func photo(_ id: PhotoID) async throws -> Photo
  func assignPhoto(_ id: PhotoID, to owner: Subject, shot: String?, reason: String?) async throws -> Photo
  /// JPEG for lists, or nil; show it blurred until tapped.
  func thumbnail(_ id: PhotoID) async throws -> [UInt8]?
  /// JPEG for the screen, or nil; show it blurred until tapped.
  func preview(_ id: PhotoID) async throws -> [UInt8]?

  /// Checks every page, file, chain and receipt.
  func verify(onProgress: @escaping @Sendable (Progress) -> Void) async throws -> Verified
  /// Syncs with the first hub that answers, until all is receipted or nothing moved for so long.
  func sync(
    isMetered: Bool,
    patienceMs: UInt64,
    onNews: @escaping @Sendable (SyncNews) -> Void
  ) async throws -> Synced
  /// Syncs, and frees the originals for which every condition is met.
  func freeSpace(onNews: @escaping @Sendable (SyncNews) -> Void) async throws -> Freed
}
