package org.imena.bridge

import org.imena.ffi.KeyVault
import org.imena.ffi.SecurityLevel
import org.imena.ffi.SoftwareKeyVault

/** A key in a file, for desktops, training and tests: whoever copies the folder has it. Phones use their chip. */
open class SoftwareVault(folder: String) : KeyVault {
    private val inner = calling { SoftwareKeyVault.atFolder(folder) }

    override fun wrapKey(key: ByteArray): ByteArray = inner.wrapKey(key)

    override fun unwrapKey(wrapped: ByteArray): ByteArray = inner.unwrapKey(wrapped)

    override fun deviceSpki(): ByteArray = inner.deviceSpki()

    override fun sign(message: ByteArray): ByteArray = inner.sign(message)

    override fun renewDeviceKey() = inner.renewDeviceKey()

    override fun level(): SecurityLevel = SecurityLevel.SOFTWARE
}
