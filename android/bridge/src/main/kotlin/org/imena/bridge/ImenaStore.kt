package org.imena.bridge

import kotlinx.coroutines.flow.Flow
import org.imena.ffi.CaptureFacts
import org.imena.ffi.ChangeNotice
import org.imena.ffi.Circumstances
import org.imena.ffi.CodeView
import org.imena.ffi.DraftFinding
import org.imena.ffi.FieldResolution
import org.imena.ffi.FreeOutcome
import org.imena.ffi.HistoryPage
import org.imena.ffi.ImportDraft
import org.imena.ffi.ImportOutcome
import org.imena.ffi.JobProgress
import org.imena.ffi.Language
import org.imena.ffi.LinkCost
import org.imena.ffi.PageQuery
import org.imena.ffi.PhotoAssignment
import org.imena.ffi.PhotoDraft
import org.imena.ffi.PhotoPage
import org.imena.ffi.PhotoSaved
import org.imena.ffi.PhotoView
import org.imena.ffi.RecordAmendment
import org.imena.ffi.RecordDraft
import org.imena.ffi.RecordPage
import org.imena.ffi.RecordQuery
import org.imena.ffi.RecordView
import org.imena.ffi.Recorded
import org.imena.ffi.ShutDownOutcome
import org.imena.ffi.StatusView
import org.imena.ffi.SubjectRef
import org.imena.ffi.TransferChange
import org.imena.ffi.UnlockOutcome
import org.imena.ffi.VerifyOutcome
import java.io.InputStream
import java.nio.ByteBuffer

/**
 * A vault on this device, as presenters use it. Every call leaves the main thread by itself and throws [ImenaException]; cancelling the coroutine
 * of a long one ends it in the core too.
 */
interface ImenaStore {
    /** Every change from the moment of collection; the first value says "reload", so that nothing is missed between two collections. */
    val changes: Flow<ChangeNotice>

    /** The state of the vault; also while locked. */
    suspend fun status(): StatusView

    /** Opens the readable part. */
    suspend fun unlock(passcode: String): UnlockOutcome

    /** Closes the readable part. */
    suspend fun lock()

    /** Says who works from now on; null: nobody who is named. */
    suspend fun startWork(operatorId: String?)

    /** Ends the work of the day. */
    suspend fun closeOut()

    /** Closes every file and database before the system suspends the app; [resume] opens them again, as locked or unlocked as before. */
    suspend fun prepareForSuspend()

    /** Opens again after [prepareForSuspend]. */
    suspend fun resume()

    /** Closes the vault; while a call still runs, it closes when that returns and this is called again. */
    suspend fun shutDown(): ShutDownOutcome

    /** Everything that would make [record] refuse a draft, in the order of the form. */
    suspend fun checkDraft(draft: RecordDraft, language: Language): List<DraftFinding>

    /** Records a draft and the links that it names, all or nothing. */
    suspend fun record(draft: RecordDraft): Recorded

    /** Changes fields of a record; what was said before stays in its history. */
    suspend fun amend(amendment: RecordAmendment)

    /** Ends a conflict: of all that the screen showed, this value is to stand. */
    suspend fun resolve(resolution: FieldResolution)

    /** Takes a record or a link back; it stays, with the reason. */
    suspend fun withdraw(recordId: String, circumstances: Circumstances)

    /** Says that a record never stood for anything; it stays, with the reason. */
    suspend fun voidRecord(recordId: String, circumstances: Circumstances)

    /** Links two records; gives the id of the link, which [withdraw] takes. */
    suspend fun linkRecords(one: SubjectRef, other: SubjectRef, circumstances: Circumstances = Circumstances()): String

    /** One record with everything on it. */
    suspend fun getRecord(recordId: String, language: Language): RecordView

    /** Records of a kind that hang on another, a page at a time. */
    suspend fun listRecords(query: RecordQuery, page: PageQuery = FIRST_PAGE): RecordPage

    /** What was said of a record, or of one of its fields, the newest first. */
    suspend fun listHistory(recordId: String, field: String?, language: Language, page: PageQuery = FIRST_PAGE): HistoryPage

    /** Records that are found by what was typed, in three scripts and by numbers. */
    suspend fun searchRecords(typed: String, language: Language, page: PageQuery = FIRST_PAGE): RecordPage

    /** Reads a scanned or typed code of a grave, of remains or of an effect. */
    suspend fun findCode(typed: String): CodeView

    /** Takes a photo as the camera gives it; [chunks] is asked for pieces until it gives null. Cancelled: it is given up, and nothing is "saved". */
    suspend fun capture(photo: PhotoDraft, facts: suspend () -> CaptureFacts = { CaptureFacts() }, chunks: suspend () -> ByteArray?): PhotoSaved

    /** [capture] of a photo that lies in the camera's own (direct) buffer, from its position to its limit; nothing is copied. */
    suspend fun capture(photo: PhotoDraft, facts: suspend () -> CaptureFacts = { CaptureFacts() }, camera: ByteBuffer): PhotoSaved

    /** [capture] from a stream that is read to its end and closed. */
    suspend fun capture(photo: PhotoDraft, source: InputStream): PhotoSaved

    /** Takes a file that exists already; it stays. */
    suspend fun importPhoto(path: String, photo: PhotoDraft): PhotoSaved

    /** The core owns the descriptor from now on (`ParcelFileDescriptor.detachFd`) and closes it, whatever happens. */
    suspend fun importPhoto(descriptor: Int, photo: PhotoDraft): PhotoSaved

    /** Takes many files; one that cannot be saved does not stop the others. */
    suspend fun importPhotos(draft: ImportDraft, onProgress: (JobProgress) -> Unit = {}): ImportOutcome

    /** The photos of a record, a page at a time. */
    suspend fun listPhotos(ownerId: String, language: Language, page: PageQuery = FIRST_PAGE): PhotoPage

    /** The photos that nobody gave to a record yet, a page at a time. */
    suspend fun listUnassignedPhotos(language: Language, page: PageQuery = FIRST_PAGE): PhotoPage

    /** One photo; one that was just saved is known a moment later. */
    suspend fun getPhoto(photoId: String, language: Language): PhotoView

    /** Gives a photo to a record, or to another one than before. */
    suspend fun assignPhoto(assignment: PhotoAssignment)

    /** JPEG for lists, or null; show it blurred until tapped. */
    suspend fun thumbnail(photoId: String): ByteArray?

    /** JPEG for the screen, or null; show it blurred until tapped. */
    suspend fun preview(photoId: String): ByteArray?

    /** Checks every page, file, chain and receipt. */
    suspend fun verify(onProgress: (JobProgress) -> Unit = {}): VerifyOutcome

    /** Syncs with the first hub that answers, until all is receipted or nothing moved for [patienceMs]. */
    suspend fun sync(cost: LinkCost = LinkCost.FREE, patienceMs: Long = 60_000, onNews: (TransferChange) -> Unit = {}): Synced

    /** Syncs, and frees the originals for which every condition is met. */
    suspend fun freeSpace(onNews: (TransferChange) -> Unit = {}): FreeOutcome

    /** What every list begins with. */
    companion object {
        /** The first page of a list. */
        val FIRST_PAGE = PageQuery(limit = 50u)
    }
}
