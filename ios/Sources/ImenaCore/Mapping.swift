// From the generated types to the app's and back; total, so that a new case is decided here.
import Foundation
import ImenaBindings

typealias Ffi = ImenaBindings.FieldStore

extension PageQuery {
  var ffi: ImenaBindings.PageQuery { .init(after: after, limit: UInt32(clamping: limit)) }
}

extension Term {
  init(_ term: ImenaBindings.Term) { self.init(code: term.code, english: term.en, ukrainian: term.uk) }
}

extension Vocabulary {
  var ffi: ImenaBindings.Vocabulary {
    switch self {
    case .siteType: .siteType
    case .graveKind: .graveKind
    case .markerKind: .markerKind
    case .markerStatus: .markerStatus
    case .remainsKind: .remainsKind
    case .hintSource: .hintSource
    case .hintConfidence: .hintConfidence
    case .hintPartRole: .hintPartRole
    case .operatorRole: .operatorRole
    case .shot: .shot
    }
  }
}

extension Marks {
  init(_ marks: ImenaBindings.RecordMarks) {
    self.init(
      conflicts: Int(marks.conflicts),
      isCreatedTwice: marks.isCreatedTwice,
      endedReason: marks.endedReason,
      recordedMs: marks.recordedMs
    )
  }
}

extension Subject {
  init(_ subject: ImenaBindings.SubjectRef) { self.init(kind: subject.kind, id: subject.id) }

  init(kind: ImenaBindings.SubjectKind, id: String) {
    switch kind {
    case .site: self = .site(SiteID(id))
    case .grave: self = .grave(GraveID(id))
    case .marker: self = .marker(MarkerID(id))
    case .remains: self = .remains(RemainsID(id))
    case .photo: self = .photo(PhotoID(id))
    case .personHint: self = .hint(HintID(id))
    case .operator: self = .operatorOf(OperatorID(id))
    case .other(let code): self = .other(kind: code, id: id)
    }
  }

  var ffi: ImenaBindings.SubjectRef {
    switch self {
    case .site(let id): .init(kind: .site, id: id.text)
    case .grave(let id): .init(kind: .grave, id: id.text)
    case .marker(let id): .init(kind: .marker, id: id.text)
    case .remains(let id): .init(kind: .remains, id: id.text)
    case .photo(let id): .init(kind: .photo, id: id.text)
    case .hint(let id): .init(kind: .personHint, id: id.text)
    case .operatorOf(let id): .init(kind: .operator, id: id.text)
    case .other(let kind, let id): .init(kind: .other(code: kind), id: id)
    }
  }
}

extension Site {
  init(_ view: ImenaBindings.SiteView) {
    self.init(
      id: SiteID(view.id),
      placeCode: view.placeCode,
      name: view.name,
      siteType: view.siteType.map(Term.init),
      marks: Marks(view.marks)
    )
  }
}

extension Grave {
  init(_ view: ImenaBindings.GraveView) {
    self.init(
      id: GraveID(view.id),
      code: view.code,
      site: view.siteId.map(SiteID.init),
      kind: view.kind.map(Term.init),
      marks: Marks(view.marks)
    )
  }
}

extension Marker {
  init(_ view: ImenaBindings.MarkerView) {
    self.init(
      id: MarkerID(view.id),
      site: view.siteId.map(SiteID.init),
      kind: Term(view.kind),
      textVerbatim: view.textVerbatim,
      numberText: view.numberText,
      status: view.status.map(Term.init),
      marks: Marks(view.marks)
    )
  }
}

extension Remains {
  init(_ view: ImenaBindings.RemainsView) {
    self.init(
      id: RemainsID(view.id),
      code: view.code,
      site: view.siteId.map(SiteID.init),
      grave: view.graveId.map(GraveID.init),
      kind: view.kind.map(Term.init),
      marks: Marks(view.marks)
    )
  }
}

extension Operator {
  init(_ view: ImenaBindings.OperatorView) {
    self.init(
      id: OperatorID(view.id),
      displayName: view.displayName,
      role: Term(view.role),
      organisation: view.organisation,
      marks: Marks(view.marks)
    )
  }
}

extension NewHint {
  var ffi: ImenaBindings.HintDraft {
    .init(
      owner: owner.ffi,
      sourceCode: source,
      textVerbatim: textVerbatim,
      parts: parts.map { .init(roleCode: $0.role, markedText: $0.markedText) },
      reason: reason,
      confidenceCode: confidence,
      photoIds: photos.map(\.text)
    )
  }
}

extension Hint {
  init(_ view: ImenaBindings.HintView) {
    self.init(
      id: HintID(view.id),
      owner: view.owner.map { Subject($0) },
      source: Term(view.source),
      textVerbatim: view.textVerbatim,
      parts: view.parts.map {
        HintPart(
          role: Term($0.role),
          letters: $0.letters,
          isCutLeft: $0.isCutLeft,
          isCutRight: $0.isCutRight,
          isDoubtful: $0.isDoubtful
        )
      },
      reason: view.reason,
      confidence: Term(view.confidence),
      photos: view.photoIds.map(PhotoID.init),
      marks: Marks(view.marks)
    )
  }
}

extension PhotoOrigin {
  var ffi: ImenaBindings.PhotoOrigin {
    switch self {
    case .inAppCamera: .inAppCamera
    case .cameraCard: .cameraCard
    case .importedFile: .importedFile
    }
  }
}

extension NewPhoto {
  var ffi: ImenaBindings.PhotoDraft {
    .init(
      captureId: captureID.uuidString.lowercased(),
      owner: owner?.ffi,
      shotCode: shot,
      origin: origin.ffi,
      fileName: fileName
    )
  }
}

extension CaptureFacts {
  var ffi: ImenaBindings.CaptureFacts {
    .init(expectedBytes: expectedBytes, capturedMs: capturedMs, position: position?.ffi)
  }
}

extension Position {
  fileprivate var ffi: ImenaBindings.Position {
    .init(latDeg: latDeg, lonDeg: lonDeg, accuracyMm: accuracyMm, provider: provider.ffi)
  }
}

extension PositionProvider {
  fileprivate var ffi: ImenaBindings.PositionProvider {
    switch self {
    case .gnss: .gnss
    case .network: .network
    case .fused: .fused
    case .externalNmea: .externalNmea
    case .manualMap: .manualMap
    case .manualTyped: .manualTyped
    case .offsetFromDatum: .offsetFromDatum
    }
  }
}

extension SavedPhoto {
  init(_ saved: ImenaBindings.PhotoSaved) {
    let outcome: SavedOutcome =
      switch saved.outcome {
      case .new: .new
      case .alreadySaved: .alreadySaved
      case .adoptedRecovered: .adoptedRecovered
      }
    self.init(
      id: PhotoID(saved.photoId),
      sha256: saved.sha256,
      sizeBytes: saved.sizeBytes,
      defects: saved.defects.map(Term.init),
      outcome: outcome
    )
  }
}

extension PhotoStatus {
  init(_ status: ImenaBindings.PhotoStatus) {
    switch status {
    case .hereOnly: self = .hereOnly
    case .onHub: self = .onHub
    case .checkedOnHub: self = .checkedOnHub
    case .replicated: self = .replicated
    case .elsewhere: self = .elsewhere
    case .missing: self = .missing
    case .lostHere: self = .lostHere
    }
  }
}

extension Photo {
  init(_ view: ImenaBindings.PhotoView) {
    self.init(
      id: PhotoID(view.id),
      status: PhotoStatus(view.status),
      sha256: view.sha256,
      sizeBytes: view.sizeBytes,
      mime: view.mime,
      origin: Term(view.origin),
      owner: view.owner.map { Subject($0) },
      shot: view.shot.map(Term.init),
      facts: view.facts.map(PhotoFacts.init),
      capturedMs: view.capturedMs,
      fileName: view.fileName,
      defects: view.defects.map(Term.init),
      shouldRetake: view.shouldRetake,
      noPreview: view.noPreview.map(Term.init),
      previewMarks: view.previewMarks.map(Term.init),
      marks: Marks(view.marks)
    )
  }
}

extension PhotoFacts {
  init(_ facts: ImenaBindings.PhotoFacts) {
    let absent = facts.absent.map { ($0.fact, Term($0.reason)) }
    self.init(
      takenText: facts.takenText,
      takenNanos: facts.takenNanos,
      takenOffsetMin: facts.takenOffsetMin,
      latDeg: facts.latDeg,
      lonDeg: facts.lonDeg,
      altMm: facts.altMm,
      directionMdeg: facts.directionMdeg,
      directionRef: facts.directionRef,
      dopMilli: facts.dopMilli,
      gpsTimeMs: facts.gpsTimeMs,
      make: facts.make,
      model: facts.model,
      lensMake: facts.lensMake,
      lens: facts.lens,
      serial: facts.serial,
      exposureNumerator: facts.exposureNumerator,
      exposureDenominator: facts.exposureDenominator,
      fNumberMilli: facts.fNumberMilli,
      iso: facts.iso,
      focalLengthUm: facts.focalLengthUm,
      flash: facts.flash,
      orientation: facts.orientation,
      width: facts.width,
      height: facts.height,
      absent: Dictionary(absent, uniquingKeysWith: { first, _ in first })
    )
  }
}

extension FoundCode {
  init(_ view: ImenaBindings.CodeView) {
    self.init(subject: Subject(view.subject), code: view.code, isKnown: view.isKnown, isGuessed: view.isGuessed)
  }
}

extension Status {
  init(_ view: ImenaBindings.StatusView) {
    self.init(
      orgID: view.orgId,
      deviceID: view.deviceId,
      deviceName: view.deviceName,
      isLocked: view.vaultState == .locked,
      issuer: view.issuer,
      rosterVersion: view.rosterVersion,
      sixDigits: view.sixDigits,
      originals: view.originals,
      originalsOnHub: view.originalsOnHub,
      originalsOnTwoHubs: view.originalsOnTwoHubs,
      originalsChecked: view.originalsChecked,
      originalsLostHere: view.originalsLostHere,
      waitingFiles: view.waitingFiles,
      waitingBytes: view.waitingBytes,
      freeBytes: view.freeBytes
    )
  }
}

extension Unlocked {
  init(_ outcome: ImenaBindings.UnlockOutcome) {
    self.init(
      recoveredPhotos: Int(outcome.recoveredPhotos),
      quarantinedFiles: Int(outcome.quarantinedFiles),
      wasRebuilt: outcome.wasRebuilt,
      damagedSessions: Int(outcome.damagedSessions)
    )
  }
}

extension Change {
  init(_ notice: ImenaBindings.ChangeNotice) {
    self.init(
      subjects: notice.subjects.map { Subject(kind: $0.kind, id: $0.id) },
      mustReload: notice.mustReload,
      hasStatusChanged: notice.hasStatusChanged
    )
  }
}

extension Verified {
  init(_ outcome: ImenaBindings.VerifyOutcome) {
    self.init(
      files: outcome.files,
      entries: outcome.entries,
      receipts: outcome.receipts,
      findings: outcome.findings.map { Finding(place: $0.place, what: $0.what) }
    )
  }
}

extension SyncNews {
  init(_ change: ImenaBindings.TransferChange) {
    switch change {
    case .enrolling(let digits): self = .sixDigits(digits)
    case .admitted: self = .admitted
    case .roster(let version): self = .roster(version: version)
    case .receipt: self = .receipt
    case .progress(let sent, let total): self = .sent(bytes: sent, of: total)
    case .entriesCame(let entries): self = .entriesCame(entries)
    case .hubRestored: self = .hubRestored
    case .trouble(let trouble): self = .inTheWay(Trouble(trouble))
    }
  }
}

extension Trouble {
  init(_ trouble: ImenaBindings.TransferTrouble) {
    switch trouble {
    case .networkNeedsLogin: self = .networkNeedsLogin
    case .hubFull: self = .hubFull
    case .hubRefused: self = .hubRefused
    case .falseWord: self = .falseWord
    case .link(let failure):
      switch failure {
      case .unreachable: self = .unreachable
      case .wrongPin: self = .networkNeedsLogin
      case .cut: self = .cut
      case .timedOut: self = .timedOut
      }
    }
  }
}

extension Freed {
  init(_ outcome: ImenaBindings.FreeOutcome) {
    self.init(
      freedOriginals: Int(outcome.freedOriginals),
      freedBytes: outcome.freedBytes,
      keptOriginals: Int(outcome.keptOriginals),
      kept: outcome.kept.map { KeptOriginal(sealedName: $0.sealedName, missing: $0.missing.map(Term.init)) }
    )
  }
}
