/// Why the core did not do what was asked, as what a screen can do about it. Nothing that was saved before is in danger.
public enum ImenaFailure: Error, Hashable, Sendable {
  case locked
  case noVault
  case vaultExists
  case alreadyOpen
  case notFound(entity: String, id: String)
  /// A field holds what it cannot: correct it.
  case invalid(field: String, reason: String)
  case refused(rule: String, reason: String)
  case wrongPasscode
  case tooManyTries(waitMs: UInt64)
  case keyUnavailable(reason: String)
  case storageFull(neededBytes: UInt64, freeBytes: UInt64)
  case storageFailed(reason: String)
  case storageDamaged(place: String)
  case newerSchema(found: Int64, supported: Int64)
  case mediaUnreadable(reason: String)
  case integrityFailed(expectedBytes: UInt64, foundBytes: UInt64)
  case noHub
  /// Shut the store down and open it again.
  case mustReopen(reason: String)
  case suspended
  case shutDown
  case cancelled
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
