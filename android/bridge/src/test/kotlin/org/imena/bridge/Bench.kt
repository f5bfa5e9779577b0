package org.imena.bridge

import org.imena.ffi.CaptureFacts
import org.imena.ffi.FieldStore
import org.imena.ffi.Language
import org.imena.ffi.LogLevel
import org.imena.ffi.LogSink
import org.imena.ffi.PageQuery
import org.imena.ffi.PhotoDraft
import org.imena.ffi.PhotoSource
import org.imena.ffi.RecordQuery
import org.imena.ffi.StoreConfig
import org.imena.ffi.setLogSink
import java.io.File
import java.nio.ByteBuffer
import java.util.UUID

/** The calls of benches/ffi.rs in Kotlin, on the generated code itself. */
fun main(words: Array<String>) {
    val (vault, passcode, site, grave, photo) = words
    var last = ""
    setLogSink(object : LogSink {
        override fun takeLine(level: LogLevel, target: String, text: String) {
            last = text
        }
    })
    val store = FieldStore.openVault(StoreConfig(vault, "bench", 0), SoftwareVault(vault))
    store.unlock(passcode)
    val chunks = File(photo).readBytes().asList().chunked(RustImenaStore.CHUNK_BYTES_MAX).map { direct(it.toByteArray()) }
    val graves = RecordQuery(Grave.kind, site, language = Language.ENGLISH)
    val page = PageQuery(limit = 50u)

    fun capture(chunks: List<ByteBuffer>) {
        val id = UUID.randomUUID()
        store.beginPhoto(PhotoDraft(id.toString(), origin = PhotoSource.IN_APP_CAMERA)).use { capture ->
            chunks.forEach { capture.append(it) }
            capture.append(direct(id.toString().toByteArray()))
            capture.finish(CaptureFacts())
        }
    }

    val small = listOf(direct("small".toByteArray()))
    for (line in generateSequence(::readlnOrNull)) {
        val (name, count) = line.split(' ')
        if (name == "end") {
            store.shutDown()
            println(last)
            return
        }
        val begun = System.nanoTime()
        repeat(count.toInt()) {
            when (name) {
                "status" -> store.status()
                "view" -> store.getRecord(grave, Language.ENGLISH)
                "page" -> store.listRecords(graves, page)
                "capture" -> capture(chunks)
                else -> capture(small)
            }
        }
        val took = System.nanoTime() - begun
        if (name == "capture") Thread.sleep(3_000)
        println(took)
    }
}

private fun direct(bytes: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip()
