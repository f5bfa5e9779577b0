// What screens see: the app's own types. No type of org.imena.ffi leaves this package.
package org.imena.bridge

import java.util.UUID

/** A term of a vocabulary: the code for logic, the words for people. */
data class Term(val code: String, val english: String, val ukrainian: String)

/** A list of terms that a screen offers. */
enum class Vocabulary {
    SITE_TYPE, GRAVE_KIND, MARKER_KIND, MARKER_STATUS, REMAINS_KIND, HINT_SOURCE, HINT_CONFIDENCE, HINT_PART_ROLE, OPERATOR_ROLE, SHOT,
}

@JvmInline value class SiteId(val text: String)

@JvmInline value class GraveId(val text: String)

@JvmInline value class MarkerId(val text: String)

@JvmInline value class RemainsId(val text: String)

@JvmInline value class PhotoId(val text: String)

@JvmInline value class HintId(val text: String)

@JvmInline value class OperatorId(val text: String)

/** A record that photos and hints may be of, or that a notice names. */
sealed interface Subject {
    data class OfSite(val id: SiteId) : Subject

    data class OfGrave(val id: GraveId) : Subject

    data class OfMarker(val id: MarkerId) : Subject

    data class OfRemains(val id: RemainsId) : Subject

    data class OfPhoto(val id: PhotoId) : Subject

    data class OfHint(val id: HintId) : Subject

    data class OfOperator(val id: OperatorId) : Subject

    /** Something that has no screen of its own. */
    data class Other(val kind: String, val id: String) : Subject
}

/** What every view says about its record as such. */
data class Marks(val conflicts: Int, val isCreatedTwice: Boolean, val endedReason: String?, val recordedMs: Long)

/** A page of a list; [next] asks for the one after it. */
data class Page<T>(val items: List<T>, val next: String?)

/** Which page: [after] is the `next` of the one before. */
data class PageQuery(val limit: Int = 50, val after: String? = null)

data class NewSite(val placeCode: String, val name: String, val siteType: String? = null)

data class Site(val id: SiteId, val placeCode: String, val name: String, val siteType: Term?, val marks: Marks)

data class NewGrave(val site: SiteId, val code: String? = null, val kind: String? = null)

data class Grave(val id: GraveId, val code: String, val site: SiteId?, val kind: Term?, val marks: Marks)

data class NewMarker(
    val site: SiteId,
    val graves: List<GraveId>,
    val kind: String,
    val textVerbatim: String,
    val numberText: String? = null,
    val status: String? = null,
)

data class Marker(
    val id: MarkerId,
    val site: SiteId?,
    val kind: Term,
    val textVerbatim: String,
    val numberText: String?,
    val status: Term?,
    val marks: Marks,
)

data class NewRemains(val site: SiteId, val grave: GraveId? = null, val code: String? = null, val kind: String? = null)

data class Remains(val id: RemainsId, val code: String, val site: SiteId?, val grave: GraveId?, val kind: Term?, val marks: Marks)

data class NewOperator(val displayName: String, val role: String, val organisation: String = "")

data class Operator(val id: OperatorId, val displayName: String, val role: Term, val organisation: String, val marks: Marks)

/** A part of a possible name as a person writes it: `…` where letters are lost, `[?]` after a doubtful one. */
data class NewHintPart(val role: String, val markedText: String)

data class HintPart(val role: Term, val letters: String, val isCutLeft: Boolean, val isCutRight: Boolean, val isDoubtful: Boolean)

data class NewHint(
    val owner: Subject,
    val source: String,
    val textVerbatim: String,
    val parts: List<NewHintPart>,
    val reason: String,
    val confidence: String,
    val photos: List<PhotoId> = emptyList(),
)

/** A possible name, not established. */
data class Hint(
    val id: HintId,
    val owner: Subject?,
    val source: Term,
    val textVerbatim: String,
    val parts: List<HintPart>,
    val reason: String,
    val confidence: Term,
    val photos: List<PhotoId>,
    val marks: Marks,
)

enum class PhotoOrigin { IN_APP_CAMERA, CAMERA_CARD, IMPORTED_FILE }

/** What is known before the first byte; a retry with the same [captureId] is the same photo. */
data class NewPhoto(
    val origin: PhotoOrigin,
    val owner: Subject? = null,
    val shot: String? = null,
    val fileName: String? = null,
    val captureId: UUID = UUID.randomUUID(),
)

enum class PositionProvider { GNSS, NETWORK, FUSED, EXTERNAL_NMEA, MANUAL_MAP, MANUAL_TYPED, OFFSET_FROM_DATUM }

data class Position(val latDeg: Double, val lonDeg: Double, val provider: PositionProvider, val accuracyMm: Int? = null)

/** What is known after the last byte. */
data class CaptureFacts(val expectedBytes: Long? = null, val capturedMs: Long? = null, val position: Position? = null)

enum class SavedOutcome { NEW, ALREADY_SAVED, ADOPTED_RECOVERED }

/** A photo that may be believed: only now may a screen say "saved". */
data class SavedPhoto(val id: PhotoId, val sha256: String, val sizeBytes: Long, val defects: List<Term>, val outcome: SavedOutcome)

/** Where a photo stands; "safe" begins with [ON_HUB]. */
enum class PhotoStatus { HERE_ONLY, ON_HUB, CHECKED_ON_HUB, REPLICATED, ELSEWHERE, MISSING, LOST_HERE }

data class Photo(
    val id: PhotoId,
    val status: PhotoStatus,
    val sha256: String?,
    val sizeBytes: Long,
    val mime: String,
    val origin: Term,
    val owner: Subject?,
    val shot: Term?,
    val facts: PhotoFacts?,
    val capturedMs: Long?,
    val fileName: String?,
    val defects: List<Term>,
    val shouldRetake: Boolean,
    val noPreview: Term?,
    val previewMarks: List<Term>,
    val marks: Marks,
)

/** What a photo says of itself; every value is the file's claim, and [absent] says why one is missing. */
data class PhotoFacts(
    val takenText: String?,
    val takenNanos: Long?,
    val takenOffsetMin: Long?,
    val latDeg: Double?,
    val lonDeg: Double?,
    val altMm: Long?,
    val directionMdeg: Long?,
    val directionRef: String?,
    val dopMilli: Long?,
    val gpsTimeMs: Long?,
    val make: String?,
    val model: String?,
    val lensMake: String?,
    val lens: String?,
    val serial: String?,
    val exposureNumerator: Long?,
    val exposureDenominator: Long?,
    val fNumberMilli: Long?,
    val iso: Long?,
    val focalLengthUm: Long?,
    val flash: Long?,
    val orientation: Long?,
    val width: Long?,
    val height: Long?,
    val absent: Map<String, Term>,
)

/** What a scanned or typed code stands for. */
data class FoundCode(val subject: Subject, val code: String, val isKnown: Boolean, val isGuessed: Boolean)

data class Status(
    val orgId: String,
    val deviceId: String,
    val deviceName: String,
    val isLocked: Boolean,
    val issuer: String?,
    val rosterVersion: Long,
    val sixDigits: String?,
    val originals: Long,
    val originalsOnHub: Long,
    val originalsOnTwoHubs: Long,
    val originalsChecked: Long,
    val originalsLostHere: Long,
    val waitingFiles: Long,
    val waitingBytes: Long,
    val freeBytes: Long,
)

data class Unlocked(val recoveredPhotos: Int, val quarantinedFiles: Int, val wasRebuilt: Boolean, val damagedSessions: Int)

/** Something changed: ask again for what the screen shows; everything if [mustReload]. */
data class Change(val subjects: List<Subject>, val mustReload: Boolean, val hasStatusChanged: Boolean)

/** How far long work is, in files. */
data class Progress(val done: Long, val all: Long)

data class Finding(val place: String, val what: String)

data class Verified(val files: Long, val entries: Long, val receipts: Long, val findings: List<Finding>)

data class RefusedFile(val path: String, val reason: String)

data class Imported(val saved: List<SavedPhoto>, val refused: List<RefusedFile>)

/** What stood in the way of a sync; nothing is lost by it. */
enum class Trouble { NETWORK_NEEDS_LOGIN, UNREACHABLE, CUT, TIMED_OUT, HUB_FULL, HUB_REFUSED, FALSE_WORD }

/** What a sync says while it runs. */
sealed interface SyncNews {
    data class SixDigits(val digits: String) : SyncNews

    data object Admitted : SyncNews

    data class Roster(val version: Long) : SyncNews

    data object Receipt : SyncNews

    data class Sent(val sentBytes: Long, val totalBytes: Long) : SyncNews

    data class EntriesCame(val entries: Long) : SyncNews

    data object HubRestored : SyncNews

    data class InTheWay(val trouble: Trouble) : SyncNews
}

/** How a sync ended. */
data class Synced(val isDone: Boolean, val sentBytes: Long, val missingFiles: Int)

/** An original that stays here, and every condition that is not met. */
data class KeptOriginal(val sealedName: String, val missing: List<Term>)

data class Freed(val freedOriginals: Int, val freedBytes: Long, val keptOriginals: Int, val kept: List<KeptOriginal>)
