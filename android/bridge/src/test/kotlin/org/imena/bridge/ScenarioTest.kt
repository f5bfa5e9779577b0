package org.imena.bridge

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.imena.ffi.CaptureFacts
import org.imena.ffi.Choice
import org.imena.ffi.Circumstances
import org.imena.ffi.CodeView
import org.imena.ffi.Editor
import org.imena.ffi.EntryAct
import org.imena.ffi.FieldStore
import org.imena.ffi.FieldValue
import org.imena.ffi.FormPath
import org.imena.ffi.ImportDraft
import org.imena.ffi.JobProgress
import org.imena.ffi.Language
import org.imena.ffi.LinkCost
import org.imena.ffi.LinkFailure
import org.imena.ffi.LogLevel
import org.imena.ffi.LogSink
import org.imena.ffi.NamePart
import org.imena.ffi.PageQuery
import org.imena.ffi.PhotoSource
import org.imena.ffi.PhotoStatus
import org.imena.ffi.Position
import org.imena.ffi.PositionProvider
import org.imena.ffi.RecordDraft
import org.imena.ffi.ReplyBody
import org.imena.ffi.SavedOutcome
import org.imena.ffi.ShutDownOutcome
import org.imena.ffi.SubjectRef
import org.imena.ffi.TransferChange
import org.imena.ffi.TransferPlan
import org.imena.ffi.TransferPurpose
import org.imena.ffi.TransferReply
import org.imena.ffi.TransferTrouble
import org.imena.ffi.VaultState
import org.imena.ffi.form
import org.imena.ffi.listKinds
import org.imena.ffi.listTerms
import org.imena.ffi.previewRecord
import org.imena.ffi.readLetters
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
import java.security.MessageDigest
import java.util.HexFormat
import java.util.UUID
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
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
        assertEquals(VaultState.UNLOCKED, status.vaultState)
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
        val roles = Language.entries.map { listTerms("operator_role", it).first() }
        assertEquals(listOf(Choice("rescuer", "rescuer"), Choice("rescuer", "рятувальник")), roles)
        val refused = assertFailure<Failure.Invalid> { calling { listTerms("roles", Language.ENGLISH) } }
        assertTrue("operator_role" in refused.reason)
        val operator = store.record(
            draft(Operator) {
                this[Operator.DISPLAY_NAME] = "Kashtan"
                this[Operator.ROLE] = OperatorRole.RESCUER
                this[Operator.ORGANISATION] = ""
            },
        )
        store.startWork(operator.subject.id)
        val row = world.rows(Operator, null, Operator.DISPLAY_NAME).single()
        assertEquals(operator.subject to "Kashtan", row.summary.subject to row.of(Operator)?.get(Operator.DISPLAY_NAME))
    }

    @Test
    fun `05 site grave marker and remains are recorded`() = runBlocking<Unit> {
        world.site = store.record(
            draft(Site) {
                this[Site.PLACE_CODE] = "LYS1"
                this[Site.NAME] = "Forest edge"
                this[Site.TYPE] = SiteType.GRAVE_FIELD
            },
        )
        world.grave = world.recordGrave { this[Grave.KIND] = GraveKind.INDIVIDUAL_MARKED }
        val text = "№ 319 \u200fابن"
        world.marker = store.record(
            draft(Marker) {
                this[Marker.SITE] = world.site.subject
                this[Marker.KIND] = MarkerKind.CROSS
                this[Marker.TEXT_VERBATIM] = text
                this[Marker.NUMBER_TEXT] = "319"
                link(world.grave.subject)
            },
        )
        world.remains = store.record(
            draft(Remains) {
                this[Remains.SITE] = world.site.subject
                this[Remains.GRAVE] = world.grave.subject
            },
        )
        val view = world.view(world.marker)
        assertEquals(text, view.of(Marker)?.get(Marker.TEXT_VERBATIM))
        assertNull(view.of(Grave))
        assertEquals(listOf(world.grave.code), view.links.map { it.other.code })
        val contents = world.view(world.site).contents.map { it.kind to it.count }
        assertEquals(listOf("grave" to 1L, "marker" to 1L, "remains" to 1L), contents)
        val row = world.rows(Remains, world.grave, Remains.CODE).single()
        assertEquals(world.remains.code, row.of(Remains)?.get(Remains.CODE))
        val code = world.remains.code!!
        assertEquals(CodeView(world.remains.subject, code, isKnown = true, isGuessed = false), store.findCode(code.lowercase()))
    }

    @Test
    fun `06 a possible name keeps its lost letters`() = runBlocking<Unit> {
        val hint = store.record(
            draft(PersonHint) {
                this[PersonHint.OWNER] = world.remains.subject
                this[PersonHint.SOURCE] = HintSource.BAG_LABEL
                this[PersonHint.TEXT_VERBATIM] = "The Armed Forces of Ukraine defender Nesteren..."
                this[PersonHint.PARTS] = listOf(NamePart(HintPartRole.SURNAME.code, "Nesteren..."))
                this[PersonHint.REASON] = "written by hand on the bag"
                this[PersonHint.CONFIDENCE] = HintConfidence.CERTAIN_READING
            },
        )
        val row = world.rows(PersonHint, world.remains, PersonHint.PARTS).single()
        assertEquals(hint.subject, row.summary.subject)
        val part = row.of(PersonHint)?.get(PersonHint.PARTS)!!.single()
        assertEquals(NamePart("surname", "Nesteren…"), part)
        val letters = readLetters(part.markedText)
        assertEquals(Triple("Nesteren", false, true), Triple(letters.letters, letters.isCutLeft, letters.isCutRight))
    }

    @Test
    fun `07 a photo comes in chunks`() = runBlocking<Unit> {
        val (file, sha256) = world.picture("12mp.jpg", 1, "12mp")
        val photo = world.photo(shotCode = Shot.B1.code)
        val (saved, notices) = world.savedAndListed { store.capture(photo, file.inputStream()) }
        assertEquals(Triple(sha256, file.length().toULong(), SavedOutcome.NEW), Triple(saved.sha256, saved.sizeBytes, saved.outcome))
        assertTrue(notices.first().mustReload)
        // The beginning has no number of the core's.
        val numbers = notices.map { it.seq }.filter { it > 0u }
        assertEquals((numbers.first()..numbers.last()).toList(), numbers)
        val again = store.capture(photo, file.inputStream())
        assertEquals(saved.photoId to SavedOutcome.ALREADY_SAVED, again.photoId to again.outcome)
        val camera = ByteBuffer.allocateDirect(file.length().toInt()).put(file.readBytes()).flip()
        assertEquals(saved.photoId, store.capture(photo, camera = camera).photoId, "the camera's own buffer gives the same photo")
        world.photoId = saved.photoId
        val seen = world.photoView(saved.photoId)
        assertEquals(PhotoStatus.HERE_ONLY to "B1", seen.status to seen.shot?.code)
        assertContentEquals(byteArrayOf(-1, -40), store.thumbnail(saved.photoId)?.copyOf(2))
    }

    @Test
    fun `08 a capture that goes wrong is never called saved`() = runBlocking<Unit> {
        val (file, _) = world.picture("small.jpg", 2)
        assertFailure<Failure.MediaUnreadable> { store.capture(world.photo()) { null } }
        val failed = assertFailure<Failure.IntegrityFailed> {
            val source = ByteArrayInputStream(file.readBytes())
            store.capture(world.photo(), { CaptureFacts(expectedBytes = 1u) }) { source.readNBytes(9_000).takeIf { it.isNotEmpty() } }
        }
        assertEquals(file.length(), failed.foundBytes)
        assertFailure<Failure.Invalid> { store.capture(world.photo(fileName = "x".repeat(10_000_000)), file.inputStream()) }
        val offEarth = CaptureFacts(position = Position(91.0, 0.0, provider = PositionProvider.GNSS))
        var isGiven = false
        assertFailure<Failure.Invalid> {
            store.capture(world.photo(), { offEarth }) { if (isGiven) null else byteArrayOf(1).also { isGiven = true } }
        }
        raw { core ->
            val capture = core.beginPhoto(world.photo())
            capture.append(ByteBuffer.allocateDirect(0))
            assertFailure<Failure.Invalid> { calling { capture.append(ByteBuffer.allocateDirect(65_537)) } }
            capture.append(ByteBuffer.allocateDirect(1))
            capture.abandon()
            assertFailure<Failure.Refused> { calling { capture.append(ByteBuffer.allocateDirect(1)) } }
            val unnamed = world.photo().copy(captureId = "shutter 1")
            assertFailure<Failure.Invalid> { calling { core.beginPhoto(unnamed) } }
        }
    }

    @Test
    fun `09 a file is imported by path and by descriptor`() = runBlocking<Unit> {
        val photo = { name: String? -> world.photo(origin = PhotoSource.IMPORTED_FILE, fileName = name) }
        val (file, sha256) = world.picture("import.jpg", 3)
        assertEquals(sha256, store.importPhoto(file.path, photo(file.name)).sha256)
        val (other, otherSha256) = world.picture("descriptor.jpg", 4)
        val descriptor = openDescriptor(other)
        assertEquals(otherSha256, store.importPhoto(descriptor, photo(other.name)).sha256)
        // Its number may be another file's by now.
        assertNotEquals(other.canonicalFile, File("/proc/self/fd/$descriptor").canonicalFile)
        val cut = File(file.parentFile, "cut.jpg")
        cut.writeBytes(other.readBytes().dropLast(2000).toByteArray())
        val (saved, _) = world.savedAndListed { store.importPhoto(cut.path, photo(cut.name)) }
        assertEquals(listOf("truncated"), saved.defects.map { it.code })
        val known = world.photoView(saved.photoId)
        assertTrue(known.shouldRetake)
        assertTrue(known.facts.first { it.code == "width" }.shown.toInt() > 0 && known.facts.all { it.shown.isNotEmpty() })
        val name = byteArrayOf(-12, -18) + ".jpg".toByteArray()
        val (named, _) = world.savedAndListed { store.importPhoto(cut.path, photo(null).copy(fileNameBytes = name)) }
        assertContentEquals(name, world.photoView(named.photoId).fileNameBytes)
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
            assertFailure<Failure.MediaUnreadable> { store.importPhoto(descriptor, world.photo()) }
        }
        for (path in listOf("/nowhere/at/all.jpg", world.folder.path, "a\u0000b", "/dev/null")) {
            assertFailure<Failure.MediaUnreadable> { store.importPhoto(path, world.photo()) }
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
                world.recordGrave()
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
        val site = world.site.subject
        val listed = suspend { world.rows(Grave, world.site).map { it.summary.code } }
        val before = listed()
        val stranger = UUID.randomUUID().toString()
        val lost = SubjectRef("site", stranger)
        val graves = query(Grave, site, Language.ENGLISH)
        val place = { name: String, circumstances: Circumstances? ->
            draft(Site) {
                this[Site.PLACE_CODE] = "LYS2"
                this[Site.NAME] = name
                this.circumstances = circumstances
            }
        }
        val grave = { field: String, value: FieldValue -> RecordDraft("grave", mapOf("site" to FieldValue.Reference(site), field to value)) }
        assertFailure<Failure.NotFound> { store.getRecord(stranger, Language.ENGLISH) }
        assertFailure<Failure.NotFound> { store.getRecord("no id", Language.ENGLISH) }
        assertFailure<Failure.NotFound> { store.amend(changes(lost, Site) { this[Site.NAME] = "x" }) }
        assertFailure<Failure.NotFound> { world.recordGrave { this[Grave.SITE] = lost } }
        assertFailure<Failure.NotFound> { store.amend(changes(site, Grave) { this[Grave.KIND] = GraveKind.MULTIPLE }) }
        assertFailure<Failure.Refused> { world.recordGrave { this[Grave.CODE] = world.grave.code!! } }
        assertFailure<Failure.Invalid> { world.recordGrave { this[Grave.CODE] = "LYS1-1-T01-G001-XX" } }
        assertFailure<Failure.Invalid> { world.recordGrave { this[Grave.KIND] = GraveKind("palace") } }
        assertFailure<Failure.Invalid> { store.record(grave("number_text", FieldValue.Text("319"))) }
        assertFailure<Failure.Invalid> { store.record(grave("kind", FieldValue.Number(1))) }
        assertFailure<Failure.Invalid> { store.record(draft(Grave) {}) }
        assertFailure<Failure.Invalid> { store.record(RecordDraft("castle", emptyMap())) }
        assertFailure<Failure.Invalid> { store.record(place("x".repeat(10_000_000), null)) }
        assertFailure<Failure.Invalid> { store.record(place("a\u0000b", null)) }
        assertFailure<Failure.Invalid> { store.record(place("half a pair \udc00", null)) }
        assertFailure<Failure.Invalid> { store.record(place("x", Circumstances(reason = "x".repeat(10_000_000)))) }
        assertFailure<Failure.Invalid> { store.amend(changes(site, Site) {}) }
        val otherCode = changes(world.grave.subject, Grave) { this[Grave.CODE] = "LYS1-T01-G009-XX" }
        assertFailure<Failure.Invalid> { store.amend(otherCode) }
        val resolution = world.view(world.site).of(Site)!!.resolution(Site.NAME, "Edge")
        assertFailure<Failure.Invalid> { store.resolve(resolution.copy(field = "colour")) }
        assertFailure<Failure.Refused> { store.resolve(resolution) }
        assertFailure<Failure.Invalid> { store.withdraw(site.id, Circumstances(reason = " ")) }
        assertFailure<Failure.Invalid> { store.linkRecords(site, world.grave.subject) }
        assertFailure<Failure.Invalid> { store.listRecords(graves, PageQuery(limit = 0u)) }
        assertFailure<Failure.Invalid> { store.listRecords(graves, PageQuery(after = "…", limit = 1u)) }
        assertFailure<Failure.Invalid> { store.findCode("\ud800") }
        assertEquals(before, listed())
        assertEquals(emptyList(), store.listRecords(graves.copy(parentId = stranger)).rows)
        val wrong = mapOf("kind" to FieldValue.Term("palace"), "number_text" to FieldValue.Text("x".repeat(300)), "colour" to FieldValue.Text("red"))
        val found = store.checkDraft(RecordDraft("marker", wrong), Language.UKRAINIAN).map { it.field to it.rule }
        assertEquals(listOf("site" to "owed", "kind" to "not_a_term", "number_text" to "too_long", "colour" to "no_such_field"), found)
    }

    @Test
    fun `13 fifty threads get fifty codes`() = runBlocking<Unit> {
        val draft = draft(Remains) { this[Remains.SITE] = world.site.subject }
        val codes = (1..50).map { async(Dispatchers.IO) { store.record(draft).code } }.awaitAll().toSet()
        assertEquals(50, codes.size)
        assertTrue(world.rows(Remains, world.site).map { it.summary.code }.containsAll(codes))
    }

    @Test
    fun `14 the operator lets the phone in and receipts come`() = runBlocking<Unit> {
        val news = mutableListOf<TransferChange>()
        store.sync(patienceMs = 2_000) { news += it }
        val digits = news.filterIsInstance<TransferChange.Enrolling>().first().sixDigits
        assertEquals(digits, store.status().sixDigits)
        world.stage.tell("admit", digits)
        world.stage.tell("unlock_hub")
        news.clear()
        assertTrue(store.sync { news += it }.isDone)
        assertTrue(TransferChange.Admitted in news && TransferChange.Receipt in news)
        val status = store.status()
        assertEquals(listOf(0uL, 6uL, 6uL), listOf(status.waitingFiles, status.originals, status.originalsOnHub))
        assertTrue(world.photoView(world.photoId).status in setOf(PhotoStatus.ON_HUB, PhotoStatus.CHECKED_ON_HUB))
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
        assertEquals(0u to 6u, freed.freedOriginals to freed.keptOriginals)
        assertTrue(freed.kept.flatMap { it.missing }.map { it.code }.containsAll(listOf("receipts", "days")))
        assertEquals(6uL, store.status().originals)
    }

    @Test
    fun `18 a locked vault sends and shows nothing`() = runBlocking<Unit> {
        val (file, _) = world.picture("before-lock.jpg", 5)
        store.capture(world.photo(), file.inputStream())
        store.lock()
        assertFailure<Failure.Locked> { world.sites() }
        assertFailure<Failure.Locked> { store.capture(world.photo(), file.inputStream()) }
        assertTrue(store.status().waitingFiles > 0u)
        store.sync()
        assertEquals(0uL, store.status().waitingFiles)
        assertFailure<Failure.WrongPasscode> { store.unlock("654321") }
        assertFailure<Failure.Invalid> { store.unlock("x".repeat(10_000_000)) }
        store.unlock(PASSCODE)
        assertEquals(listOf("LYS1"), world.sites())
    }

    @Test
    fun `19 a vault that fails costs nothing`() = runBlocking<Unit> {
        for (mood in listOf(MoodyVault.Mood.THROW, MoodyVault.Mood.REFUSE, MoodyVault.Mood.LIE)) {
            world.vault.mood = mood
            world.recordGrave()
            assertFailure<Failure.KeyUnavailable> { store.sync() }
            world.vault.mood = MoodyVault.Mood.WILLING
        }
        store.sync()
        assertEquals(0uL, store.status().waitingFiles)
    }

    @Test
    fun `20 a vault that blocks keeps nobody else waiting`() = runBlocking<Unit> {
        world.recordGrave()
        world.vault.mood = MoodyVault.Mood.BLOCK
        val waiting = launch { store.sync() }
        delay(200)
        val (file, _) = world.picture("meanwhile.jpg", 6)
        assertEquals(SavedOutcome.NEW, store.capture(world.photo(), file.inputStream()).outcome)
        assertEquals(VaultState.UNLOCKED, store.status().vaultState)
        assertEquals(listOf("LYS1"), world.sites())
        world.vault.mood = MoodyVault.Mood.WILLING
        world.vault.mayGoOn.countDown()
        withTimeout(60_000) { waiting.join() }
    }

    @Test
    fun `21 a long job tells how far it is and ends with its coroutine`() = runBlocking<Unit> {
        val verified = store.verify()
        assertEquals(emptyList(), verified.findings)
        assertTrue(verified.files > 4u && verified.receipts > 0u)
        val paths = (1..20).map { world.picture("card-$it.jpg", 100 + it).first.path }
        var last: JobProgress? = null
        val many = ImportDraft(List(100) { paths }.flatten(), origin = PhotoSource.CAMERA_CARD)
        val job = launch(Dispatchers.IO) { store.importPhotos(many) { last = it } }
        withTimeout(60_000) { while ((last?.done ?: 0u) < 3u) delay(10) }
        job.cancelAndJoin()
        assertTrue(last!!.done < 2000u && last.all == 2000uL, "$last")
        val before = store.status().originals
        delay(300)
        assertEquals(before, store.status().originals, "cancelling the coroutine ended the import in the core")
        val imported = store.importPhotos(many.copy(paths = paths.take(2) + "/nowhere.jpg"))
        assertEquals(2 to listOf(2u), imported.saved.size to imported.refused.map { it.position })
        assertFailure<Failure.Invalid> { store.importPhotos(many.copy(paths = List(2001) { "x" })) }
        val capturing = launch(Dispatchers.IO) {
            store.capture(world.photo()) {
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
        assertEquals(ShutDownOutcome.CLOSED, other.shutDown())
        store.resume()
        store.resume()
        assertEquals(listOf("LYS1"), world.sites(), "as unlocked as before")
    }

    @Test
    fun `23 shutting down is safe while calls run and says so afterwards`() = runBlocking<Unit> {
        val calls = (1..8).map {
            async(Dispatchers.IO) { assertFailure<Failure.ShutDown> { while (true) world.sites() } }
        }
        val listening = launch { store.changes.collect {} }
        val verifying = async(Dispatchers.IO) { runCatching { store.verify() } }
        delay(50)
        assertEquals(ShutDownOutcome.CLOSED, store.shutDown())
        calls.awaitAll()
        verifying.await()
        listening.cancelAndJoin()
        assertEquals(ShutDownOutcome.CLOSED, store.shutDown())
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
        assertTrue(unlocked.quarantinedFiles + unlocked.recoveredPhotos >= 1u, "the half photo is set aside, not lost")
        assertEquals((file.length() + "saved".length).toULong(), world.photoView(saved).sizeBytes)
    }

    @Test
    fun `25 a panic is an error and the store says whether it can go on`() = runBlocking<Unit> {
        try {
            panicIn("list_history")
            assertEquals(8, assertFailure<Failure.Internal> { world.history(world.site) }.reportId.length)
            assertEquals(listOf("LYS1"), world.sites(), "a call that only reads leaves nothing half done")
            panicIn("record")
            assertFailure<Failure.Internal> { world.recordGrave() }
            assertFailure<Failure.MustReopen> { world.sites() }
        } finally {
            panicIn("")
        }
        assertEquals(ShutDownOutcome.CLOSED, store.shutDown())
        world.store = world.open()
        store.unlock(PASSCODE)
        assertEquals(listOf("LYS1"), world.sites())
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
        panicIn("list_history")
        val report = assertFailure<Failure.Internal> { world.history(world.site) }.reportId
        panicIn("")
        setLogSink(null)
        val line = lines.first { report in it }
        assertTrue("guard.rs" in line && "Kashtan" !in line, line)
    }

    @Test
    fun `27 the terminal program finds the vault sound`() = runBlocking<Unit> {
        val digest = MessageDigest.getInstance("SHA-256").digest(File(world.folder, "12mp.jpg").readBytes())
        assertEquals(HexFormat.of().formatHex(digest), world.photoView(world.photoId).sha256)
        store.sync()
        assertEquals(ShutDownOutcome.CLOSED, store.shutDown())
        val said = world.stage.tell("verify", world.vaultDir.path).getValue("said")
        assertTrue("Nothing_is_wrong." in said, said)
    }

    @Test
    fun `29 the next morning something is said anew and its history tells all`() = runBlocking<Unit> {
        world.store = world.open()
        store.unlock(PASSCODE)
        val marker = world.marker.subject
        store.amend(
            changes(marker, Marker) {
                this[Marker.NUMBER_TEXT] = "318"
                this[Marker.STATUS] = MarkerStatus.FALLEN
                circumstances = Circumstances(reason = "washed and read again")
            },
        )
        store.amend(changes(marker, Marker) { gap(Marker.NUMBER_TEXT, Gap.NOT_DETERMINED) })
        val known = world.view(world.marker).of(Marker)!!
        assertEquals(MarkerStatus.FALLEN, known[Marker.STATUS])
        assertEquals(null to Gap.NOT_DETERMINED, known[Marker.NUMBER_TEXT] to known.gap(Marker.NUMBER_TEXT))
        val number = known.view(Marker.NUMBER_TEXT)!!
        assertEquals(Triple("not determined", "Kashtan", "T01"), Triple(number.shown, number.by?.operatorName, number.by?.deviceName))
        store.amend(changes(marker, Marker) { nothing(Marker.STATUS) })
        assertEquals("", world.view(world.marker).of(Marker)!!.view(Marker.STATUS)?.shown.orEmpty())
        val effect = store.record(
            draft(Effect) {
                this[Effect.REMAINS] = world.remains.subject
                this[Effect.CATEGORY] = EffectCategory.TEXTILE_WRISTBAND
                this[Effect.COLOURS] = listOf(Colour.BLUE, Colour.YELLOW)
            },
        )
        assertTrue(effect.code!!.startsWith("${world.remains.code}/"))
        val told = world.history(world.marker, Marker.NUMBER_TEXT)
        val said = listOf(EntryAct.AMENDED to "not determined", EntryAct.AMENDED to "318", EntryAct.CREATED to "319")
        assertEquals(said, told.map { it.act to it.fields.first().shown })
        assertEquals("washed and read again", told[1].circumstances.reason)
        val newest = store.listHistory(marker.id, null, Language.UKRAINIAN, PageQuery(limit = 3u))
        assertEquals(List(3) { "змінено" }, newest.entries.map { it.actLabel })
        val oldest = store.listHistory(marker.id, null, Language.UKRAINIAN, PageQuery(newest.next, 3u))
        assertEquals(listOf(EntryAct.CREATED), oldest.entries.map { it.act })
    }

    @Test
    fun `30 two phones disagree and a person ends it`() = runBlocking<Unit> {
        val grave = world.grave.subject
        world.stage.tell("meet_other")
        store.sync()
        world.stage.tell("other", "sync")
        store.amend(changes(grave, Grave) { this[Grave.KIND] = GraveKind.MULTIPLE })
        world.stage.tell("other", "amend", world.grave.code!!, "kind=empty")
        world.stage.tell("other", "sync")
        store.sync()
        store.sync()
        val view = world.view(world.grave)
        val known = view.of(Grave)!!
        val kind = known.view(Grave.KIND)!!
        assertEquals(1 to 2, view.summary.marks.conflicts to kind.rivalCount)
        val said = kind.rivals.associate { assertIs<FieldValue.Term>(it.value).code to it.by }
        assertEquals("Kashtan" to "T01", said["multiple"]?.operatorName to said["multiple"]?.deviceName)
        assertEquals("Olena", said["empty"]?.operatorName)
        val stale = known.resolution(Grave.KIND, GraveKind.EMPTY).run { copy(seenEntries = seenEntries + "00".repeat(32)) }
        assertFailure<Failure.Refused> { store.resolve(stale) }
        store.resolve(known.resolution(Grave.KIND, GraveKind.MULTIPLE, Circumstances(reason = "opened together")))
        val after = world.view(world.grave).of(Grave)!!
        assertEquals(GraveKind.MULTIPLE to emptyList(), after[Grave.KIND] to after.view(Grave.KIND)?.rivals)
        assertEquals(EntryAct.RESOLVED, world.history(world.grave, Grave.KIND).first().act)
    }

    @Test
    fun `31 forms are read from the tables`() = runBlocking<Unit> {
        val kinds = listKinds(Language.ENGLISH).map { it.code }
        assertEquals(listOf("site", "grave", "marker", "remains"), kinds.take(4))
        assertFalse("photo" in kinds)
        for (kind in kinds) {
            for (language in Language.entries) {
                val fields = form(kind, FormPath.EXPERT, language).sections.flatMap { it.fields }
                assertTrue(fields.isNotEmpty() && fields.all { it.label.isNotEmpty() && it.code.isNotEmpty() })
                assertFalse(fields.any { it.editor is Editor.Closed })
            }
        }
        val form = form(Marker.kind, FormPath.RESCUER, Language.ENGLISH)
        val fields = form.sections.flatMap { it.fields }.associateBy { it.code }
        val kind = fields.getValue(Marker.KIND.code)
        assertTrue(kind.isOwed && MarkerKind.CROSS.code in assertIs<Editor.OneOf>(kind.editor).choices.map { it.code })
        assertEquals(Editor.Page(4096), fields.getValue(Marker.TEXT_VERBATIM.code).editor)
        assertTrue(Gap.NOT_EXAMINED.code in fields.getValue(Marker.STATUS.code).gaps.map { it.code })
        assertEquals(listOf("grave"), form.linkKinds)
        val refused = assertFailure<Failure.Invalid> { calling { form("castle", FormPath.RESCUER, Language.ENGLISH) } }
        assertTrue("marker" in refused.reason)
        val draft = draft(Marker) {
            this[Marker.KIND] = MarkerKind.CROSS
            this[Marker.NUMBER_TEXT] = "319"
        }
        val preview = previewRecord(draft, Language.UKRAINIAN)
        assertEquals("319" to "хрест", preview.summary.title to preview.of(Marker)?.view(Marker.KIND)?.shown)
    }

    @Test
    fun `32 links are made undone and made again`() = runBlocking<Unit> {
        val marker = world.marker.subject
        val other = world.recordGrave()
        val link = store.linkRecords(marker, other.subject)
        assertEquals(link, store.linkRecords(other.subject, marker))
        assertEquals(setOf(world.grave.code, other.code), world.view(world.marker).links.map { it.other.code }.toSet())
        store.withdraw(link, Circumstances(reason = "the cross stood between them"))
        assertEquals(listOf(link), world.view(other).links.filter { it.endedReason != null }.map { it.linkId })
        store.linkRecords(marker, other.subject)
        assertTrue(world.view(world.marker).links.all { it.endedReason == null })
        val stranger = SubjectRef("grave", UUID.randomUUID().toString())
        store.linkRecords(marker, stranger)
        val missing = world.view(world.marker).links.filter { it.isOtherMissing }.map { it.other.subject }
        assertEquals(listOf(stranger), missing, "kept, and shown as not known yet")
    }

    @Test
    fun `33 what is recorded is found and what a newer version wrote is shown`() = runBlocking<Unit> {
        for (typed in listOf("nesteren", "Нестерен", "defender nest")) {
            val found = store.searchRecords(typed, Language.ENGLISH).rows.mapNotNull { it.of(PersonHint) }
            assertTrue(found.isNotEmpty(), typed)
        }
        assertEquals(emptyList(), store.searchRecords("Kravets", Language.ENGLISH).rows)
        world.stage.tell("other", "sync")
        world.stage.tell("write_newer", world.grave.subject.id, "99", "oak")
        world.stage.tell("other", "sync")
        store.sync()
        store.sync()
        assertEquals(listOf(Choice("99", "not for your role")), world.view(world.grave).newerFields)
        store.voidRecord(world.remains.subject.id, Circumstances(reason = "the label tore"))
        assertEquals("the label tore", world.view(world.remains).summary.marks.endedReason)
        assertEquals(ShutDownOutcome.CLOSED, store.shutDown())
    }

    @Test
    fun `a destroyed object is shut down and nothing else`() = runBlocking<Unit> {
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
