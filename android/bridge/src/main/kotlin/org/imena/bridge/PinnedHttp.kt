package org.imena.bridge

import org.imena.ffi.HttpMethod
import org.imena.ffi.LinkFailure
import org.imena.ffi.ReplyBody
import org.imena.ffi.TransferBody
import org.imena.ffi.TransferJob
import org.imena.ffi.TransferReply
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.io.RandomAccessFile
import java.net.ConnectException
import java.net.Proxy
import java.net.SocketTimeoutException
import java.net.URI
import java.net.UnknownHostException
import java.net.NoRouteToHostException
import java.security.MessageDigest
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import javax.net.ssl.HttpsURLConnection
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLException
import javax.net.ssl.X509TrustManager

/** Performs one HTTP exchange that the core described; judges nothing. */
fun interface TransferPerformer {
    /** Blocks until the exchange is over. */
    fun perform(job: TransferJob): Performed
}

/** What came of an exchange. */
sealed interface Performed {
    /** A whole reply. */
    data class Reply(val reply: TransferReply) : Performed

    /** None. */
    data class Failed(val failure: LinkFailure) : Performed
}

/** The platform's own HTTP client. A server is known by the key it shows, never by names, dates or authorities. */
class PinnedHttp : TransferPerformer {
    override fun perform(job: TransferJob): Performed = try {
        exchange(job)
    } catch (_: SocketTimeoutException) {
        Performed.Failed(LinkFailure.TIMED_OUT)
    } catch (error: SSLException) {
        // Another key, or somebody who speaks no TLS; a connection that broke off says so in its cause.
        val isCut = generateSequence<Throwable>(error) { it.cause }.any { it is java.io.EOFException || it is java.net.SocketException }
        Performed.Failed(if (isCut) LinkFailure.CUT else LinkFailure.WRONG_PIN)
    } catch (_: ConnectException) {
        Performed.Failed(LinkFailure.UNREACHABLE)
    } catch (_: UnknownHostException) {
        Performed.Failed(LinkFailure.UNREACHABLE)
    } catch (_: NoRouteToHostException) {
        Performed.Failed(LinkFailure.UNREACHABLE)
    } catch (_: IOException) {
        Performed.Failed(LinkFailure.CUT)
    }

    private fun exchange(job: TransferJob): Performed {
        val url = URI("https://${job.hub.address}${job.path}").toURL()
        val connection = url.openConnection(Proxy.NO_PROXY) as HttpsURLConnection
        connection.sslSocketFactory = pinning(job.hub.spkiPins).socketFactory
        connection.setHostnameVerifier { _, _ -> true }
        connection.instanceFollowRedirects = false
        connection.useCaches = false
        connection.connectTimeout = CONNECT_TIMEOUT_MS
        connection.readTimeout = IDLE_TIMEOUT_MS
        connection.requestMethod = when (job.method) {
            HttpMethod.GET -> "GET"
            HttpMethod.POST -> "POST"
            HttpMethod.PUT -> "PUT"
        }
        job.headers.forEach { connection.setRequestProperty(it.name, it.value) }
        try {
            send(job.body, connection)
            val status = connection.responseCode
            val pin = pinOf(connection.serverCertificates.first() as X509Certificate)
            val stream: InputStream? = if (status >= FIRST_ERROR_STATUS) connection.errorStream else connection.inputStream
            // One byte more than allowed tells the core that it is no hub's reply.
            val body = stream?.use { it.readNBytes(job.replyBytesMax.toInt() + 1) } ?: ByteArray(0)
            val contentType = connection.contentType ?: ""
            return Performed.Reply(TransferReply(status.toUShort(), contentType, ReplyBody.Bytes(body), pin))
        } finally {
            connection.disconnect()
        }
    }

    /** With a fixed length nothing is buffered, and the client does not repeat a request by itself. */
    private fun send(body: TransferBody, connection: HttpsURLConnection) {
        when (body) {
            is TransferBody.Empty -> {}
            is TransferBody.Bytes -> {
                connection.doOutput = true
                connection.setFixedLengthStreamingMode(body.bytes.size)
                connection.outputStream.use { it.write(body.bytes) }
            }
            is TransferBody.FileSlice -> {
                connection.doOutput = true
                connection.setFixedLengthStreamingMode(body.length.toLong())
                connection.outputStream.use { copy(body, it) }
            }
        }
    }

    private fun copy(slice: TransferBody.FileSlice, to: OutputStream) = RandomAccessFile(slice.path, "r").use { file ->
        file.seek(slice.offset.toLong())
        val buffer = ByteArray(BUFFER_BYTES)
        var left = slice.length.toLong()
        while (left > 0) {
            val read = file.read(buffer, 0, minOf(left, buffer.size.toLong()).toInt())
            if (read < 0) throw IOException("the sealed file is shorter than planned")
            to.write(buffer, 0, read)
            left -= read
        }
    }

    private fun pinning(pins: List<ByteArray>): SSLContext = SSLContext.getInstance("TLS").apply {
        init(null, arrayOf(PinTrust(pins)), null)
    }

    /** Android's lint wants a reason: only the pin of the leaf counts, and it is checked. */
    private class PinTrust(private val pins: List<ByteArray>) : X509TrustManager {
        override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String) {
            val shown = pinOf(chain.first())
            if (pins.none { it.contentEquals(shown) }) throw CertificateException("not the pinned key")
        }

        override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String) =
            throw CertificateException("this is a client")

        override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
    }

    private companion object {
        const val CONNECT_TIMEOUT_MS = 15_000
        const val IDLE_TIMEOUT_MS = 30_000
        const val FIRST_ERROR_STATUS = 400
        const val BUFFER_BYTES = 65_536

        /** SHA-256 of the SubjectPublicKeyInfo: for a key of X.509 its encoded form. */
        fun pinOf(certificate: X509Certificate): ByteArray =
            MessageDigest.getInstance("SHA-256").digest(certificate.publicKey.encoded)
    }
}
