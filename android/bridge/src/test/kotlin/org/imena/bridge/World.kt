package org.imena.bridge

import com.sun.jna.NativeLibrary
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.imena.ffi.ChangeListener
import org.imena.ffi.ChangeNotice
import org.imena.ffi.HistoryEntry
import org.imena.ffi.JoinDraft
import org.imena.ffi.Language
import org.imena.ffi.PageQuery
import org.imena.ffi.PhotoDraft
import org.imena.ffi.PhotoSaved
import org.imena.ffi.PhotoSource
import org.imena.ffi.RecordRow
import org.imena.ffi.RecordView
import org.imena.ffi.Recorded
import org.imena.ffi.StoreConfig
import org.imena.ffi.VaultException
import java.io.File
import java.util.UUID
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.test.assertEquals
import kotlin.test.assertTrue

const val PASSCODE = "123456"

/** The program that plays everything which is not the phone (docs/design/scenario.md). */
class Stage(folder: File) {
    private val process = ProcessBuilder(System.getenv("IMENA_STAGE"))
        .directory(folder).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val answers = process.inputStream.bufferedReader()

    fun tell(vararg words: String): Map<String, String> {
        process.outputStream.write((words.joinToString(" ") + "\n").toByteArray())
        process.outputStream.flush()
        val line = answers.readLine() ?: error("the stage ended")
        check(line.startsWith("ok")) { line }
        return line.split(' ').drop(1).filter { '=' in it }.associate { it.substringBefore('=') to it.substringAfter('=') }
    }

    fun end() {
        process.outputStream.close()
        process.waitFor()
    }
}

/** A software vault that does as it is told. */
class MoodyVault(folder: File) : SoftwareVault(folder.path) {
    enum class Mood { WILLING, THROW, REFUSE, LIE, BLOCK, NO_WRAP }

    @Volatile var mood = Mood.WILLING
    val mayGoOn = CountDownLatch(1)

    override fun sign(message: ByteArray): ByteArray = when (mood) {
        Mood.WILLING, Mood.NO_WRAP -> super.sign(message)
        Mood.THROW -> error("a bug in the app's own vault")
        Mood.REFUSE -> throw VaultException.Refused("the chip is busy")
        Mood.LIE -> byteArrayOf(0x30, 6, 2, 1, 1, 2, 1, 1)
        Mood.BLOCK -> {
            assertTrue(mayGoOn.await(60, TimeUnit.SECONDS))
            super.sign(message)
        }
    }

    override fun wrapKey(key: ByteArray): ByteArray =
        if (mood == Mood.NO_WRAP) throw VaultException.NoKey() else super.wrapKey(key)
}

/** What the steps share; each step leaves it as the next one expects it. */
class World(val folder: File) {
    val vaultDir = File(folder, "vault")
    val stage = Stage(folder)
    val joinCode = stage.tell("start_hub").getValue("join")
    val vault = MoodyVault(vaultDir)
    lateinit var store: ImenaStore
    lateinit var site: Recorded
    lateinit var grave: Recorded
    lateinit var marker: Recorded
    lateinit var remains: Recorded
    var photoId = ""

    fun config(dir: String = vaultDir.path) = StoreConfig(dir, "scenario", 120)

    suspend fun join(
        config: StoreConfig = config(),
        vault: MoodyVault = this.vault,
        code: String = joinCode,
        name: String = "T01",
    ) = RustImenaStore.join(config, vault, JoinDraft(code, name, PASSCODE))

    suspend fun open() = RustImenaStore.open(config(), vault, Dispatchers.IO)

    fun picture(name: String, seed: Int, kind: String = "small"): Pair<File, String> {
        val file = File(folder, name)
        return file to stage.tell("photo", kind, seed.toString(), file.path).getValue("sha256")
    }

    fun photo(shotCode: String? = null, origin: PhotoSource = PhotoSource.IN_APP_CAMERA, fileName: String? = null) =
        PhotoDraft(UUID.randomUUID().toString(), remains.subject, shotCode, origin, fileName)

    suspend fun photoView(photoId: String) = store.getPhoto(photoId, Language.ENGLISH)

    /** Saves a photo and waits until lists know it, which they do after the answer; gives the notices until then too. */
    suspend fun savedAndListed(save: suspend () -> PhotoSaved): Pair<PhotoSaved, List<ChangeNotice>> = coroutineScope {
        val notices = mutableListOf<ChangeNotice>()
        val listening = launch { store.changes.collect { notices += it } }
        while (notices.isEmpty()) delay(10)
        val saved = save()
        withTimeout(60_000) { while (notices.none { notice -> notice.subjects.any { it.id == saved.photoId } }) delay(10) }
        listening.cancelAndJoin()
        saved to notices
    }

    suspend fun recordGrave(say: Draft<Grave>.() -> Unit = {}) = store.record(
        draft(Grave) {
            this[Grave.SITE] = site.subject
            say()
        },
    )

    suspend fun view(of: Recorded): RecordView = store.getRecord(of.subject.id, Language.ENGLISH)

    /** Every record of a noun that hangs on another, page by page. */
    suspend fun <N : Noun> rows(noun: N, parent: Recorded?, vararg fields: Key<N, *>): List<RecordRow> {
        val query = query(noun, parent?.subject, Language.ENGLISH, *fields)
        var page = store.listRecords(query)
        val rows = page.rows.toMutableList()
        while (true) {
            page = store.listRecords(query, PageQuery(after = page.next ?: return rows, limit = 50u))
            rows += page.rows
        }
    }

    suspend fun sites() = rows(Site, null, Site.PLACE_CODE).map { it.of(Site)?.get(Site.PLACE_CODE) }

    suspend fun history(of: Recorded, key: Key<*, *>? = null): List<HistoryEntry> =
        store.listHistory(of.subject.id, key?.code, Language.ENGLISH).entries

    fun child(vararg words: String): Process {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val library = "-Djna.library.path=" + System.getProperty("jna.library.path")
        val command = listOf(java, library, "-cp", System.getProperty("java.class.path"), "org.imena.bridge.ScenarioChildKt")
        return ProcessBuilder(command + words).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    }
}

/** Fails unless [act] fails with this case. */
suspend inline fun <reified F : Failure> assertFailure(crossinline act: suspend () -> Unit): F {
    try {
        act()
    } catch (error: ImenaException) {
        assertEquals(F::class, error.failure::class, error.failure.toString())
        return error.failure as F
    }
    throw AssertionError("no failure; expected ${F::class}")
}

/** Builds of the library with debug assertions panic in the call that is named. */
fun panicIn(call: String) {
    NativeLibrary.getInstance("c").getFunction("setenv").invokeInt(arrayOf<Any>("IMENA_PANIC_IN", call, 1))
}

/** The generated listener, for what the wrapper's flow hides. */
class RawListener(private val act: (ChangeNotice) -> Unit = {}) : ChangeListener {
    val notices = mutableListOf<ChangeNotice>()

    override fun onChange(notice: ChangeNotice) {
        synchronized(notices) { notices.add(notice) }
        act(notice)
    }

    fun waitFor(count: Int): List<ChangeNotice> {
        repeat(600) {
            synchronized(notices) { if (notices.size >= count) return notices.toList() }
            Thread.sleep(100)
        }
        throw AssertionError("only ${notices.size} notices came")
    }
}
