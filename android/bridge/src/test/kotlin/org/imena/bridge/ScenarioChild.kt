package org.imena.bridge

import kotlinx.coroutines.runBlocking
import org.imena.ffi.PhotoDraft
import org.imena.ffi.PhotoSource
import org.imena.ffi.StoreConfig
import java.io.ByteArrayInputStream
import java.io.File
import java.util.UUID

/** The other process: opens the vault, saves one photo, says so, begins another and waits to be killed. */
fun main(words: Array<String>) = runBlocking {
    val (dir, passcode, picture) = words
    val store = try {
        RustImenaStore.open(StoreConfig(dir, "scenario child", 0), SoftwareVault(dir))
    } catch (error: ImenaException) {
        println(error.message)
        return@runBlocking
    }
    store.unlock(passcode)
    val bytes = File(picture).readBytes()
    val saved = store.capture(photo(), ByteArrayInputStream(bytes + "saved".toByteArray()))
    println("saved ${saved.photoId}")
    var given = 0
    store.capture(photo()) {
        if (given++ == 0) {
            bytes.copyOf(bytes.size / 2)
        } else {
            println("half done")
            Thread.sleep(Long.MAX_VALUE)
            null
        }
    }
    Unit
}

private fun photo() = PhotoDraft(UUID.randomUUID().toString(), origin = PhotoSource.IN_APP_CAMERA)
