// Typed access to generic records: a field of another noun, a value of another type, a term of another list does not compile.
package org.imena.bridge

import org.imena.ffi.Circumstances
import org.imena.ffi.FieldResolution
import org.imena.ffi.FieldValue
import org.imena.ffi.FieldView
import org.imena.ffi.Language
import org.imena.ffi.NamePart
import org.imena.ffi.RecordAmendment
import org.imena.ffi.RecordDraft
import org.imena.ffi.RecordQuery
import org.imena.ffi.RecordRow
import org.imena.ffi.RecordSummary
import org.imena.ffi.RecordView
import org.imena.ffi.SubjectRef

/** A kind of record; its fields are its properties. */
abstract class Noun(val kind: String)

/** A term of a vocabulary. */
interface Coded {
    /** As it stands in records. */
    val code: String
}

/** A field of a noun that can be read. */
sealed class Key<N : Noun, T : Any>(val code: String, internal val read: (FieldValue) -> T?)

/** A field of a noun that can be written too. */
sealed class OpenKey<N : Noun, T : Any>(code: String, read: (FieldValue) -> T?, internal val write: (T) -> FieldValue) : Key<N, T>(code, read)

/** Verbatim. */
class TextKey<N : Noun>(code: String) : OpenKey<N, String>(code, { (it as? FieldValue.Text)?.text }, FieldValue::Text)

/** One of a list. */
class TermKey<N : Noun, V : Coded>(code: String, make: (String) -> V) :
    OpenKey<N, V>(code, { (it as? FieldValue.Term)?.code?.let(make) }, { FieldValue.Term(it.code) })

/** Several of a list. */
class TermsKey<N : Noun, V : Coded>(code: String, make: (String) -> V) :
    OpenKey<N, List<V>>(code, { (it as? FieldValue.Terms)?.codes?.map(make) }, { terms -> FieldValue.Terms(terms.map { it.code }) })

/** A whole number. */
class NumberKey<N : Noun>(code: String) : OpenKey<N, Long>(code, { (it as? FieldValue.Number)?.number }, FieldValue::Number)

/** A date of which parts may be unknown, in EDTF. */
class DateKey<N : Noun>(code: String) : OpenKey<N, String>(code, { (it as? FieldValue.Date)?.edtf }, FieldValue::Date)

/** A record. */
class ReferenceKey<N : Noun>(code: String) :
    OpenKey<N, SubjectRef>(code, { (it as? FieldValue.Reference)?.subject }, FieldValue::Reference)

/** Several records. */
class ReferencesKey<N : Noun>(code: String) :
    OpenKey<N, List<SubjectRef>>(code, { (it as? FieldValue.References)?.subjects }, FieldValue::References)

/** A possible name. */
class NamesKey<N : Noun>(code: String) : OpenKey<N, List<NamePart>>(code, { (it as? FieldValue.Names)?.parts }, FieldValue::Names)

/** What stands on a label. */
class CodeKey<N : Noun>(code: String) : OpenKey<N, String>(code, { (it as? FieldValue.Code)?.code }, FieldValue::Code)

/** What only a verb writes, as text. */
class OtherKey<N : Noun>(code: String) : Key<N, String>(code, { (it as? FieldValue.Other)?.text })

/** What is said of a record of a noun. */
sealed class Sayings<N : Noun> {
    internal val fields = LinkedHashMap<String, FieldValue>()

    /** Whose words, when, why. */
    var circumstances: Circumstances? = null

    /** Says a value. */
    operator fun <T : Any> set(key: OpenKey<N, T>, value: T) = fields.set(key.code, key.write(value))

    /** Says why there is no value. */
    fun gap(key: OpenKey<N, *>, gap: Gap) = fields.set(key.code, FieldValue.Gap(gap.code))
}

/** What is said of a new record. */
class Draft<N : Noun> internal constructor() : Sayings<N>() {
    internal val links = ArrayList<SubjectRef>()

    /** Links the record from the beginning. */
    fun link(other: SubjectRef) {
        links += other
    }
}

/** What is said anew of a record. */
class Changes<N : Noun> internal constructor() : Sayings<N>() {
    /** Takes back what was said. */
    fun nothing(key: OpenKey<N, *>) = fields.set(key.code, FieldValue.Nothing)
}

/** A new record of a noun. */
fun <N : Noun> draft(noun: N, say: Draft<N>.() -> Unit): RecordDraft =
    Draft<N>().apply(say).run { RecordDraft(noun.kind, fields, links, circumstances) }

/** Changes to a record; one that is not of the noun is for the core to refuse. */
fun <N : Noun> changes(subject: SubjectRef, noun: N, say: Changes<N>.() -> Unit): RecordAmendment =
    Changes<N>().apply(say).run { RecordAmendment(subject.copy(kind = noun.kind), fields, circumstances) }

/** The records of a noun that hang on [parent], or on nothing, each with these fields. */
fun <N : Noun> query(noun: N, parent: SubjectRef?, language: Language, vararg fields: Key<N, *>): RecordQuery =
    RecordQuery(noun.kind, parent?.id, fields.map { it.code }, language)

/** The fields of a record that is of a noun. */
class Fields<N : Noun> internal constructor(private val subject: SubjectRef, private val views: List<FieldView>) {
    /** The value; null: none is known, or it is a gap, hidden or in no form that this version reads. */
    operator fun <T : Any> get(key: Key<N, T>): T? = view(key)?.value?.let(key.read)

    /** Why there is no value, if that was said. */
    fun gap(key: Key<N, *>): Gap? = (view(key)?.value as? FieldValue.Gap)?.let { Gap(it.code) }

    /** The field as people read it; null: nothing is known of it. */
    fun view(key: Key<N, *>): FieldView? = views.find { it.code == key.code }

    /** Ends the conflict that is shown here with [value]. */
    fun <T : Any> resolution(key: OpenKey<N, T>, value: T, circumstances: Circumstances? = null): FieldResolution {
        val seen = view(key)?.rivals.orEmpty().map { it.entryId }
        return FieldResolution(subject.id, key.code, key.write(value), seen, circumstances)
    }
}

/** The fields of a record that was opened; null: it is of another noun. */
fun <N : Noun> RecordView.of(noun: N): Fields<N>? = fields(noun, summary, sections.flatMap { it.fields })

/** The fields of a row; null: it is of another noun. */
fun <N : Noun> RecordRow.of(noun: N): Fields<N>? = fields(noun, summary, fields)

private fun <N : Noun> fields(noun: N, summary: RecordSummary, views: List<FieldView>) =
    if (summary.subject.kind == noun.kind) Fields<N>(summary.subject, views) else null
