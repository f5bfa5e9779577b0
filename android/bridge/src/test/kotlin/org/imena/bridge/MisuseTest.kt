package org.imena.bridge

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import kotlin.test.Test
import kotlin.test.assertEquals
import org.jetbrains.kotlin.cli.common.ExitCode
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler

/** What the keys are for: a misuse of them does not compile, where the same line with the right word does. */
class MisuseTest {
    private val misuses = listOf(
        "a field of another noun" to "draft(Marker) { this[Grave.CODE] = \"LYS1\" }",
        "a term of another list" to "draft(Marker) { this[Marker.KIND] = GraveKind.TRENCH }",
        "a plain string for a term" to "draft(Marker) { this[Marker.KIND] = \"cross\" }",
        "a number for a text" to "draft(Marker) { this[Marker.NUMBER_TEXT] = 319 }",
        "one term for several" to "draft(Effect) { this[Effect.COLOURS] = Colour.BLUE }",
        "what a verb alone writes" to "draft(Photo) { this[Photo.SHA256] = \"00\" }",
        "a gap of another noun's field" to "draft(Marker) { gap(Grave.KIND, Gap.NOT_EXAMINED) }",
        "nothing in a new record" to "draft(Marker) { nothing(Marker.STATUS) }",
        "a link in changes" to "changes(subject, Marker) { link(subject) }",
        "a field of another noun in a query" to "query(Grave, null, org.imena.ffi.Language.ENGLISH, Marker.KIND)",
        "a reading of another noun" to "view.of(Marker)?.get(Grave.CODE)",
    )

    @Test
    fun `a misuse does not compile`() {
        val right = "draft(Marker) { this[Marker.KIND] = MarkerKind.CROSS; gap(Marker.STATUS, Gap.NOT_EXAMINED); link(subject) }"
        assertEquals("" to ExitCode.OK, compiled(right), "the right line compiles")
        for ((what, line) in misuses) {
            assertEquals(ExitCode.COMPILATION_ERROR, compiled(line).second, what)
        }
    }

    /** What the compiler says of errors, and how it ended. */
    private fun compiled(line: String): Pair<String, ExitCode> {
        val folder = createTempDir()
        val file = File(folder, "Seed.kt")
        file.writeText(
            "package org.imena.bridge\n" +
                "@Suppress(\"unused\")\nfun seed(subject: org.imena.ffi.SubjectRef, view: org.imena.ffi.RecordView) {\n    $line\n}\n",
        )
        val said = ByteArrayOutputStream()
        val words = arrayOf("-no-stdlib", "-no-reflect", "-nowarn", "-classpath", System.getProperty("java.class.path"), "-d", folder.path, file.path)
        val ended = K2JVMCompiler().exec(PrintStream(said), *words)
        folder.deleteRecursively()
        return said.toString().lines().filter { "error:" in it }.joinToString("\n") to ended
    }

    private fun createTempDir() = kotlin.io.path.createTempDirectory("imena-misuse").toFile()
}
