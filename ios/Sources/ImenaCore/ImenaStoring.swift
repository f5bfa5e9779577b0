import Foundation

/// A vault on this device, as screens use it. Every call leaves its caller's actor by itself and throws `ImenaFailure`; cancelling the task of a long one
/// ends it in the core too.
public protocol ImenaStoring: Sendable {
  /// Every change from now on, until the loop over it ends. Its first value says "reload", so that nothing is missed between two loops.
  func changes() throws -> AsyncStream<ChangeNotice>

  /// How the vault stands, locked or not.
  func status() async throws -> StatusView
  /// Opens what the vault holds, and says what it found.
  func unlock(passcode: String) async throws -> UnlockOutcome
  /// Forgets the keys; what waits is sent all the same.
  func lock() async throws
  /// Starts work, by an operator or nobody named: this device shows what it captures until close-out.
  func startWork(_ operatorID: String?) async throws
  /// Ends work: this device shows its facts, and pictures no more.
  func closeOut() async throws
  /// Closes every file and database before the system suspends the app; `resume` opens them again, as locked or unlocked as before.
  func prepareForSuspend() async throws
  /// Opens again what `prepareForSuspend` closed.
  func resume() async throws
  /// Closes the vault; a call that still runs keeps it open until it returns and this is called again.
  func shutDown() async throws -> ShutDownOutcome

  /// Everything that would make `record` refuse a draft.
  func checkDraft(_ draft: RecordDraft, language: Language) async throws -> [DraftFinding]
  /// Records a draft and its links, all or nothing.
  func record(_ draft: RecordDraft) async throws -> Recorded
  /// Changes fields of a record; its history keeps what was said before.
  func amend(_ amendment: RecordAmendment) async throws
  /// Ends a conflict; refused if something that was shown stands no more.
  func resolve(_ resolution: FieldResolution) async throws
  /// Takes a record or a link back; it stays, with the reason.
  func withdraw(_ id: String, _ circumstances: Circumstances) async throws
  /// Says that a record never stood for anything; it stays, with the reason.
  func voidRecord(_ id: String, _ circumstances: Circumstances) async throws
  /// Links two records; gives the id of the link, which `withdraw` takes.
  func linkRecords(_ one: SubjectRef, _ other: SubjectRef, _ circumstances: Circumstances) async throws -> String
  /// One record with everything on it.
  func getRecord(_ id: String, language: Language) async throws -> RecordView
  /// Records of a kind that hang on another.
  func listRecords(_ query: RecordQuery, _ page: PageQuery) async throws -> RecordPage
  /// Records that are found by what was typed.
  func searchRecords(_ typed: String, _ page: PageQuery, language: Language) async throws -> RecordPage
  /// What was said of a record, or of one of its fields, the newest first.
  func listHistory(_ id: String, field: String?, _ page: PageQuery, language: Language) async throws -> HistoryPage
  /// Reads a scanned or typed code of a grave, of remains or of an effect.
  func findCode(_ typed: String) async throws -> CodeView

  /// Takes a photo as the camera gives it; `chunks` is asked for pieces until it gives nil. Cancelled: it is given up, and nothing is "saved".
  func capture(
    _ draft: PhotoDraft,
    facts: @escaping @Sendable () async -> CaptureFacts,
    chunks: @escaping @Sendable () async throws -> Data?
  ) async throws -> PhotoSaved
  /// Takes a file that exists already; it stays.
  func importPhoto(path: String, _ draft: PhotoDraft) async throws -> PhotoSaved
  /// The core owns the descriptor from now on and closes it, whatever happens.
  func importPhoto(descriptor: Int32, _ draft: PhotoDraft) async throws -> PhotoSaved
  /// Takes many files, and names those that were not saved.
  func importPhotos(
    _ draft: ImportDraft,
    onProgress: @escaping @Sendable (JobProgress) -> Void
  ) async throws -> ImportOutcome
  /// The photos of a record.
  func listPhotos(of ownerID: String, _ page: PageQuery, language: Language) async throws -> PhotoPage
  /// The photos that nobody gave to a record yet.
  func listUnassignedPhotos(_ page: PageQuery, language: Language) async throws -> PhotoPage
  /// One photo; one just saved is known a moment later.
  func getPhoto(_ id: String, language: Language) async throws -> PhotoView
  /// Gives a photo to a record.
  func assignPhoto(_ assignment: PhotoAssignment) async throws
  /// JPEG for lists, or nil; show it blurred until tapped.
  func thumbnail(_ photoID: String) async throws -> Data?
  /// JPEG for the screen, or nil; show it blurred until tapped.
  func preview(_ photoID: String) async throws -> Data?

  /// Checks every page, file, chain and receipt.
  func verify(onProgress: @escaping @Sendable (JobProgress) -> Void) async throws -> VerifyOutcome
  /// Syncs with the first hub that answers, until all is receipted or nothing moved for so long.
  func sync(
    cost: LinkCost,
    patienceMs: UInt64,
    onNews: @escaping @Sendable (TransferChange) -> Void
  ) async throws -> Synced
  /// Syncs, and frees the originals for which every condition is met.
  func freeSpace(onNews: @escaping @Sendable (TransferChange) -> Void) async throws -> FreeOutcome
}
