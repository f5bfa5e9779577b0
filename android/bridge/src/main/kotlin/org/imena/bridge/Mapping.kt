// From the generated types to the app's and back; total, so that a new case is decided here.
package org.imena.bridge

import org.imena.ffi.CoreException
import java.nio.charset.CharacterCodingException
import org.imena.ffi.CaptureFacts as FfiCaptureFacts
import org.imena.ffi.ChangeNotice as FfiChangeNotice
import org.imena.ffi.ChangedSubject as FfiChangedSubject
import org.imena.ffi.CodeView as FfiCodeView
import org.imena.ffi.FreeOutcome as FfiFreeOutcome
import org.imena.ffi.GraveView as FfiGraveView
import org.imena.ffi.HintDraft as FfiHintDraft
import org.imena.ffi.HintPartDraft as FfiHintPartDraft
import org.imena.ffi.HintView as FfiHintView
import org.imena.ffi.LinkFailure as FfiLinkFailure
import org.imena.ffi.MarkerView as FfiMarkerView
import org.imena.ffi.OperatorView as FfiOperatorView
import org.imena.ffi.PageQuery as FfiPageQuery
import org.imena.ffi.PhotoDraft as FfiPhotoDraft
import org.imena.ffi.PhotoFacts as FfiPhotoFacts
import org.imena.ffi.PhotoOrigin as FfiPhotoOrigin
import org.imena.ffi.PhotoSaved as FfiPhotoSaved
import org.imena.ffi.PhotoStatus as FfiPhotoStatus
import org.imena.ffi.PhotoView as FfiPhotoView
import org.imena.ffi.Position as FfiPosition
import org.imena.ffi.PositionProvider as FfiPositionProvider
import org.imena.ffi.RecordMarks as FfiRecordMarks
import org.imena.ffi.RemainsView as FfiRemainsView
import org.imena.ffi.SavedOutcome as FfiSavedOutcome
import org.imena.ffi.SiteView as FfiSiteView
import org.imena.ffi.StatusView as FfiStatusView
import org.imena.ffi.SubjectKind as FfiSubjectKind
import org.imena.ffi.SubjectRef as FfiSubjectRef
import org.imena.ffi.Term as FfiTerm
import org.imena.ffi.TransferChange as FfiTransferChange
import org.imena.ffi.TransferTrouble as FfiTransferTrouble
import org.imena.ffi.UnlockOutcome as FfiUnlockOutcome
import org.imena.ffi.VaultState as FfiVaultState
import org.imena.ffi.VerifyOutcome as FfiVerifyOutcome
import org.imena.ffi.Vocabulary as FfiVocabulary

/** Calls the core; what it throws comes out as [ImenaException]. */
internal inline fun <T> calling(act: () -> T): T = try {
    act()
} catch (error: CoreException) {
    throw ImenaException(error.toFailure(), error)
} catch (error: CharacterCodingException) {
    // Half of a surrogate pair is no text; it never reaches the core.
    throw ImenaException(Failure.Invalid("text", "is no Unicode text"), error)
} catch (error: IllegalStateException) {
    // The generated object was destroyed: as good as shut down.
    throw ImenaException(Failure.ShutDown, error)
}

internal fun CoreException.toFailure(): Failure = when (this) {
    is CoreException.Locked -> Failure.Locked
    is CoreException.NoVault -> Failure.NoVault
    is CoreException.VaultExists -> Failure.VaultExists
    is CoreException.AlreadyOpen -> Failure.AlreadyOpen
    is CoreException.NotFound -> Failure.NotFound(entity, id)
    is CoreException.Invalid -> Failure.Invalid(field, reason)
    is CoreException.Refused -> Failure.Refused(rule, reason)
    is CoreException.WrongPasscode -> Failure.WrongPasscode
    is CoreException.TooManyTries -> Failure.TooManyTries(waitMs.toLong())
    is CoreException.KeyUnavailable -> Failure.KeyUnavailable(reason)
    is CoreException.StorageFull -> Failure.StorageFull(neededBytes.toLong(), freeBytes.toLong())
    is CoreException.StorageFailed -> Failure.StorageFailed(reason)
    is CoreException.StorageDamaged -> Failure.StorageDamaged(place)
    is CoreException.NewerSchema -> Failure.NewerSchema(found, supported)
    is CoreException.MediaUnreadable -> Failure.MediaUnreadable(reason)
    is CoreException.IntegrityFailed -> Failure.IntegrityFailed(expectedBytes.toLong(), foundBytes.toLong())
    is CoreException.NoHub -> Failure.NoHub
    is CoreException.MustReopen -> Failure.MustReopen(reason)
    is CoreException.Suspended -> Failure.Suspended
    is CoreException.ShutDown -> Failure.ShutDown
    is CoreException.Cancelled -> Failure.Cancelled
    is CoreException.CallbackFailed -> Failure.CallbackFailed(reason)
    is CoreException.Internal -> Failure.Internal(reportId)
}

internal fun PageQuery.toFfi() = FfiPageQuery(after = after, limit = maxOf(limit, 0).toUInt())

internal fun FfiTerm.toModel() = Term(code, en, uk)

internal fun Vocabulary.toFfi(): FfiVocabulary = when (this) {
    Vocabulary.SITE_TYPE -> FfiVocabulary.SITE_TYPE
    Vocabulary.GRAVE_KIND -> FfiVocabulary.GRAVE_KIND
    Vocabulary.MARKER_KIND -> FfiVocabulary.MARKER_KIND
    Vocabulary.MARKER_STATUS -> FfiVocabulary.MARKER_STATUS
    Vocabulary.REMAINS_KIND -> FfiVocabulary.REMAINS_KIND
    Vocabulary.HINT_SOURCE -> FfiVocabulary.HINT_SOURCE
    Vocabulary.HINT_CONFIDENCE -> FfiVocabulary.HINT_CONFIDENCE
    Vocabulary.HINT_PART_ROLE -> FfiVocabulary.HINT_PART_ROLE
    Vocabulary.OPERATOR_ROLE -> FfiVocabulary.OPERATOR_ROLE
    Vocabulary.SHOT -> FfiVocabulary.SHOT
}

internal fun FfiRecordMarks.toModel() = Marks(conflicts.toInt(), isCreatedTwice, endedReason, recordedMs)

internal fun FfiSubjectRef.toModel() = subject(kind, id)

internal fun FfiChangedSubject.toModel() = subject(kind, id)

private fun subject(kind: FfiSubjectKind, id: String): Subject = when (kind) {
    is FfiSubjectKind.Site -> Subject.OfSite(SiteId(id))
    is FfiSubjectKind.Grave -> Subject.OfGrave(GraveId(id))
    is FfiSubjectKind.Marker -> Subject.OfMarker(MarkerId(id))
    is FfiSubjectKind.Remains -> Subject.OfRemains(RemainsId(id))
    is FfiSubjectKind.Photo -> Subject.OfPhoto(PhotoId(id))
    is FfiSubjectKind.PersonHint -> Subject.OfHint(HintId(id))
    is FfiSubjectKind.Operator -> Subject.OfOperator(OperatorId(id))
    is FfiSubjectKind.Other -> Subject.Other(kind.code, id)
}

internal fun Subject.toFfi(): FfiSubjectRef = when (this) {
    is Subject.OfSite -> FfiSubjectRef(FfiSubjectKind.Site, id.text)
    is Subject.OfGrave -> FfiSubjectRef(FfiSubjectKind.Grave, id.text)
    is Subject.OfMarker -> FfiSubjectRef(FfiSubjectKind.Marker, id.text)
    is Subject.OfRemains -> FfiSubjectRef(FfiSubjectKind.Remains, id.text)
    is Subject.OfPhoto -> FfiSubjectRef(FfiSubjectKind.Photo, id.text)
    is Subject.OfHint -> FfiSubjectRef(FfiSubjectKind.PersonHint, id.text)
    is Subject.OfOperator -> FfiSubjectRef(FfiSubjectKind.Operator, id.text)
    is Subject.Other -> FfiSubjectRef(FfiSubjectKind.Other(kind), id)
}

internal fun FfiSiteView.toModel() = Site(SiteId(id), placeCode, name, siteType?.toModel(), marks.toModel())

internal fun FfiGraveView.toModel() = Grave(GraveId(id), code, siteId?.let(::SiteId), kind?.toModel(), marks.toModel())

internal fun FfiMarkerView.toModel() =
    Marker(MarkerId(id), siteId?.let(::SiteId), kind.toModel(), textVerbatim, numberText, status?.toModel(), marks.toModel())

internal fun FfiRemainsView.toModel() =
    Remains(RemainsId(id), code, siteId?.let(::SiteId), graveId?.let(::GraveId), kind?.toModel(), marks.toModel())

internal fun FfiOperatorView.toModel() = Operator(OperatorId(id), displayName, role.toModel(), organisation, marks.toModel())

internal fun NewHint.toFfi() = FfiHintDraft(
    owner = owner.toFfi(),
    sourceCode = source,
    textVerbatim = textVerbatim,
    parts = parts.map { FfiHintPartDraft(it.role, it.markedText) },
    reason = reason,
    confidenceCode = confidence,
    photoIds = photos.map { it.text },
)

internal fun FfiHintView.toModel() = Hint(
    id = HintId(id),
    owner = owner?.toModel(),
    source = source.toModel(),
    textVerbatim = textVerbatim,
    parts = parts.map { HintPart(it.role.toModel(), it.letters, it.isCutLeft, it.isCutRight, it.isDoubtful) },
    reason = reason,
    confidence = confidence.toModel(),
    photos = photoIds.map(::PhotoId),
    marks = marks.toModel(),
)

internal fun FfiCodeView.toModel() = FoundCode(subject.toModel(), code, isKnown, isGuessed)

internal fun PhotoOrigin.toFfi(): FfiPhotoOrigin = when (this) {
    PhotoOrigin.IN_APP_CAMERA -> FfiPhotoOrigin.IN_APP_CAMERA
    PhotoOrigin.CAMERA_CARD -> FfiPhotoOrigin.CAMERA_CARD
    PhotoOrigin.IMPORTED_FILE -> FfiPhotoOrigin.IMPORTED_FILE
}

internal fun NewPhoto.toFfi() = FfiPhotoDraft(captureId.toString(), owner?.toFfi(), shot, origin.toFfi(), fileName)

internal fun CaptureFacts.toFfi() = FfiCaptureFacts(expectedBytes?.toULong(), capturedMs, position?.toFfi())

private fun Position.toFfi() = FfiPosition(latDeg, lonDeg, accuracyMm?.toUInt(), provider.toFfi())

private fun PositionProvider.toFfi(): FfiPositionProvider = when (this) {
    PositionProvider.GNSS -> FfiPositionProvider.GNSS
    PositionProvider.NETWORK -> FfiPositionProvider.NETWORK
    PositionProvider.FUSED -> FfiPositionProvider.FUSED
    PositionProvider.EXTERNAL_NMEA -> FfiPositionProvider.EXTERNAL_NMEA
    PositionProvider.MANUAL_MAP -> FfiPositionProvider.MANUAL_MAP
    PositionProvider.MANUAL_TYPED -> FfiPositionProvider.MANUAL_TYPED
    PositionProvider.OFFSET_FROM_DATUM -> FfiPositionProvider.OFFSET_FROM_DATUM
}

internal fun FfiPhotoSaved.toModel(): SavedPhoto {
    val how = when (outcome) {
        FfiSavedOutcome.NEW -> SavedOutcome.NEW
        FfiSavedOutcome.ALREADY_SAVED -> SavedOutcome.ALREADY_SAVED
        FfiSavedOutcome.ADOPTED_RECOVERED -> SavedOutcome.ADOPTED_RECOVERED
    }
    return SavedPhoto(PhotoId(photoId), sha256, sizeBytes.toLong(), defects.map { it.toModel() }, how)
}

private fun FfiPhotoStatus.toModel(): PhotoStatus = when (this) {
    FfiPhotoStatus.HERE_ONLY -> PhotoStatus.HERE_ONLY
    FfiPhotoStatus.ON_HUB -> PhotoStatus.ON_HUB
    FfiPhotoStatus.CHECKED_ON_HUB -> PhotoStatus.CHECKED_ON_HUB
    FfiPhotoStatus.REPLICATED -> PhotoStatus.REPLICATED
    FfiPhotoStatus.ELSEWHERE -> PhotoStatus.ELSEWHERE
    FfiPhotoStatus.MISSING -> PhotoStatus.MISSING
    FfiPhotoStatus.LOST_HERE -> PhotoStatus.LOST_HERE
}

internal fun FfiPhotoView.toModel() = Photo(
    id = PhotoId(id),
    status = status.toModel(),
    sha256 = sha256,
    sizeBytes = sizeBytes.toLong(),
    mime = mime,
    origin = origin.toModel(),
    owner = owner?.toModel(),
    shot = shot?.toModel(),
    facts = facts?.toModel(),
    capturedMs = capturedMs,
    fileName = fileName,
    defects = defects.map { it.toModel() },
    shouldRetake = shouldRetake,
    noPreview = noPreview?.toModel(),
    previewMarks = previewMarks.map { it.toModel() },
    marks = marks.toModel(),
)

private fun FfiPhotoFacts.toModel() = PhotoFacts(
    takenText = takenText,
    takenNanos = takenNanos,
    takenOffsetMin = takenOffsetMin,
    latDeg = latDeg,
    lonDeg = lonDeg,
    altMm = altMm,
    directionMdeg = directionMdeg,
    directionRef = directionRef,
    dopMilli = dopMilli,
    gpsTimeMs = gpsTimeMs,
    make = make,
    model = model,
    lensMake = lensMake,
    lens = lens,
    serial = serial,
    exposureNumerator = exposureNumerator,
    exposureDenominator = exposureDenominator,
    fNumberMilli = fNumberMilli,
    iso = iso,
    focalLengthUm = focalLengthUm,
    flash = flash,
    orientation = orientation,
    width = width,
    height = height,
    absent = absent.associate { it.fact to it.reason.toModel() },
)

internal fun FfiStatusView.toModel() = Status(
    orgId = orgId,
    deviceId = deviceId,
    deviceName = deviceName,
    isLocked = vaultState == FfiVaultState.LOCKED,
    issuer = issuer,
    rosterVersion = rosterVersion.toLong(),
    sixDigits = sixDigits,
    originals = originals.toLong(),
    originalsOnHub = originalsOnHub.toLong(),
    originalsOnTwoHubs = originalsOnTwoHubs.toLong(),
    originalsChecked = originalsChecked.toLong(),
    originalsLostHere = originalsLostHere.toLong(),
    waitingFiles = waitingFiles.toLong(),
    waitingBytes = waitingBytes.toLong(),
    freeBytes = freeBytes.toLong(),
)

internal fun FfiUnlockOutcome.toModel() =
    Unlocked(recoveredPhotos.toInt(), quarantinedFiles.toInt(), wasRebuilt, damagedSessions.toInt())

internal fun FfiChangeNotice.toModel() = Change(subjects.map { it.toModel() }, mustReload, hasStatusChanged)

internal fun FfiVerifyOutcome.toModel() =
    Verified(files.toLong(), entries.toLong(), receipts.toLong(), findings.map { Finding(it.place, it.what) })

internal fun FfiTransferChange.toModel(): SyncNews = when (this) {
    is FfiTransferChange.Enrolling -> SyncNews.SixDigits(sixDigits)
    is FfiTransferChange.Admitted -> SyncNews.Admitted
    is FfiTransferChange.Roster -> SyncNews.Roster(version.toLong())
    is FfiTransferChange.Receipt -> SyncNews.Receipt
    is FfiTransferChange.Progress -> SyncNews.Sent(sentBytes.toLong(), totalBytes.toLong())
    is FfiTransferChange.EntriesCame -> SyncNews.EntriesCame(entries.toLong())
    is FfiTransferChange.HubRestored -> SyncNews.HubRestored
    is FfiTransferChange.Trouble -> SyncNews.InTheWay(trouble.toModel())
}

private fun FfiTransferTrouble.toModel(): Trouble = when (this) {
    is FfiTransferTrouble.NetworkNeedsLogin -> Trouble.NETWORK_NEEDS_LOGIN
    is FfiTransferTrouble.HubFull -> Trouble.HUB_FULL
    is FfiTransferTrouble.HubRefused -> Trouble.HUB_REFUSED
    is FfiTransferTrouble.FalseWord -> Trouble.FALSE_WORD
    is FfiTransferTrouble.Link -> when (failure) {
        FfiLinkFailure.UNREACHABLE -> Trouble.UNREACHABLE
        FfiLinkFailure.WRONG_PIN -> Trouble.NETWORK_NEEDS_LOGIN
        FfiLinkFailure.CUT -> Trouble.CUT
        FfiLinkFailure.TIMED_OUT -> Trouble.TIMED_OUT
    }
}

internal fun FfiFreeOutcome.toModel() = Freed(
    freedOriginals = freedOriginals.toInt(),
    freedBytes = freedBytes.toLong(),
    keptOriginals = keptOriginals.toInt(),
    kept = kept.map { original -> KeptOriginal(original.sealedName, original.missing.map { it.toModel() }) },
)
