package org.imena.bridge

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.withContext
import org.imena.ffi.CaptureFacts
import org.imena.ffi.ChangeListener
import org.imena.ffi.ChangeNotice
import org.imena.ffi.Circumstances
import org.imena.ffi.FieldResolution
import org.imena.ffi.FieldStore
import org.imena.ffi.FreeOutcome
import org.imena.ffi.ImportDraft
import org.imena.ffi.ImportOutcome
import org.imena.ffi.Job
import org.imena.ffi.JobOutcome
import org.imena.ffi.JobProgress
import org.imena.ffi.JoinDraft
import org.imena.ffi.KeyVault
import org.imena.ffi.Language
import org.imena.ffi.LinkCost
import org.imena.ffi.PageQuery
import org.imena.ffi.PhotoAssignment
import org.imena.ffi.PhotoDraft
import org.imena.ffi.PhotoSaved
import org.imena.ffi.RecordAmendment
import org.imena.ffi.RecordDraft
import org.imena.ffi.RecordQuery
import org.imena.ffi.StoreConfig
import org.imena.ffi.SubjectRef
import org.imena.ffi.TransferChange
import org.imena.ffi.VerifyOutcome
import java.io.InputStream
import java.nio.ByteBuffer

/** The vault of the Rust core. One per process; [dispatcher] takes the calls that block. */
class RustImenaStore private constructor(
    private val store: FieldStore,
    private val dispatcher: CoroutineDispatcher,
    private val http: TransferPerformer,
) : ImenaStore {
    companion object {
        /** The core's own limit for a chunk. */
        const val CHUNK_BYTES_MAX = 65_536

        /** Progress of long work is looked at this often. */
        private const val PROGRESS_PAUSE_MS = 100L

        /** A job looks at its cancellation between two files. */
        private const val CANCEL_WAIT_MS = 5_000u

        /** A notice that finds this many untaken ones drops the oldest; the gap makes the screen reload. */
        private const val NOTICES_MAX = 64

        /** Opens a vault, locked. */
        suspend fun open(
            config: StoreConfig,
            vault: KeyVault,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            http: TransferPerformer = PinnedHttp(),
        ): ImenaStore = withContext(dispatcher) {
            calling { RustImenaStore(FieldStore.openVault(config, vault), dispatcher, http) }
        }

        /** Makes a vault that belongs to the organisation of a join code. */
        suspend fun join(
            config: StoreConfig,
            vault: KeyVault,
            draft: JoinDraft,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            http: TransferPerformer = PinnedHttp(),
        ): ImenaStore = withContext(dispatcher) {
            calling { RustImenaStore(FieldStore.joinOrganisation(config, vault, draft), dispatcher, http) }
        }

        /** Starts anew after the phone lost its hardware key; nothing is deleted. */
        suspend fun restartAfterLostKey(
            config: StoreConfig,
            vault: KeyVault,
            draft: JoinDraft,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            http: TransferPerformer = PinnedHttp(),
        ): ImenaStore = withContext(dispatcher) {
            calling { RustImenaStore(FieldStore.restartAfterLostKey(config, vault, draft), dispatcher, http) }
        }
    }

    private suspend fun <T> call(act: FieldStore.() -> T): T = withContext(dispatcher) { calling { store.act() } }

    /** Notices by their number in this collection: 0 says that it begins; who is slow loses the oldest. */
    private val notices: Flow<IndexedValue<ChangeNotice>> = callbackFlow {
        val listener = object : ChangeListener {
            private var last = 0

            override fun onChange(notice: ChangeNotice) {
                trySend(IndexedValue(++last, notice))
            }
        }
        val subscription = calling { store.subscribeChanges(listener) }
        trySend(IndexedValue(0, ChangeNotice(0u, emptyList(), emptyList(), mustReload = true, hasStatusChanged = true)))
        awaitClose {
            subscription.cancel()
            subscription.destroy()
        }
    }.buffer(NOTICES_MAX, BufferOverflow.DROP_OLDEST)

    override val changes: Flow<ChangeNotice> = flow {
        var next = 0
        notices.collect { (number, notice) ->
            emit(if (number > next) notice.copy(mustReload = true) else notice)
            // The first notice may come before the beginning.
            next = maxOf(next, number + 1)
        }
    }.flowOn(dispatcher)

    override suspend fun status() = call { status() }

    override suspend fun unlock(passcode: String) = call { unlock(passcode) }

    override suspend fun lock() = call { lock() }

    override suspend fun startWork(operatorId: String?) = call { startWork(operatorId) }

    override suspend fun closeOut() = call { closeOut() }

    override suspend fun prepareForSuspend() = call { prepareForSuspend() }

    override suspend fun resume() = call { resume() }

    override suspend fun shutDown() = withContext(NonCancellable) { call { shutDown() } }

    override suspend fun checkDraft(draft: RecordDraft, language: Language) = call { checkDraft(draft, language) }

    override suspend fun record(draft: RecordDraft) = call { record(draft) }

    override suspend fun amend(amendment: RecordAmendment) = call { amend(amendment) }

    override suspend fun resolve(resolution: FieldResolution) = call { resolve(resolution) }

    override suspend fun withdraw(recordId: String, circumstances: Circumstances) = call { withdraw(recordId, circumstances) }

    override suspend fun voidRecord(recordId: String, circumstances: Circumstances) = call { voidRecord(recordId, circumstances) }

    override suspend fun linkRecords(one: SubjectRef, other: SubjectRef, circumstances: Circumstances) =
        call { linkRecords(one, other, circumstances) }

    override suspend fun getRecord(recordId: String, language: Language) = call { getRecord(recordId, language) }

    override suspend fun listRecords(query: RecordQuery, page: PageQuery) = call { listRecords(query, page) }

    override suspend fun listHistory(recordId: String, field: String?, language: Language, page: PageQuery) =
        call { listHistory(recordId, field, page, language) }

    override suspend fun searchRecords(typed: String, language: Language, page: PageQuery) = call { searchRecords(typed, page, language) }

    override suspend fun findCode(typed: String) = call { findCode(typed) }

    override suspend fun capture(
        photo: PhotoDraft,
        facts: suspend () -> CaptureFacts,
        chunks: suspend () -> ByteArray?,
    ): PhotoSaved {
        // The core reads where the bytes are; those of the JVM's heap are put where they stay.
        val direct = ByteBuffer.allocateDirect(CHUNK_BYTES_MAX)
        return capturing(photo, facts) { append ->
            while (true) {
                val chunk = chunks() ?: break
                for (start in chunk.indices step CHUNK_BYTES_MAX) {
                    direct.clear()
                    direct.put(chunk, start, minOf(CHUNK_BYTES_MAX, chunk.size - start))
                    direct.flip()
                    append(direct)
                }
            }
        }
    }

    override suspend fun capture(photo: PhotoDraft, facts: suspend () -> CaptureFacts, camera: ByteBuffer): PhotoSaved {
        require(camera.isDirect) { "a camera's buffer is direct" }
        return capturing(photo, facts) { append ->
            val bytes = camera.duplicate()
            while (bytes.hasRemaining()) {
                val chunk = bytes.slice()
                chunk.limit(minOf(CHUNK_BYTES_MAX, bytes.remaining()))
                append(chunk)
                bytes.position(bytes.position() + chunk.limit())
            }
        }
    }

    private suspend fun capturing(
        photo: PhotoDraft,
        facts: suspend () -> CaptureFacts,
        give: suspend (append: suspend (ByteBuffer) -> Unit) -> Unit,
    ): PhotoSaved = withContext(dispatcher) {
        val capture = calling { store.beginPhoto(photo) }
        try {
            give { chunk ->
                calling { capture.append(chunk) }
                currentCoroutineContext().ensureActive()
            }
            val known = facts()
            // From here on it is a matter of moments, and "saved" must not get lost on its way back.
            withContext(NonCancellable) { calling { capture.finish(known) } }
        } finally {
            // After a finish there is nothing left to abandon.
            capture.abandon()
            capture.destroy()
        }
    }

    override suspend fun capture(photo: PhotoDraft, source: InputStream): PhotoSaved = source.use {
        capture(photo) { source.readNBytes(CHUNK_BYTES_MAX).takeIf { it.isNotEmpty() } }
    }

    override suspend fun importPhoto(path: String, photo: PhotoDraft) = call { importPhoto(path, photo) }

    override suspend fun importPhoto(descriptor: Int, photo: PhotoDraft) = call { importPhotoDescriptor(descriptor, photo) }

    override suspend fun importPhotos(draft: ImportDraft, onProgress: (JobProgress) -> Unit): ImportOutcome =
        when (val outcome = finished(call { startImport(draft) }, onProgress)) {
            is JobOutcome.Imported -> outcome.outcome
            is JobOutcome.Verified -> error("an import does not verify")
        }

    override suspend fun verify(onProgress: (JobProgress) -> Unit): VerifyOutcome =
        when (val outcome = finished(call { startVerify() }, onProgress)) {
            is JobOutcome.Verified -> outcome.outcome
            is JobOutcome.Imported -> error("a verification does not import")
        }

    /** Waits for a job; a cancelled coroutine ends the job too, and waits until it has ended. */
    private suspend fun finished(job: Job, onProgress: (JobProgress) -> Unit): JobOutcome = job.use {
        try {
            var outcome: JobOutcome? = null
            while (outcome == null) {
                onProgress(job.progress())
                outcome = calling { job.outcomeWithin(0u) }
                if (outcome == null) delay(PROGRESS_PAUSE_MS)
            }
            outcome
        } finally {
            withContext(NonCancellable + dispatcher) {
                job.cancel()
                runCatching { job.outcomeWithin(CANCEL_WAIT_MS) }
            }
        }
    }

    override suspend fun listPhotos(ownerId: String, language: Language, page: PageQuery) = call { listPhotos(ownerId, page, language) }

    override suspend fun listUnassignedPhotos(language: Language, page: PageQuery) = call { listUnassignedPhotos(page, language) }

    override suspend fun getPhoto(photoId: String, language: Language) = call { getPhoto(photoId, language) }

    override suspend fun assignPhoto(assignment: PhotoAssignment) = call { assignPhoto(assignment) }

    override suspend fun thumbnail(photoId: String) = call { thumbnail(photoId) }

    override suspend fun preview(photoId: String) = call { preview(photoId) }

    override suspend fun sync(cost: LinkCost, patienceMs: Long, onNews: (TransferChange) -> Unit): Synced =
        withContext(dispatcher) { SyncSession(store, http, onNews).sync(cost, patienceMs) }

    override suspend fun freeSpace(onNews: (TransferChange) -> Unit): FreeOutcome =
        withContext(dispatcher) { SyncSession(store, http, onNews).free() }
}
