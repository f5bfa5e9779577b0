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
import org.imena.ffi.ChangeListener
import org.imena.ffi.ChangeNotice
import org.imena.ffi.FieldStore
import org.imena.ffi.GraveDraft
import org.imena.ffi.ImportDraft
import org.imena.ffi.Job
import org.imena.ffi.JobOutcome
import org.imena.ffi.JoinDraft
import org.imena.ffi.KeyVault
import org.imena.ffi.LinkCost
import org.imena.ffi.MarkerDraft
import org.imena.ffi.OperatorDraft
import org.imena.ffi.PhotoAssignment
import org.imena.ffi.RemainsDraft
import org.imena.ffi.ShutDownOutcome
import org.imena.ffi.SiteDraft
import org.imena.ffi.StoreConfig
import org.imena.ffi.TransferPurpose
import org.imena.ffi.listTerms
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

        /** Every term of a vocabulary, in the order of the screen. */
        fun terms(vocabulary: Vocabulary): List<Term> = listTerms(vocabulary.toFfi()).map { it.toModel() }

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

    /** Notices as they come, `null` once when they begin; who is slow loses the oldest. */
    private val notices: Flow<ChangeNotice?> = callbackFlow {
        val listener = object : ChangeListener {
            override fun onChange(notice: ChangeNotice) {
                trySend(notice)
            }
        }
        val subscription = calling { store.subscribeChanges(listener) }
        trySend(null)
        awaitClose {
            subscription.cancel()
            subscription.destroy()
        }
    }.buffer(NOTICES_MAX, BufferOverflow.DROP_OLDEST)

    override val changes: Flow<Change> = flow {
        var lastSeq: ULong? = null
        var hasBegun = false
        notices.collect { notice ->
            if (notice == null) {
                emit(Change(emptyList(), mustReload = true, hasStatusChanged = true))
            } else {
                // The beginning was lost too if it did not come first.
                val isGap = lastSeq?.let { notice.seq != it + 1u } ?: !hasBegun
                lastSeq = notice.seq
                val change = notice.toModel()
                emit(change.copy(mustReload = change.mustReload || isGap))
            }
            hasBegun = true
        }
    }.flowOn(dispatcher)

    override suspend fun status() = call { status().toModel() }

    override suspend fun unlock(passcode: String) = call { unlock(passcode).toModel() }

    override suspend fun lock() = call { lock() }

    override suspend fun startWork(operator: OperatorId?) = call { startWork(operator?.text) }

    override suspend fun closeOut() = call { closeOut() }

    override suspend fun prepareForSuspend() = call { prepareForSuspend() }

    override suspend fun resume() = call { resume() }

    override suspend fun shutDown() = withContext(NonCancellable) { call { shutDown() == ShutDownOutcome.CLOSED } }

    override suspend fun recordSite(site: NewSite) =
        call { recordSite(SiteDraft(site.placeCode, site.name, site.siteType)).toModel() }

    override suspend fun sites(page: PageQuery) =
        call { listSites(page.toFfi()).let { p -> Page(p.sites.map { it.toModel() }, p.next) } }

    override suspend fun site(id: SiteId) = call { getSite(id.text).toModel() }

    override suspend fun recordGrave(grave: NewGrave) =
        call { recordGrave(GraveDraft(grave.site.text, grave.code, grave.kind)).toModel() }

    override suspend fun graves(site: SiteId, page: PageQuery) =
        call { listGraves(site.text, page.toFfi()).let { p -> Page(p.graves.map { it.toModel() }, p.next) } }

    override suspend fun grave(id: GraveId) = call { getGrave(id.text).toModel() }

    override suspend fun recordMarker(marker: NewMarker) = call {
        val graves = marker.graves.map { it.text }
        val draft = MarkerDraft(marker.site.text, graves, marker.kind, marker.textVerbatim, marker.numberText, marker.status)
        recordMarker(draft).toModel()
    }

    override suspend fun markers(site: SiteId, page: PageQuery) =
        call { listMarkers(site.text, page.toFfi()).let { p -> Page(p.markers.map { it.toModel() }, p.next) } }

    override suspend fun marker(id: MarkerId) = call { getMarker(id.text).toModel() }

    override suspend fun recordRemains(remains: NewRemains) =
        call { recordRemains(RemainsDraft(remains.site.text, remains.grave?.text, remains.code, remains.kind)).toModel() }

    override suspend fun remainsOf(site: SiteId, page: PageQuery) = remainsOf(site.text, page)

    override suspend fun remainsOf(grave: GraveId, page: PageQuery) = remainsOf(grave.text, page)

    private suspend fun remainsOf(parent: String, page: PageQuery) =
        call { listRemains(parent, page.toFfi()).let { p -> Page(p.remains.map { it.toModel() }, p.next) } }

    override suspend fun remains(id: RemainsId) = call { getRemains(id.text).toModel() }

    override suspend fun recordOperator(operator: NewOperator) =
        call { recordOperator(OperatorDraft(operator.displayName, operator.role, operator.organisation)).toModel() }

    override suspend fun operators(page: PageQuery) =
        call { listOperators(page.toFfi()).let { p -> Page(p.operators.map { it.toModel() }, p.next) } }

    override suspend fun recordHint(hint: NewHint) = call { recordHint(hint.toFfi()).toModel() }

    override suspend fun hints(owner: Subject, page: PageQuery) =
        call { listHints(owner.toFfi().id, page.toFfi()).let { p -> Page(p.hints.map { it.toModel() }, p.next) } }

    override suspend fun hint(id: HintId) = call { getHint(id.text).toModel() }

    override suspend fun findCode(typed: String) = call { findCode(typed).toModel() }

    override suspend fun capture(
        photo: NewPhoto,
        facts: suspend () -> CaptureFacts,
        chunks: suspend () -> ByteArray?,
    ): SavedPhoto {
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

    override suspend fun capture(photo: NewPhoto, facts: suspend () -> CaptureFacts, camera: ByteBuffer): SavedPhoto {
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
        photo: NewPhoto,
        facts: suspend () -> CaptureFacts,
        give: suspend (append: suspend (ByteBuffer) -> Unit) -> Unit,
    ): SavedPhoto = withContext(dispatcher) {
        val capture = calling { store.beginPhoto(photo.toFfi()) }
        try {
            give { chunk ->
                calling { capture.append(chunk) }
                currentCoroutineContext().ensureActive()
            }
            val known = facts()
            // From here on it is a matter of moments, and "saved" must not get lost on its way back.
            withContext(NonCancellable) { calling { capture.finish(known.toFfi()).toModel() } }
        } finally {
            // After a finish there is nothing left to abandon.
            capture.abandon()
            capture.destroy()
        }
    }

    override suspend fun capture(photo: NewPhoto, source: InputStream): SavedPhoto = source.use {
        capture(photo) { source.readNBytes(CHUNK_BYTES_MAX).takeIf { it.isNotEmpty() } }
    }

    override suspend fun importPhoto(path: String, photo: NewPhoto) = call { importPhoto(path, photo.toFfi()).toModel() }

    override suspend fun importPhoto(descriptor: Int, photo: NewPhoto) =
        call { importPhotoDescriptor(descriptor, photo.toFfi()).toModel() }

    override suspend fun importPhotos(
        paths: List<String>,
        origin: PhotoOrigin,
        owner: Subject?,
        onProgress: (Progress) -> Unit,
    ): Imported {
        val draft = ImportDraft(paths, owner?.toFfi(), null, origin.toFfi())
        return when (val outcome = finished(call { startImport(draft) }, onProgress)) {
            is JobOutcome.Imported -> Imported(
                outcome.outcome.saved.map { it.toModel() },
                outcome.outcome.refused.map { RefusedFile(paths[it.position.toInt()], it.reason) },
            )
            is JobOutcome.Verified -> error("an import does not verify")
        }
    }

    override suspend fun verify(onProgress: (Progress) -> Unit): Verified =
        when (val outcome = finished(call { startVerify() }, onProgress)) {
            is JobOutcome.Verified -> outcome.outcome.toModel()
            is JobOutcome.Imported -> error("a verification does not import")
        }

    /** Waits for a job; a cancelled coroutine ends the job too, and waits until it has ended. */
    private suspend fun finished(job: Job, onProgress: (Progress) -> Unit): JobOutcome = job.use {
        try {
            var outcome: JobOutcome? = null
            while (outcome == null) {
                val progress = job.progress()
                onProgress(Progress(progress.done.toLong(), progress.all.toLong()))
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

    override suspend fun photos(owner: Subject, page: PageQuery) =
        call { listPhotos(owner.toFfi().id, page.toFfi()).let { p -> Page(p.photos.map { it.toModel() }, p.next) } }

    override suspend fun unassignedPhotos(page: PageQuery) =
        call { listUnassignedPhotos(page.toFfi()).let { p -> Page(p.photos.map { it.toModel() }, p.next) } }

    override suspend fun photo(id: PhotoId) = call { getPhoto(id.text).toModel() }

    override suspend fun assignPhoto(id: PhotoId, owner: Subject, shot: String?, reason: String?) =
        call { assignPhoto(PhotoAssignment(id.text, owner.toFfi(), shot, reason)).toModel() }

    override suspend fun thumbnail(id: PhotoId) = call { thumbnail(id.text) }

    override suspend fun preview(id: PhotoId) = call { preview(id.text) }

    override suspend fun sync(isMetered: Boolean, patienceMs: Long, onNews: (SyncNews) -> Unit): Synced {
        val cost = if (isMetered) LinkCost.METERED else LinkCost.FREE
        return withContext(dispatcher) { SyncSession(store, http, onNews).sync(cost, patienceMs) }
    }

    override suspend fun freeSpace(onNews: (SyncNews) -> Unit): Freed = withContext(dispatcher) {
        SyncSession(store, http, onNews).free()
    }
}
