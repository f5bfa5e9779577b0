package org.imena.bridge

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.imena.ffi.FieldStore
import org.imena.ffi.LinkCost
import org.imena.ffi.LinkFailure
import org.imena.ffi.LogLevel
import org.imena.ffi.LogSink
import org.imena.ffi.ReplyBody
import org.imena.ffi.TransferChange
import org.imena.ffi.TransferPlan
import org.imena.ffi.TransferPurpose
import org.imena.ffi.TransferReply
import org.imena.ffi.TransferTrouble
import org.imena.ffi.setLogSink
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.MethodOrderer
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.TestMethodOrder
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayInputStream
import java.io.File
import java.nio.ByteBuffer
import java.util.UUID
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** The scenario of docs/design/scenario.md in Kotlin: one step a test, in order, on one vault and a real hub. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.DisplayName::class)
class ScenarioTest {
    private lateinit var world: World

    @BeforeAll
    fun begin(@TempDir folder: File) {
        world = World(folder)
    }

    @AfterAll
    fun end() = world.stage.end()

    private val store get() = world.store

    @Test
    fun `01 a folder without a vault says so`() = runBlocking<Unit> {
        assertFailure<Failure.NoVault> { RustImenaStore.open(world.config(File(world.folder, "nowhere").path), world.vault) }
        assertFailure<Failure.Invalid> { RustImenaStore.open(world.config("a\u0000b"), world.vault) }
        val blocked = File(world.folder, "a file").apply { writeText("in the way") }
        assertFailure<Failure.StorageFailed> { world.join(world.config(blocked.path), MoodyVault(File(world.folder, "other"))) }
    }

    @Test
    fun `02 joining needs a true code and a willing vault`() = runBlocking<Unit> {
        assertEquals("join_code", assertFailure<Failure.Invalid> { world.join(code = "IMENA1:NONSENSE") }.field)
        for (name in listOf("", "x".repeat(10_000_000), "T\u0000 1", "half a pair \ud800")) {
            assertFailure<Failure.Invalid> { world.join(name = name) }
        }
        world.vault.mood = MoodyVault.Mood.NO_WRAP
        assertFailure<Failure.KeyUnavailable> { world.join() }
        world.vault.mood = MoodyVault.Mood.WILLING
        world.store = world.join()
        val status = store.status()
        assertFalse(status.isLocked)
        assertEquals("T01", status.deviceName)
        assertTrue(status.issuer.orEmpty().startsWith("Z"))
    }

    @Test
    fun `03 a vault is opened once`() = runBlocking<Unit> {
        assertFailure<Failure.AlreadyOpen> { world.open() }
        assertFailure<Failure.AlreadyOpen> { world.join() }
        val other = world.child(world.vaultDir.path, PASSCODE, "-")
        assertEquals("AlreadyOpen", other.inputStream.bufferedReader().readLine())
        other.waitFor()
    }

    @Test
    fun `04 work starts with an operator`() = runBlocking<Unit> {
        val role = RustImenaStore.terms(Vocabulary.OPERATOR_ROLE).first()
        assertEquals(Term("rescuer", "rescuer", "рятувальник"), role)
        val operator = store.recordOperator(NewOperator("Kashtan", role.code))
        store.startWork(operator.id)
        assertEquals(listOf(operator), store.operators().items)
    }

    @Test
    fun `05 site grave marker and remains are recorded`() = runBlocking<Unit> {
        world.site = store.recordSite(NewSite("LYS1", "Forest edge", "grave_field"))
        world.grave = store.recordGrave(NewGrave(world.site.id, kind = "individual_marked"))
        val text = "№ 319 \u200fابن"
        val marker = store.recordMarker(NewMarker(world.site.id, listOf(world.grave.id), "cross", text, "319"))
        world.remains = store.recordRemains(NewRemains(world.site.id, world.grave.id))
        assertEquals(text, store.marker(marker.id).textVerbatim)
        assertEquals(listOf(world.grave), store.graves(world.site.id).items)
        assertEquals(listOf(world.remains), store.remainsOf(world.grave.id).items)
        val found = store.findCode(world.remains.code.lowercase())
        assertEquals(FoundCode(Subject.OfRemains(world.remains.id), world.remains.code, isKnown = true, isGuessed = false), found)
    }

    @Test
    fun `06 a possible name keeps its lost letters`() = runBlocking<Unit> {
        val owner = Subject.OfRemains(world.remains.id)
        val hint = store.recordHint(
            NewHint(
                owner,
                "bag_label",
                "The Armed Forces of Ukraine defender Nesteren…",
                listOf(NewHintPart("surname", "Nesteren…")),
                "written by hand on the bag",
                "certain_reading",
            ),
        )
        val part = hint.parts.single()
        assertEquals(Triple("Nesteren", false, true), Triple(part.letters, part.isCutLeft, part.isCutRight))
        assertEquals(listOf(hint), store.hints(owner).items)
    }

    @Test
    fun `07 a photo comes in chunks`() = runBlocking<Unit> {
        val (file, sha256) = world.picture("12mp.jpg", 1, "12mp")
        val id = CompletableDeferred<PhotoId>()
        val told = async { store.changes.first { change -> id.isCompleted && Subject.OfPhoto(id.await()) in change.subjects } }
        val photo = world.newPhoto().copy(shot = "B1")
        delay(100)
        val saved = store.capture(photo, file.inputStream())
        id.complete(saved.id)
        assertEquals(Triple(sha256, file.length(), SavedOutcome.NEW), Triple(saved.sha256, saved.sizeBytes, saved.outcome))
        val again = store.capture(photo, file.inputStream())
        assertEquals(saved.id to SavedOutcome.ALREADY_SAVED, again.id to again.outcome)
        val camera = ByteBuffer.allocateDirect(file.length().toInt()).put(file.readBytes()).flip()
        assertEquals(saved.id, store.capture(photo, camera = camera).id, "the camera's own buffer gives the same photo")
        withTimeout(60_000) { told.await() }
        world.photo = saved.id
        val seen = store.photo(saved.id)
        assertEquals(PhotoStatus.HERE_ONLY to "B1", seen.status to seen.shot?.code)
        assertContentEquals(byteArrayOf(-1, -40), store.thumbnail(saved.id)?.copyOf(2))
    }

    @Test
    fun `08 a capture that goes wrong is never called saved`() = runBlocking<Unit> {
        val (file, _) = world.picture("small.jpg", 2)
        assertFailure<Failure.MediaUnreadable> { store.capture(world.newPhoto()) { null } }
        val failed = assertFailure<Failure.IntegrityFailed> {
            val source = ByteArrayInputStream(file.readBytes())
            store.capture(world.newPhoto(), { CaptureFacts(expectedBytes = 1) }) { source.readNBytes(9_000).takeIf { it.isNotEmpty() } }
        }
        assertEquals(file.length(), failed.foundBytes)
        assertFailure<Failure.Invalid> { store.capture(world.newPhoto().copy(fileName = "x".repeat(10_000_000)), file.inputStream()) }
        val offEarth = CaptureFacts(position = Position(91.0, 0.0, PositionProvider.GNSS))
        var isGiven = false
        assertFailure<Failure.Invalid> {
            store.capture(world.newPhoto(), { offEarth }) { if (isGiven) null else byteArrayOf(1).also { isGiven = true } }
        }
        raw { core ->
            val capture = core.beginPhoto(world.newPhoto().toFfi())
            capture.append(ByteBuffer.allocateDirect(0))
            assertFailure<Failure.Invalid> { calling { capture.append(ByteBuffer.allocateDirect(65_537)) } }
            capture.append(ByteBuffer.allocateDirect(1))
            capture.abandon()
            assertFailure<Failure.Refused> { calling { capture.append(ByteBuffer.allocateDirect(1)) } }
            val unnamed = world.newPhoto().toFfi().copy(captureId = "shutter 1")
            assertFailure<Failure.Invalid> { calling { core.beginPhoto(unnamed) } }
        }
    }

    @Test
    fun `09 a file is imported by path and by descriptor`() = runBlocking<Unit> {
        val photo = { name: String -> world.newPhoto().copy(origin = PhotoOrigin.IMPORTED_FILE, fileName = name) }
        val (file, sha256) = world.picture("import.jpg", 3)
        assertEquals(sha256, store.importPhoto(file.path, photo(file.name)).sha256)
        val (other, otherSha256) = world.picture("descriptor.jpg", 4)
        assertEquals(otherSha256, store.importPhoto(openDescriptor(other), photo(other.name)).sha256)
        val cut = File(file.parentFile, "cut.jpg")
        cut.writeBytes(other.readBytes().dropLast(2000).toByteArray())
        val id = CompletableDeferred<PhotoId>()
        val told = async { store.changes.first { change -> id.isCompleted && Subject.OfPhoto(id.await()) in change.subjects } }
        delay(100)
        val saved = store.importPhoto(cut.path, photo(cut.name))
        id.complete(saved.id)
        assertEquals(listOf("truncated"), saved.defects.map { it.code })
        // Lists know a photo after the answer.
        withTimeout(60_000) { told.await() }
        val known = store.photo(saved.id)
        assertTrue(known.shouldRetake && known.facts!!.width!! > 0)
        val elsewhere = File("/dev/shm/imena-${UUID.randomUUID()}.jpg")
        try {
            elsewhere.writeBytes(other.readBytes() + "elsewhere".toByteArray())
            assertEquals(SavedOutcome.NEW, store.importPhoto(elsewhere.path, photo(elsewhere.name)).outcome)
        } finally {
            elsewhere.delete()
        }
    }

    @Test
    fun `10 what is no file is not imported`() = runBlocking<Unit> {
        for (descriptor in listOf(-1, 1_000_000)) {
            assertFailure<Failure.MediaUnreadable> { store.importPhoto(descriptor, world.newPhoto()) }
        }
        for (path in listOf("/nowhere/at/all.jpg", world.folder.path, "a\u0000b", "/dev/null")) {
            assertFailure<Failure.MediaUnreadable> { store.importPhoto(path, world.newPhoto()) }
        }
    }

    @Test
    fun `11 a listener that throws is told to reload and one may call the store`() = runBlocking<Unit> {
        raw { core ->
            lateinit var throwing: RawListener
            throwing = RawListener { if (throwing.notices.size == 1) error("a bug in a screen") }
            val calling = RawListener { core.status() }
            val kept = listOf(core.subscribeChanges(throwing), core.subscribeChanges(calling))
            for (count in 1..2) {
                store.recordGrave(NewGrave(world.site.id))
                throwing.waitFor(count)
            }
            assertEquals(listOf(false, true), throwing.waitFor(2).take(2).map { it.mustReload })
            calling.waitFor(2)
            kept.forEach { it.cancel() }
            assertFalse(kept.first().isActive())
        }
    }

    @Test
    fun `12 what a person gets wrong is named and nothing is recorded`() = runBlocking<Unit> {
        val site = world.site.id
        val before = store.graves(site)
        val stranger = UUID.randomUUID().toString()
        assertFailure<Failure.NotFound> { store.grave(GraveId(stranger)) }
        assertFailure<Failure.NotFound> { store.grave(GraveId(site.text)) }
        assertFailure<Failure.NotFound> { store.site(SiteId("no id")) }
        assertFailure<Failure.NotFound> { store.recordGrave(NewGrave(SiteId(stranger))) }
        assertFailure<Failure.Refused> { store.recordGrave(NewGrave(site, code = world.grave.code)) }
        assertFailure<Failure.Invalid> { store.recordGrave(NewGrave(site, code = "LYS1-1-T01-G001-XX")) }
        assertFailure<Failure.Invalid> { store.recordGrave(NewGrave(site, kind = "palace")) }
        assertFailure<Failure.Invalid> { store.recordSite(NewSite("LYS1", "x".repeat(10_000_000))) }
        assertFailure<Failure.Invalid> { store.recordSite(NewSite("LYS1", "a\u0000b")) }
        assertFailure<Failure.Invalid> { store.recordSite(NewSite("LYS1", "half a pair \udc00")) }
        assertFailure<Failure.Invalid> { store.graves(site, PageQuery(limit = 0)) }
        assertFailure<Failure.Invalid> { store.graves(site, PageQuery(after = "…")) }
        assertEquals(before, store.graves(site))
        assertEquals(emptyList(), store.graves(SiteId(stranger)).items)
    }

    @Test
    fun `13 fifty threads get fifty codes`() = runBlocking<Unit> {
        val codes = (1..50).map { async(Dispatchers.IO) { store.recordRemains(NewRemains(world.site.id)).code } }.awaitAll().toSet()
        assertEquals(50, codes.size)
        val listed = mutableSetOf<String>()
        var page = store.remainsOf(world.site.id)
        listed += page.items.map { it.code }
        while (true) {
            page = store.remainsOf(world.site.id, PageQuery(after = page.next ?: break))
            listed += page.items.map { it.code }
        }
        assertTrue(listed.containsAll(codes))
    }

    @Test
    fun `14 the operator lets the phone in and receipts come`() = runBlocking<Unit> {
        val news = mutableListOf<SyncNews>()
        store.sync(patienceMs = 2_000) { news += it }
        val digits = news.filterIsInstance<SyncNews.SixDigits>().first().digits
        assertEquals(digits, store.status().sixDigits)
        world.stage.tell("admit", digits)
        world.stage.tell("unlock_hub")
        news.clear()
        assertTrue(store.sync { news += it }.isDone)
        assertTrue(SyncNews.Admitted in news && SyncNews.Receipt in news)
        val status = store.status()
        assertEquals(0, status.waitingFiles)
        assertEquals(5 to 5, status.originals.toInt() to status.originalsOnHub.toInt())
        assertTrue(store.photo(world.photo).status in setOf(PhotoStatus.ON_HUB, PhotoStatus.CHECKED_ON_HUB))
    }

    @Test
    fun `15 another key than the pinned one gets nothing`() = runBlocking<Unit> {
        raw { core ->
            val hub = core.listHubs().first()
            val desk = core.beginTransfers(hub, LinkCost.FREE, TransferPurpose.SYNC)
            val job = assertIs<TransferPlan.Perform>(desk.planTransfer()).job
            assertEquals(job.jobId, assertIs<TransferPlan.Perform>(desk.planTransfer()).job.jobId)
            val otherPin = job.copy(hub = hub.copy(spkiPins = listOf(ByteArray(32))))
            assertEquals(Performed.Failed(LinkFailure.WRONG_PIN), PinnedHttp().perform(otherPin))
            val changes = desk.reportFailure(job.jobId, LinkFailure.WRONG_PIN)
            assertIs<TransferTrouble.NetworkNeedsLogin>(assertIs<TransferChange.Trouble>(changes.first()).trouble)
            assertFailure<Failure.NotFound> { calling { desk.reportFailure(job.jobId, LinkFailure.CUT) } }
            val nobody = hub.copy(address = "127.0.0.1:9")
            assertFailure<Failure.NoHub> { calling { core.beginTransfers(nobody, LinkCost.FREE, TransferPurpose.SYNC) } }
            val unreachable = job.copy(hub = nobody)
            assertEquals(Performed.Failed(LinkFailure.UNREACHABLE), PinnedHttp().perform(unreachable))
        }
    }

    @Test
    fun `16 a reply is believed only if a hub signed it`() = runBlocking<Unit> {
        raw { core ->
            val hub = core.listHubs().first()
            val desk = core.beginTransfers(hub, LinkCost.FREE, TransferPurpose.SYNC)
            val job = assertIs<TransferPlan.Perform>(desk.planTransfer()).job
            val portal = TransferReply(200u, "text/html", ReplyBody.Bytes("<html>login".toByteArray()), hub.spkiPins.first())
            assertFailure<Failure.Invalid> { calling { desk.acceptReply(job.jobId, portal.copy(pinSeen = ByteArray(5))) } }
            val changes = desk.acceptReply(job.jobId, portal)
            assertIs<TransferTrouble.NetworkNeedsLogin>(assertIs<TransferChange.Trouble>(changes.first()).trouble)
        }
    }

    @Test
    fun `17 space is not freed before every condition is met`() = runBlocking<Unit> {
        val freed = store.freeSpace()
        assertEquals(0 to 5, freed.freedOriginals to freed.keptOriginals)
        assertTrue(freed.kept.flatMap { it.missing }.map { it.code }.containsAll(listOf("receipts", "days")))
        assertEquals(5, store.status().originals)
    }

    @Test
    fun `18 a locked vault sends and shows nothing`() = runBlocking<Unit> {
        val (file, _) = world.picture("before-lock.jpg", 5)
        store.capture(world.newPhoto(), file.inputStream())
        store.lock()
        assertFailure<Failure.Locked> { store.sites() }
        assertFailure<Failure.Locked> { store.capture(world.newPhoto(), file.inputStream()) }
        assertTrue(store.status().waitingFiles > 0)
        store.sync()
        assertEquals(0, store.status().waitingFiles)
        assertFailure<Failure.WrongPasscode> { store.unlock("654321") }
        assertFailure<Failure.Invalid> { store.unlock("x".repeat(10_000_000)) }
        store.unlock(PASSCODE)
        assertEquals(listOf(world.site), store.sites().items)
    }

    @Test
    fun `19 a vault that fails costs nothing`() = runBlocking<Unit> {
        for (mood in listOf(MoodyVault.Mood.THROW, MoodyVault.Mood.REFUSE, MoodyVault.Mood.LIE)) {
            world.vault.mood = mood
            store.recordGrave(NewGrave(world.site.id))
            assertFailure<Failure.KeyUnavailable> { store.sync() }
            world.vault.mood = MoodyVault.Mood.WILLING
        }
        store.sync()
        assertEquals(0, store.status().waitingFiles)
    }

    @Test
    fun `20 a vault that blocks keeps nobody else waiting`() = runBlocking<Unit> {
        store.recordGrave(NewGrave(world.site.id))
        world.vault.mood = MoodyVault.Mood.BLOCK
        val waiting = launch { store.sync() }
        delay(200)
        val (file, _) = world.picture("meanwhile.jpg", 6)
        assertEquals(SavedOutcome.NEW, store.capture(world.newPhoto(), file.inputStream()).outcome)
        assertFalse(store.status().isLocked)
        assertEquals(listOf(world.site), store.sites().items)
        world.vault.mood = MoodyVault.Mood.WILLING
        world.vault.mayGoOn.countDown()
        withTimeout(60_000) { waiting.join() }
    }

    @Test
    fun `21 a long job tells how far it is and ends with its coroutine`() = runBlocking<Unit> {
        val verified = store.verify()
        assertEquals(emptyList(), verified.findings)
        assertTrue(verified.files > 4 && verified.receipts > 0)
        val paths = (1..20).map { world.picture("card-$it.jpg", 100 + it).first.path }
        var last = Progress(0, 0)
        val job = launch(Dispatchers.IO) { store.importPhotos(List(100) { paths }.flatten(), PhotoOrigin.CAMERA_CARD) { last = it } }
        withTimeout(60_000) { while (last.done < 3) delay(10) }
        job.cancelAndJoin()
        assertTrue(last.done < last.all, "$last")
        val before = store.status().originals
        delay(300)
        assertEquals(before, store.status().originals, "cancelling the coroutine ended the import in the core")
        val imported = store.importPhotos(paths.take(2) + "/nowhere.jpg", PhotoOrigin.CAMERA_CARD)
        assertEquals(2 to listOf("/nowhere.jpg"), imported.saved.size to imported.refused.map { it.path })
        assertFailure<Failure.Invalid> { store.importPhotos(List(2001) { "x" }, PhotoOrigin.CAMERA_CARD) }
        val capturing = launch(Dispatchers.IO) {
            store.capture(world.newPhoto()) {
                delay(10)
                byteArrayOf(1)
            }
        }
        delay(100)
        capturing.cancelAndJoin()
    }

    @Test
    fun `22 a phone that suspends the app finds the vault closed and goes on`() = runBlocking<Unit> {
        store.prepareForSuspend()
        store.prepareForSuspend()
        assertFailure<Failure.Suspended> { store.status() }
        val other = world.open()
        assertFailure<Failure.AlreadyOpen> { store.resume() }
        assertTrue(other.shutDown())
        store.resume()
        store.resume()
        assertEquals(listOf(world.site), store.sites().items, "as unlocked as before")
    }

    @Test
    fun `23 shutting down is safe while calls run and says so afterwards`() = runBlocking<Unit> {
        val calls = (1..8).map {
            async(Dispatchers.IO) { assertFailure<Failure.ShutDown> { while (true) store.sites() } }
        }
        val listening = launch { store.changes.collect {} }
        val verifying = async(Dispatchers.IO) { runCatching { store.verify() } }
        delay(50)
        assertTrue(store.shutDown())
        calls.awaitAll()
        verifying.await()
        listening.cancelAndJoin()
        assertTrue(store.shutDown())
        assertFailure<Failure.ShutDown> { store.status() }
        assertFailure<Failure.ShutDown> { store.resume() }
        assertFailure<Failure.ShutDown> { store.unlock(PASSCODE) }
    }

    @Test
    fun `24 a process killed in the middle loses nothing that it called saved`() = runBlocking<Unit> {
        val (file, _) = world.picture("killed.jpg", 7)
        val child = world.child(world.vaultDir.path, PASSCODE, file.path)
        val said = child.inputStream.bufferedReader()
        val line = said.readLine()
        assertTrue(line.startsWith("saved "), line)
        val saved = line.removePrefix("saved ")
        assertEquals("half done", said.readLine())
        child.destroyForcibly().waitFor()
        world.store = world.open()
        val unlocked = store.unlock(PASSCODE)
        assertTrue(unlocked.quarantinedFiles + unlocked.recoveredPhotos >= 1, "the half photo is set aside, not lost")
        assertEquals(file.length() + "saved".length, store.photo(PhotoId(saved)).sizeBytes)
    }

    @Test
    fun `25 a panic is an error and the store says whether it can go on`() = runBlocking<Unit> {
        try {
            panicIn("list_operators")
            assertEquals(8, assertFailure<Failure.Internal> { store.operators() }.reportId.length)
            assertEquals(listOf(world.site), store.sites().items, "a call that only reads leaves nothing half done")
            panicIn("record_operator")
            assertFailure<Failure.Internal> { store.recordOperator(NewOperator("Klen", "rescuer")) }
            assertFailure<Failure.MustReopen> { store.sites() }
        } finally {
            panicIn("")
        }
        assertTrue(store.shutDown())
        world.store = world.open()
        store.unlock(PASSCODE)
        assertEquals(listOf(world.site), store.sites().items)
    }

    @Test
    fun `26 log lines tell places and no names`() = runBlocking<Unit> {
        val lines = mutableListOf<String>()
        setLogSink(object : LogSink {
            override fun takeLine(level: LogLevel, target: String, text: String) {
                lines += text
                error("a sink that fails")
            }
        })
        panicIn("list_operators")
        val report = assertFailure<Failure.Internal> { store.operators() }.reportId
        panicIn("")
        setLogSink(null)
        val line = lines.first { report in it }
        assertTrue("guard.rs" in line && "Kashtan" !in line, line)
    }

    @Test
    fun `27 the terminal program finds the vault sound`() = runBlocking<Unit> {
        store.sync()
        assertTrue(store.shutDown())
        val said = world.stage.tell("verify", world.vaultDir.path).getValue("said")
        assertTrue("Nothing_is_wrong." in said, said)
    }

    @Test
    fun `28 a destroyed object is shut down and nothing else`() = runBlocking<Unit> {
        val core = FieldStore.openVault(world.config(), world.vault)
        core.shutDown()
        core.destroy()
        assertFailure<Failure.ShutDown> { calling { core.status() } }
        assertFailsWith<IllegalStateException> { core.status() }
    }

    /** The generated object behind the wrapper. */
    private suspend fun raw(act: suspend (FieldStore) -> Unit) {
        val field = RustImenaStore::class.java.getDeclaredField("store")
        field.isAccessible = true
        act(field.get(store) as FieldStore)
    }

    private fun openDescriptor(file: File): Int {
        val open = com.sun.jna.NativeLibrary.getInstance("c").getFunction("open")
        return open.invokeInt(arrayOf<Any>(file.path, 0)).also { check(it >= 0) }
    }
}
