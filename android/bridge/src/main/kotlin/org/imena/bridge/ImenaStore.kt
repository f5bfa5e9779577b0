package org.imena.bridge

import kotlinx.coroutines.flow.Flow
import java.io.InputStream
import java.nio.ByteBuffer

/**
 * A vault on this device, as screens use it. Every call leaves the main thread by itself and throws [ImenaException]; cancelling the coroutine of a long
 * one ends it in the core too.
 */
interface ImenaStore {
    /** Every change from the moment of collection; the first value says "reload", so that nothing is missed between two collections. */
    val changes: Flow<Change>

    suspend fun status(): Status

    suspend fun unlock(passcode: String): Unlocked

    suspend fun lock()

    suspend fun startWork(operator: OperatorId?)

    suspend fun closeOut()

    /** Closes every file and database before the system suspends the app; [resume] opens them again, as locked or unlocked as before. */
    suspend fun prepareForSuspend()

    suspend fun resume()

    /** Closes the vault; `false`: a call still runs, and it closes when that returns and this is called again. */
    suspend fun shutDown(): Boolean

    suspend fun recordSite(site: NewSite): Site

    suspend fun sites(page: PageQuery = PageQuery()): Page<Site>

    suspend fun site(id: SiteId): Site

    suspend fun recordGrave(grave: NewGrave): Grave

    suspend fun graves(site: SiteId, page: PageQuery = PageQuery()): Page<Grave>

    suspend fun grave(id: GraveId): Grave

    suspend fun recordMarker(marker: NewMarker): Marker

    suspend fun markers(site: SiteId, page: PageQuery = PageQuery()): Page<Marker>

    suspend fun marker(id: MarkerId): Marker

    suspend fun recordRemains(remains: NewRemains): Remains

    suspend fun remainsOf(site: SiteId, page: PageQuery = PageQuery()): Page<Remains>

    suspend fun remainsOf(grave: GraveId, page: PageQuery = PageQuery()): Page<Remains>

    suspend fun remains(id: RemainsId): Remains

    suspend fun recordOperator(operator: NewOperator): Operator

    suspend fun operators(page: PageQuery = PageQuery()): Page<Operator>

    suspend fun recordHint(hint: NewHint): Hint

    suspend fun hints(owner: Subject, page: PageQuery = PageQuery()): Page<Hint>

    suspend fun hint(id: HintId): Hint

    /** Reads a scanned or typed code of a grave or of remains. */
    suspend fun findCode(typed: String): FoundCode

    /** Takes a photo as the camera gives it; [chunks] is asked for pieces until it gives null. Cancelled: it is given up, and nothing is "saved". */
    suspend fun capture(photo: NewPhoto, facts: suspend () -> CaptureFacts = { CaptureFacts() }, chunks: suspend () -> ByteArray?): SavedPhoto

    /** [capture] of a photo that lies in the camera's own (direct) buffer, from its position to its limit; nothing is copied. */
    suspend fun capture(photo: NewPhoto, facts: suspend () -> CaptureFacts = { CaptureFacts() }, camera: ByteBuffer): SavedPhoto

    /** [capture] from a stream that is read to its end and closed. */
    suspend fun capture(photo: NewPhoto, source: InputStream): SavedPhoto

    suspend fun importPhoto(path: String, photo: NewPhoto): SavedPhoto

    /** The core owns the descriptor from now on (`ParcelFileDescriptor.detachFd`) and closes it, whatever happens. */
    suspend fun importPhoto(descriptor: Int, photo: NewPhoto): SavedPhoto

    suspend fun importPhotos(paths: List<String>, origin: PhotoOrigin, owner: Subject? = null, onProgress: (Progress) -> Unit = {}): Imported

    suspend fun photos(owner: Subject, page: PageQuery = PageQuery()): Page<Photo>

    suspend fun unassignedPhotos(page: PageQuery = PageQuery()): Page<Photo>

    suspend fun photo(id: PhotoId): Photo

    suspend fun assignPhoto(id: PhotoId, owner: Subject, shot: String? = null, reason: String? = null): Photo

    /** JPEG for lists, or null; show it blurred until tapped. */
    suspend fun thumbnail(id: PhotoId): ByteArray?

    /** JPEG for the screen, or null; show it blurred until tapped. */
    suspend fun preview(id: PhotoId): ByteArray?

    /** Checks every page, file, chain and receipt. */
    suspend fun verify(onProgress: (Progress) -> Unit = {}): Verified

    /** Syncs with the first hub that answers, until all is receipted or nothing moved for [patienceMs]. */
    suspend fun sync(isMetered: Boolean = false, patienceMs: Long = 60_000, onNews: (SyncNews) -> Unit = {}): Synced

    /** Syncs, and frees the originals for which every condition is met. */
    suspend fun freeSpace(onNews: (SyncNews) -> Unit = {}): Freed
}
