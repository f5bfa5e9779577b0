// What screens see: the app's own types. No generated type leaves ImenaCore but those of Exports.swift and the transfer types.
import Foundation

/// A term of a vocabulary: the code for logic, the words for people.
public struct Term: Hashable, Sendable {
  public let code: String
  public let english: String
  public let ukrainian: String
}

/// A list of terms that a screen offers.
public enum Vocabulary: Sendable, CaseIterable {
  case siteType, graveKind, markerKind, markerStatus, remainsKind, hintSource, hintConfidence, hintPartRole
  case operatorRole, shot
}

/// The id of one kind of record; ids of different kinds do not mix.
public struct RecordID<Kind>: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }
}

public enum SiteKind {}
public enum GraveKind {}
public enum MarkerKind {}
public enum RemainsKind {}
public enum PhotoKind {}
public enum HintKind {}
public enum OperatorKind {}

public typealias SiteID = RecordID<SiteKind>
public typealias GraveID = RecordID<GraveKind>
public typealias MarkerID = RecordID<MarkerKind>
public typealias RemainsID = RecordID<RemainsKind>
public typealias PhotoID = RecordID<PhotoKind>
public typealias HintID = RecordID<HintKind>
public typealias OperatorID = RecordID<OperatorKind>

/// A record that photos and hints may be of, or that a notice names.
public enum Subject: Hashable, Sendable {
  case site(SiteID)
  case grave(GraveID)
  case marker(MarkerID)
  case remains(RemainsID)
  case photo(PhotoID)
  case hint(HintID)
  case operatorOf(OperatorID)
  /// Something that has no screen of its own.
  case other(kind: String, id: String)
}

/// What every view says about its record as such.
public struct Marks: Hashable, Sendable {
  public let conflicts: Int
  public let isCreatedTwice: Bool
  public let endedReason: String?
  public let recordedMs: Int64
}

/// A page of a list; `next` asks for the one after it.
public struct Page<Item: Sendable>: Sendable {
  public let items: [Item]
  public let next: String?
}

extension Page: Equatable where Item: Equatable {}

/// Which page: `after` is the `next` of the one before.
public struct PageQuery: Hashable, Sendable {
  public var limit: Int
  public var after: String?

  public init(limit: Int = 50, after: String? = nil) {
    self.limit = limit
    self.after = after
  }
}

public struct NewSite: Hashable, Sendable {
  public var placeCode: String
  public var name: String
  public var siteType: String?

  public init(placeCode: String, name: String, siteType: String? = nil) {
    self.placeCode = placeCode
    self.name = name
    self.siteType = siteType
  }
}

public struct Site: Hashable, Sendable {
  public let id: SiteID
  public let placeCode: String
  public let name: String
  public let siteType: Term?
  public let marks: Marks
}

public struct NewGrave: Hashable, Sendable {
  public var site: SiteID
  public var code: String?
  public var kind: String?

  public init(site: SiteID, code: String? = nil, kind: String? = nil) {
    self.site = site
    self.code = code
    self.kind = kind
  }
}

public struct Grave: Hashable, Sendable {
  public let id: GraveID
  public let code: String
  public let site: SiteID?
  public let kind: Term?
  public let marks: Marks
}

public struct NewMarker: Hashable, Sendable {
  public var site: SiteID
  public var graves: [GraveID]
  public var kind: String
  public var textVerbatim: String
  public var numberText: String?
  public var status: String?

  public init(
    site: SiteID,
    graves: [GraveID],
    kind: String,
    textVerbatim: String,
    numberText: String? = nil,
    status: String? = nil
  ) {
    self.site = site
    self.graves = graves
    self.kind = kind
    self.textVerbatim = textVerbatim
    self.numberText = numberText
    self.status = status
  }
}

public struct Marker: Hashable, Sendable {
  public let id: MarkerID
  public let site: SiteID?
  public let kind: Term
  public let textVerbatim: String
  public let numberText: String?
  public let status: Term?
  public let marks: Marks
}

public struct NewRemains: Hashable, Sendable {
  public var site: SiteID
  public var grave: GraveID?
  public var code: String?
  public var kind: String?

  public init(site: SiteID, grave: GraveID? = nil, code: String? = nil, kind: String? = nil) {
    self.site = site
    self.grave = grave
    self.code = code
    self.kind = kind
  }
}

public struct Remains: Hashable, Sendable {
  public let id: RemainsID
  public let code: String
  public let site: SiteID?
  public let grave: GraveID?
  public let kind: Term?
  public let marks: Marks
}

public struct NewOperator: Hashable, Sendable {
  public var displayName: String
  public var role: String
  public var organisation: String

  public init(displayName: String, role: String, organisation: String = "") {
    self.displayName = displayName
    self.role = role
    self.organisation = organisation
  }
}

public struct Operator: Hashable, Sendable {
  public let id: OperatorID
  public let displayName: String
  public let role: Term
  public let organisation: String
  public let marks: Marks
}

/// A part of a possible name as a person writes it: `…` where letters are lost, `[?]` after a doubtful one.
public struct NewHintPart: Hashable, Sendable {
  public var role: String
  public var markedText: String

  public init(role: String, markedText: String) {
    self.role = role
    self.markedText = markedText
  }
}

public struct HintPart: Hashable, Sendable {
  public let role: Term
  public let letters: String
  public let isCutLeft: Bool
  public let isCutRight: Bool
  public let isDoubtful: Bool
}

public struct NewHint: Hashable, Sendable {
  public var owner: Subject
  public var source: String
  public var textVerbatim: String
  public var parts: [NewHintPart]
  public var reason: String
  public var confidence: String
  public var photos: [PhotoID]

  public init(
    owner: Subject,
    source: String,
    textVerbatim: String,
    parts: [NewHintPart],
    reason: String,
    confidence: String,
    photos: [PhotoID] = []
  ) {
    self.owner = owner
    self.source = source
    self.textVerbatim = textVerbatim
    self.parts = parts
    self.reason = reason
    self.confidence = confidence
    self.photos = photos
  }
}

/// A possible name, not established.
public struct Hint: Hashable, Sendable {
  public let id: HintID
  public let owner: Subject?
  public let source: Term
  public let textVerbatim: String
  public let parts: [HintPart]
  public let reason: String
  public let confidence: Term
  public let photos: [PhotoID]
  public let marks: Marks
}

public enum PhotoOrigin: Sendable {
  case inAppCamera, cameraCard, importedFile
}

/// What is known before the first byte; a retry with the same `captureID` is the same photo.
public struct NewPhoto: Hashable, Sendable {
  public var origin: PhotoOrigin
  public var owner: Subject?
  public var shot: String?
  public var fileName: String?
  public var captureID: UUID

  public init(
    origin: PhotoOrigin,
    owner: Subject? = nil,
    shot: String? = nil,
    fileName: String? = nil,
    captureID: UUID = UUID()
  ) {
    self.origin = origin
    self.owner = owner
    self.shot = shot
    self.fileName = fileName
    self.captureID = captureID
  }
}

public enum PositionProvider: Sendable {
  case gnss, network, fused, externalNmea, manualMap, manualTyped, offsetFromDatum
}

public struct Position: Hashable, Sendable {
  public var latDeg: Double
  public var lonDeg: Double
  public var provider: PositionProvider
  public var accuracyMm: UInt32?

  public init(latDeg: Double, lonDeg: Double, provider: PositionProvider, accuracyMm: UInt32? = nil) {
    self.latDeg = latDeg
    self.lonDeg = lonDeg
    self.provider = provider
    self.accuracyMm = accuracyMm
  }
}

/// What is known after the last byte.
public struct CaptureFacts: Hashable, Sendable {
  public var expectedBytes: UInt64?
  public var capturedMs: Int64?
  public var position: Position?

  public init(expectedBytes: UInt64? = nil, capturedMs: Int64? = nil, position: Position? = nil) {
    self.expectedBytes = expectedBytes
    self.capturedMs = capturedMs
    self.position = position
  }
}

public enum SavedOutcome: Sendable {
  case new, alreadySaved, adoptedRecovered
}

/// A photo that may be believed: only now may a screen say "saved".
public struct SavedPhoto: Hashable, Sendable {
  public let id: PhotoID
  public let sha256: String
  public let sizeBytes: UInt64
  public let defects: [Term]
  public let outcome: SavedOutcome
}

/// Where a photo stands; "safe" begins with `onHub`.
public enum PhotoStatus: Sendable {
  case hereOnly, onHub, checkedOnHub, replicated, elsewhere, missing, lostHere
}

public struct Photo: Hashable, Sendable {
  public let id: PhotoID
  public let status: PhotoStatus
  public let sha256: String?
  public let sizeBytes: UInt64
  public let mime: String
  public let origin: Term
  public let owner: Subject?
  public let shot: Term?
  public let facts: PhotoFacts?
  public let capturedMs: Int64?
  public let fileName: String?
  public let defects: [Term]
  public let shouldRetake: Bool
  public let noPreview: Term?
  public let previewMarks: [Term]
  public let marks: Marks
}

/// What a photo says of itself; every value is the file's claim, and `absent` says why one is missing.
public struct PhotoFacts: Hashable, Sendable {
  public let takenText: String?
  public let takenNanos: Int64?
  public let takenOffsetMin: Int64?
  public let latDeg: Double?
  public let lonDeg: Double?
  public let altMm: Int64?
  public let directionMdeg: Int64?
  public let directionRef: String?
  public let dopMilli: Int64?
  public let gpsTimeMs: Int64?
  public let make: String?
  public let model: String?
  public let lensMake: String?
  public let lens: String?
  public let serial: String?
  public let exposureNumerator: Int64?
  public let exposureDenominator: Int64?
  public let fNumberMilli: Int64?
  public let iso: Int64?
  public let focalLengthUm: Int64?
  public let flash: Int64?
  public let orientation: Int64?
  public let width: Int64?
  public let height: Int64?
  public let absent: [String: Term]
}

/// What a scanned or typed code stands for.
public struct FoundCode: Hashable, Sendable {
  public let subject: Subject
  public let code: String
  public let isKnown: Bool
  public let isGuessed: Bool
}

public struct Status: Hashable, Sendable {
  public var orgID: String
  public var deviceID: String
  public var deviceName: String
  public var isLocked: Bool
  public var issuer: String?
  public var rosterVersion: UInt64
  public var sixDigits: String?
  public var originals: UInt64
  public var originalsOnHub: UInt64
  public var originalsOnTwoHubs: UInt64
  public var originalsChecked: UInt64
  public var originalsLostHere: UInt64
  public var waitingFiles: UInt64
  public var waitingBytes: UInt64
  public var freeBytes: UInt64
}

public struct Unlocked: Hashable, Sendable {
  public let recoveredPhotos: Int
  public let quarantinedFiles: Int
  public let wasRebuilt: Bool
  public let damagedSessions: Int
}

/// Something changed: ask again for what the screen shows; everything if `mustReload`.
public struct Change: Hashable, Sendable {
  public var subjects: [Subject]
  public var mustReload: Bool
  public var hasStatusChanged: Bool
}

/// How far long work is, in files.
public struct Progress: Hashable, Sendable {
  public let done: UInt64
  public let all: UInt64
}

public struct Finding: Hashable, Sendable {
  public let place: String
  public let what: String
}

public struct Verified: Hashable, Sendable {
  public let files: UInt64
  public let entries: UInt64
  public let receipts: UInt64
  public let findings: [Finding]
}

public struct RefusedFile: Hashable, Sendable {
  public let path: String
  public let reason: String
}

public struct Imported: Hashable, Sendable {
  public let saved: [SavedPhoto]
  public let refused: [RefusedFile]
}

/// What stood in the way of a sync; nothing is lost by it.
public enum Trouble: Sendable {
  case networkNeedsLogin, unreachable, cut, timedOut, hubFull, hubRefused, falseWord
}

/// What a sync says while it runs.
public enum SyncNews: Hashable, Sendable {
  case sixDigits(String)
  case admitted
  case roster(version: UInt64)
  case receipt
  case sent(bytes: UInt64, of: UInt64)
  case entriesCame(UInt64)
  case hubRestored
  case inTheWay(Trouble)
}

/// How a sync ended.
public struct Synced: Hashable, Sendable {
  public let isDone: Bool
  public let sentBytes: UInt64
  public let missingFiles: Int
}

/// An original that stays here, and every condition that is not met.
public struct KeptOriginal: Hashable, Sendable {
  public let sealedName: String
  public let missing: [Term]
}

public struct Freed: Hashable, Sendable {
  public let freedOriginals: Int
  public let freedBytes: UInt64
  public let keptOriginals: Int
  public let kept: [KeptOriginal]
}
