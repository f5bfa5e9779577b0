// Typed access to the generic records. A field of another noun, a value of another type or a term of another list does not compile.

/// A kind of record; Nouns.swift has the keys of its fields.
public protocol Noun {
  /// Its word in the formats.
  static var nounKind: String { get }
}

/// A term of one list. A newer version may write a code that is none of its constants.
public protocol Coded: Hashable, Sendable {
  /// What stands in records.
  var code: String { get }
  /// Any code, known or not.
  init(code: String)
}

/// The key of a field of one noun.
public protocol Key<Owner>: Sendable {
  associatedtype Owner: Noun
  associatedtype Value
  /// What the field is called in records.
  var code: String { get }
  /// The value, if it is of the field's type: a gap is none.
  func read(_ value: FieldValue) -> Value?
}

/// The key of a field that people fill in.
public protocol WritableKey<Owner>: Key {
  /// The value as it crosses.
  func write(_ value: Value) -> FieldValue
}

/// Verbatim text.
public struct TextKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> String? { if case .text(let text) = value { text } else { nil } }
  public func write(_ text: String) -> FieldValue { .text(text: text) }
}

/// One of a list.
public struct TermKey<Owner: Noun, Term: Coded>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> Term? { if case .term(let code) = value { Term(code: code) } else { nil } }
  public func write(_ term: Term) -> FieldValue { .term(code: term.code) }
}

/// Several of a list.
public struct TermsKey<Owner: Noun, Term: Coded>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> [Term]? {
    if case .terms(let codes) = value { codes.map(Term.init) } else { nil }
  }
  public func write(_ terms: [Term]) -> FieldValue { .terms(codes: terms.map(\.code)) }
}

/// A whole number, in the unit of the field.
public struct NumberKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> Int64? { if case .number(let number) = value { number } else { nil } }
  public func write(_ number: Int64) -> FieldValue { .number(number: number) }
}

/// A date of which parts may be unknown, in EDTF.
public struct DateKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> String? { if case .date(let edtf) = value { edtf } else { nil } }
  public func write(_ edtf: String) -> FieldValue { .date(edtf: edtf) }
}

/// A record.
public struct ReferenceKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> SubjectRef? {
    if case .reference(let subject) = value { subject } else { nil }
  }
  public func write(_ subject: SubjectRef) -> FieldValue { .reference(subject: subject) }
}

/// Several records.
public struct ReferencesKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> [SubjectRef]? {
    if case .references(let subjects) = value { subjects } else { nil }
  }
  public func write(_ subjects: [SubjectRef]) -> FieldValue { .references(subjects: subjects) }
}

/// A possible name.
public struct NamesKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> [NamePart]? { if case .names(let parts) = value { parts } else { nil } }
  public func write(_ parts: [NamePart]) -> FieldValue { .names(parts: parts) }
}

/// What stands on a label.
public struct CodeKey<Owner: Noun>: WritableKey {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> String? { if case .code(let code) = value { code } else { nil } }
  public func write(_ code: String) -> FieldValue { .code(code: code) }
}

/// What only the core writes, as far as it can be shown.
public struct OtherKey<Owner: Noun>: Key {
  public let code: String
  init(_ code: String) { self.code = code }
  public func read(_ value: FieldValue) -> String? { if case .other(let text) = value { text } else { nil } }
}

/// What a draft or an amendment says.
public struct FieldWriter<Act, Owner: Noun> {
  fileprivate var fields: [String: FieldValue] = [:]
  fileprivate var links: [SubjectRef] = []
  /// Whose words, when, why.
  public var circumstances: Circumstances?

  /// A value; nil: nothing is said here. A term that is called `none` is named with its list, since `.none` alone is nil.
  public subscript<Written: WritableKey<Owner>>(key: Written) -> Written.Value? {
    get { fields[key.code].flatMap(key.read) }
    set { fields[key.code] = newValue.map(key.write) }
  }

  /// Says why there is no value.
  public mutating func gap(_ key: some WritableKey<Owner>, _ why: Gap) { fields[key.code] = .gap(code: why.code) }
}

extension FieldWriter where Act == RecordDraft {
  /// Links the record to another from the beginning.
  public mutating func link(_ other: SubjectRef) { links.append(other) }
}

extension FieldWriter where Act == RecordAmendment {
  /// Takes back what was said before.
  public mutating func nothing(_ key: some WritableKey<Owner>) { fields[key.code] = .nothing }
}

extension RecordDraft {
  /// A new record of a noun.
  public static func of<Owner: Noun>(
    _ noun: Owner.Type,
    _ fill: (inout FieldWriter<Self, Owner>) throws -> Void
  ) rethrows -> Self {
    var said = FieldWriter<Self, Owner>()
    try fill(&said)
    return Self(kind: noun.nounKind, fields: said.fields, links: said.links, circumstances: said.circumstances)
  }
}

extension RecordAmendment {
  /// Changes to a record of a noun.
  public static func of<Owner: Noun>(
    _ noun: Owner.Type,
    _ id: String,
    _ fill: (inout FieldWriter<Self, Owner>) throws -> Void
  ) rethrows -> Self {
    var said = FieldWriter<Self, Owner>()
    try fill(&said)
    let subject = SubjectRef(kind: noun.nounKind, id: id)
    return Self(subject: subject, fields: said.fields, circumstances: said.circumstances)
  }
}

extension RecordQuery {
  /// Records of a noun that hang on another, or on nothing; each row brings these fields along.
  public static func of<Owner: Noun>(
    _ noun: Owner.Type,
    parent: String? = nil,
    fields: [any Key<Owner>] = [],
    language: Language
  ) -> Self {
    Self(kind: noun.nounKind, parentId: parent, fields: fields.map(\.code), language: language)
  }
}

/// A record that is known to be of one noun.
public struct FieldReader<Owner: Noun>: Sendable {
  fileprivate let id: String
  fileprivate let fields: [FieldView]

  fileprivate init?(_ summary: RecordSummary, _ fields: [FieldView]) {
    guard summary.subject.kind == Owner.nounKind else { return nil }
    (id, self.fields) = (summary.subject.id, fields)
  }

  /// A value; nil: there is none that may be seen, `view` says why.
  public subscript<Read: Key<Owner>>(key: Read) -> Read.Value? { view(key)?.value.flatMap(key.read) }

  /// Why there is no value, as somebody said.
  public func gap(_ key: some Key<Owner>) -> Gap? {
    if case .gap(let code) = view(key)?.value { Gap(code: code) } else { nil }
  }

  /// A field as people read it, with its author and, in a conflict, all that stands; nil: nothing is known of it.
  public func view(_ key: some Key<Owner>) -> FieldView? { fields.first { $0.code == key.code } }

  /// The end of a conflict: of all that `view` gives, this is to stand.
  public func resolution<Written: WritableKey<Owner>>(
    _ key: Written,
    _ value: Written.Value,
    _ circumstances: Circumstances? = nil
  ) -> FieldResolution {
    FieldResolution(
      recordId: id,
      field: key.code,
      value: key.write(value),
      seenEntries: view(key)?.rivals.map(\.entryId) ?? [],
      circumstances: circumstances
    )
  }
}

extension RecordView {
  /// Its fields; nil: it is of another noun.
  public func of<Owner: Noun>(_ noun: Owner.Type) -> FieldReader<Owner>? {
    FieldReader(summary, sections.flatMap(\.fields))
  }
}

extension RecordRow {
  /// The fields that the query names; nil: it is of another noun.
  public func of<Owner: Noun>(_ noun: Owner.Type) -> FieldReader<Owner>? { FieldReader(summary, fields) }
}
