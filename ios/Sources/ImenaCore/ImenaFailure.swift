/// Why the core did not do what was asked, as what a screen can do about it. Nothing that was saved before is in danger.
public enum ImenaFailure: Error, Hashable, Sendable {
  /// Ask for the passcode and unlock.
  case locked
  /// There is no vault in this folder: join first.
  case noVault
  /// There is a vault in this folder already: open it.
  case vaultExists
  /// Another process, or another store of this one, has the vault open.
  case alreadyOpen
  /// Not known here; it may still come with a sync.
  case notFound(entity: String, id: String)
  /// A field holds what it cannot: correct it.
  case invalid(field: String, reason: String)
  /// A rule forbids it: the code is in use, or the call does not fit the moment.
  case refused(rule: String, reason: String)
  /// It is not the one that this vault was locked with.
  case wrongPasscode
  /// Wait before the next passcode.
  case tooManyTries(waitMs: UInt64)
  /// A key is gone, is another one, or its keeper refuses; evidence stays sealed and can be sent.
  case keyUnavailable(reason: String)
  /// Not enough room: a photo was NOT SAVED.
  case storageFull(neededBytes: UInt64, freeBytes: UInt64)
  /// The disk or a database failed; trying again may do.
  case storageFailed(reason: String)
  /// A file of the vault does not hold what was written; nothing was deleted.
  case storageDamaged(place: String)
  /// A newer version of the app wrote this vault: install that one.
  case newerSchema(found: Int64, supported: Int64)
  /// A photo cannot be read, or is none: NOT SAVED.
  case mediaUnreadable(reason: String)
  /// Other bytes came than were announced: NOT SAVED.
  case integrityFailed(expectedBytes: UInt64, foundBytes: UInt64)
  /// No hub is known: scan a newer join code.
  case noHub
  /// Shut the store down and open it again.
  case mustReopen(reason: String)
  /// The store was closed before a suspension: resume it first.
  case suspended
  /// The store was shut down: open it again.
  case shutDown
  /// It was cancelled.
  case cancelled
  /// A listener or sink of the app failed.
  case callbackFailed(reason: String)
  /// A bug of ours: show the number.
  case internalError(reportID: String)

  init(_ error: CoreError) {
    switch error {
    case .Locked: self = .locked
    case .NoVault: self = .noVault
    case .VaultExists: self = .vaultExists
    case .AlreadyOpen: self = .alreadyOpen
    case .NotFound(let entity, let id): self = .notFound(entity: entity, id: id)
    case .Invalid(let field, let reason): self = .invalid(field: field, reason: reason)
    case .Refused(let rule, let reason): self = .refused(rule: rule, reason: reason)
    case .WrongPasscode: self = .wrongPasscode
    case .TooManyTries(let waitMs): self = .tooManyTries(waitMs: waitMs)
    case .KeyUnavailable(let reason): self = .keyUnavailable(reason: reason)
    case .StorageFull(let needed, let free): self = .storageFull(neededBytes: needed, freeBytes: free)
    case .StorageFailed(let reason): self = .storageFailed(reason: reason)
    case .StorageDamaged(let place): self = .storageDamaged(place: place)
    case .NewerSchema(let found, let supported): self = .newerSchema(found: found, supported: supported)
    case .MediaUnreadable(let reason): self = .mediaUnreadable(reason: reason)
    case .IntegrityFailed(let expected, let found): self = .integrityFailed(expectedBytes: expected, foundBytes: found)
    case .NoHub: self = .noHub
    case .MustReopen(let reason): self = .mustReopen(reason: reason)
    case .Suspended: self = .suspended
    case .ShutDown: self = .shutDown
    case .Cancelled: self = .cancelled
    case .CallbackFailed(let reason): self = .callbackFailed(reason: reason)
    case .Internal(let reportID): self = .internalError(reportID: reportID)
    }
  }
}

/// Calls the core; what it throws comes out as `ImenaFailure`.
func calling<Answer>(_ act: () throws -> Answer) throws -> Answer {
  do {
    return try act()
  } catch let error as CoreError {
    throw ImenaFailure(error)
  }
}
