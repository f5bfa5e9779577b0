package org.imena.bridge

import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.onStart
import java.io.InputStream
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.UUID

/** A store in memory, for previews and for tests of screens. It keeps the rules that a screen can see: locked, not found, one code one record. */
class FakeImenaStore(
    private val passcode: String = "123456",
    var status: Status = emptyStatus,
) : ImenaStore {
    /** Thrown by the next call, once: how a screen shows a failure. */
    var nextFailure: Failure? = null

    private val sites = LinkedHashMap<SiteId, Site>()
    private val graves = LinkedHashMap<GraveId, Grave>()
    private val markers = LinkedHashMap<MarkerId, Marker>()
    private val remains = LinkedHashMap<RemainsId, Remains>()
    private val operators = LinkedHashMap<OperatorId, Operator>()
    private val hints = LinkedHashMap<HintId, Hint>()
    private val photos = LinkedHashMap<PhotoId, Photo>()
    private val told = MutableSharedFlow<Change>(extraBufferCapacity = 64, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private var isOpen = true

    override val changes: Flow<Change> = told.onStart { emit(Change(emptyList(), mustReload = true, hasStatusChanged = true)) }

    private fun fail(failure: Failure): Nothing = throw ImenaException(failure)

    private fun enter() {
        nextFailure?.let {
            nextFailure = null
            fail(it)
        }
        if (!isOpen) fail(Failure.ShutDown)
    }

    private fun enterUnlocked() {
        enter()
        if (status.isLocked) fail(Failure.Locked)
    }

    private fun <T> changed(subject: Subject, made: T): T {
        told.tryEmit(Change(listOf(subject), mustReload = false, hasStatusChanged = false))
        return made
    }

    private fun <T> page(all: Collection<T>, query: PageQuery): Page<T> {
        enterUnlocked()
        if (query.limit < 1) fail(Failure.Invalid("limit", "is 0"))
        val from = query.after?.toInt() ?: 0
        val items = all.drop(from).take(query.limit)
        val next = from + items.size
        return Page(items, if (next < all.size) next.toString() else null)
    }

    private fun <K, V> get(of: Map<K, V>, id: K, entity: String): V {
        enterUnlocked()
        return of[id] ?: fail(Failure.NotFound(entity, id.toString()))
    }

    private fun term(code: String) = Term(code, code, code)

    private fun newId() = UUID.randomUUID().toString()

    private fun code(typed: String?, used: Collection<String>, next: String): String {
        val code = typed ?: next
        if (code in used) fail(Failure.Refused("one_code_one_record", "the code is in use already"))
        return code
    }

    override suspend fun status(): Status {
        enter()
        return status
    }

    override suspend fun unlock(passcode: String): Unlocked {
        enter()
        if (passcode != this.passcode) fail(Failure.WrongPasscode)
        status = status.copy(isLocked = false)
        return Unlocked(recoveredPhotos = 0, quarantinedFiles = 0, wasRebuilt = false, damagedSessions = 0)
    }

    override suspend fun lock() {
        enter()
        status = status.copy(isLocked = true)
    }

    override suspend fun startWork(operator: OperatorId?) = enterUnlocked()

    override suspend fun closeOut() = enterUnlocked()

    override suspend fun prepareForSuspend() = enter()

    override suspend fun resume() = enter()

    override suspend fun shutDown(): Boolean {
        isOpen = false
        return true
    }

    override suspend fun recordSite(site: NewSite): Site {
        enterUnlocked()
        if (site.name.isBlank()) fail(Failure.Invalid("name", "is empty"))
        val made = Site(SiteId(newId()), site.placeCode, site.name, site.siteType?.let(::term), noMarks)
        sites[made.id] = made
        return changed(Subject.OfSite(made.id), made)
    }

    override suspend fun sites(page: PageQuery) = page(sites.values, page)

    override suspend fun site(id: SiteId) = get(sites, id, "site")

    override suspend fun recordGrave(grave: NewGrave): Grave {
        val site = get(sites, grave.site, "site")
        val code = code(grave.code, graves.values.map { it.code }, "${site.placeCode}-FAKE-G${graves.size + 1}")
        val made = Grave(GraveId(newId()), code, grave.site, grave.kind?.let(::term), noMarks)
        graves[made.id] = made
        return changed(Subject.OfGrave(made.id), made)
    }

    override suspend fun graves(site: SiteId, page: PageQuery) = page(graves.values.filter { it.site == site }, page)

    override suspend fun grave(id: GraveId) = get(graves, id, "grave")

    override suspend fun recordMarker(marker: NewMarker): Marker {
        enterUnlocked()
        val made = Marker(
            MarkerId(newId()),
            marker.site,
            term(marker.kind),
            marker.textVerbatim,
            marker.numberText,
            marker.status?.let(::term),
            noMarks,
        )
        markers[made.id] = made
        return changed(Subject.OfMarker(made.id), made)
    }

    override suspend fun markers(site: SiteId, page: PageQuery) = page(markers.values.filter { it.site == site }, page)

    override suspend fun marker(id: MarkerId) = get(markers, id, "marker")

    override suspend fun recordRemains(remains: NewRemains): Remains {
        val site = get(sites, remains.site, "site")
        val code = code(remains.code, this.remains.values.map { it.code }, "${site.placeCode}-FAKE-${this.remains.size + 1}")
        val made = Remains(RemainsId(newId()), code, remains.site, remains.grave, remains.kind?.let(::term), noMarks)
        this.remains[made.id] = made
        return changed(Subject.OfRemains(made.id), made)
    }

    override suspend fun remainsOf(site: SiteId, page: PageQuery) = page(remains.values.filter { it.site == site }, page)

    override suspend fun remainsOf(grave: GraveId, page: PageQuery) = page(remains.values.filter { it.grave == grave }, page)

    override suspend fun remains(id: RemainsId) = get(remains, id, "remains")

    override suspend fun recordOperator(operator: NewOperator): Operator {
        enterUnlocked()
        val made = Operator(OperatorId(newId()), operator.displayName, term(operator.role), operator.organisation, noMarks)
        operators[made.id] = made
        return changed(Subject.OfOperator(made.id), made)
    }

    override suspend fun operators(page: PageQuery) = page(operators.values, page)

    override suspend fun recordHint(hint: NewHint): Hint {
        enterUnlocked()
        val parts = hint.parts.map { part ->
            val letters = part.markedText.replace("[?]", "").trim('…', ' ')
            val marked = part.markedText.trim()
            HintPart(term(part.role), letters, marked.startsWith('…'), marked.endsWith('…'), "[?]" in marked)
        }
        val made = Hint(
            HintId(newId()),
            hint.owner,
            term(hint.source),
            hint.textVerbatim,
            parts,
            hint.reason,
            term(hint.confidence),
            hint.photos,
            noMarks,
        )
        hints[made.id] = made
        return changed(Subject.OfHint(made.id), made)
    }

    override suspend fun hints(owner: Subject, page: PageQuery) = page(hints.values.filter { it.owner == owner }, page)

    override suspend fun hint(id: HintId) = get(hints, id, "hint")

    override suspend fun findCode(typed: String): FoundCode {
        enterUnlocked()
        graves.values.find { it.code == typed }?.let { return FoundCode(Subject.OfGrave(it.id), typed, isKnown = true, isGuessed = false) }
        remains.values.find { it.code == typed }?.let { return FoundCode(Subject.OfRemains(it.id), typed, isKnown = true, isGuessed = false) }
        fail(Failure.Invalid("code", "is no code"))
    }

    override suspend fun capture(
        photo: NewPhoto,
        facts: suspend () -> CaptureFacts,
        chunks: suspend () -> ByteArray?,
    ): SavedPhoto {
        enterUnlocked()
        val digest = MessageDigest.getInstance("SHA-256")
        var size = 0L
        while (true) {
            val chunk = chunks() ?: break
            digest.update(chunk)
            size += chunk.size
        }
        val known = facts()
        if (size == 0L) fail(Failure.MediaUnreadable("it is empty"))
        known.expectedBytes?.let { if (it != size) fail(Failure.IntegrityFailed(it, size)) }
        val sha256 = digest.digest().joinToString("") { "%02x".format(it) }
        val made = Photo(
            id = PhotoId(newId()),
            status = PhotoStatus.HERE_ONLY,
            sha256 = sha256,
            sizeBytes = size,
            mime = "image/jpeg",
            origin = term(photo.origin.name.lowercase()),
            owner = photo.owner,
            shot = photo.shot?.let(::term),
            facts = null,
            capturedMs = known.capturedMs,
            fileName = photo.fileName,
            defects = emptyList(),
            shouldRetake = false,
            noPreview = null,
            previewMarks = emptyList(),
            marks = noMarks,
        )
        photos[made.id] = made
        status = status.copy(originals = status.originals + 1, waitingFiles = status.waitingFiles + 1)
        return changed(Subject.OfPhoto(made.id), SavedPhoto(made.id, sha256, size, emptyList(), SavedOutcome.NEW))
    }

    override suspend fun capture(photo: NewPhoto, facts: suspend () -> CaptureFacts, camera: ByteBuffer): SavedPhoto {
        val bytes = camera.duplicate()
        var isGiven = false
        return capture(photo, facts) {
            if (isGiven) null else ByteArray(bytes.remaining()).also { bytes.get(it) }.also { isGiven = true }
        }
    }

    override suspend fun capture(photo: NewPhoto, source: InputStream) = source.use {
        capture(photo) { source.readNBytes(RustImenaStore.CHUNK_BYTES_MAX).takeIf { it.isNotEmpty() } }
    }

    override suspend fun importPhoto(path: String, photo: NewPhoto): SavedPhoto = fail(Failure.MediaUnreadable("the fake reads no files"))

    override suspend fun importPhoto(descriptor: Int, photo: NewPhoto): SavedPhoto =
        fail(Failure.MediaUnreadable("the fake reads no files"))

    override suspend fun importPhotos(
        paths: List<String>,
        origin: PhotoOrigin,
        owner: Subject?,
        onProgress: (Progress) -> Unit,
    ): Imported {
        enterUnlocked()
        return Imported(emptyList(), paths.map { RefusedFile(it, "the fake reads no files") })
    }

    override suspend fun photos(owner: Subject, page: PageQuery) = page(photos.values.filter { it.owner == owner }, page)

    override suspend fun unassignedPhotos(page: PageQuery) = page(photos.values.filter { it.owner == null }, page)

    override suspend fun photo(id: PhotoId) = get(photos, id, "photo")

    override suspend fun assignPhoto(id: PhotoId, owner: Subject, shot: String?, reason: String?): Photo {
        val before = get(photos, id, "photo")
        val made = before.copy(owner = owner, shot = shot?.let(::term) ?: before.shot)
        photos[id] = made
        return changed(Subject.OfPhoto(id), made)
    }

    override suspend fun thumbnail(id: PhotoId): ByteArray? {
        get(photos, id, "photo")
        return null
    }

    override suspend fun preview(id: PhotoId): ByteArray? = thumbnail(id)

    override suspend fun verify(onProgress: (Progress) -> Unit): Verified {
        enterUnlocked()
        onProgress(Progress(photos.size.toLong(), photos.size.toLong()))
        return Verified(photos.size.toLong(), 0, 0, emptyList())
    }

    override suspend fun sync(isMetered: Boolean, patienceMs: Long, onNews: (SyncNews) -> Unit): Synced = fail(Failure.NoHub)

    override suspend fun freeSpace(onNews: (SyncNews) -> Unit): Freed = fail(Failure.NoHub)

    companion object {
        private val noMarks = Marks(conflicts = 0, isCreatedTwice = false, endedReason = null, recordedMs = 0)

        /** A phone that has just joined. */
        val emptyStatus = Status(
            orgId = "00",
            deviceId = "00",
            deviceName = "T01",
            isLocked = false,
            issuer = "T01",
            rosterVersion = 1,
            sixDigits = null,
            originals = 0,
            originalsOnHub = 0,
            originalsOnTwoHubs = 0,
            originalsChecked = 0,
            originalsLostHere = 0,
            waitingFiles = 0,
            waitingBytes = 0,
            freeBytes = 0,
        )
    }
}
