"""Typed access to generic records: keys by the tables of the nouns, Python's own values in and out.

`record(store, "grave", site=site, kind="single")` writes; `for row in rows(store, "grave", site)` reads, each row a dict that pandas takes as it is.
"""

from imena_ffi import (
    Circumstances,
    FieldResolution,
    FieldValue,
    Language,
    NamePart,
    PageQuery,
    RecordAmendment,
    RecordDraft,
    RecordQuery,
    SubjectRef,
)

#: As many as a page holds.
PAGE_LIMIT = 200


class Field:
    """A field of a noun: its code, and the type of its values."""

    def __init__(self, code, variant):
        self.code, self.variant = code, variant


class Noun:
    """What the tables say of a kind of record; its fields are attributes."""

    kind = None

    @classmethod
    def fields(cls):
        """Every field by its code, in the order of the table."""
        return {field.code: field for field in vars(cls).values() if isinstance(field, Field)}


class Terms:
    """The terms of a vocabulary; they are attributes."""


class Gap:
    """Why there is no value: `Gap("not_examined")`."""

    def __init__(self, code):
        self.code = code


class Row(dict):
    """A record as plain values by the codes of its fields, `None` where nothing is known or shown, with `id`, `record_code` and `title`; `views` holds
    the fields as people read them."""

    def __init__(self, row, codes=()):
        super().__init__(dict.fromkeys(codes))
        self.update(id=row.summary.subject.id, record_code=row.summary.code, title=row.summary.title)
        self.summary = row.summary
        self.views = {view.code: view for view in row.fields}
        self.update({code: plain(view.value) for code, view in self.views.items()})


def noun(kind):
    """The table of a kind."""
    import imena_nouns

    nouns = {each.kind: each for each in vars(imena_nouns).values() if isinstance(each, type) and issubclass(each, Noun)}
    if kind not in nouns or kind is None:
        raise KeyError(f"{kind} is none of: {', '.join(sorted(filter(None, nouns)))}")
    return nouns[kind]


def draft(kind, /, links=(), why=None, **values):
    """A draft of a new record; `None` leaves a field out."""
    said = {code: value for code, value in values.items() if value is not None}
    links = [subject_of(link) for link in links]
    return RecordDraft(kind=kind, fields=field_values(kind, said), links=links, circumstances=because(why))


def record(store, kind, /, links=(), why=None, **values):
    """Records: `record(store, "marker", links=[grave], site=site, kind="cross", number_text="319")`."""
    return store.record(draft(kind, links, why, **values))


def amend(store, subject, /, why=None, **values):
    """Changes fields of a record; `None` takes a value back."""
    subject = subject_of(subject)
    fields = field_values(subject.kind, values)
    store.amend(RecordAmendment(subject=subject, fields=fields, circumstances=because(why)))


def resolve(store, subject, field, value, why=None):
    """Ends the conflict about a field that stands now: of everything that was said, this value is to stand."""
    subject = subject_of(subject)
    view = store.get_record(subject.id, Language.ENGLISH)
    fields = [each for section in view.sections for each in section.fields if each.code == field]
    seen = [saying.entry_id for each in fields for saying in each.rivals]
    value = field_values(subject.kind, {field: value})[field]
    resolution = FieldResolution(
        record_id=subject.id, field=field, value=value, seen_entries=seen, circumstances=because(why)
    )
    store.resolve(resolution)


def rows(store, kind, parent=None, language=Language.ENGLISH):
    """Every record of a kind that hangs on another, with all its fields."""
    parent_id = subject_of(parent).id if parent is not None else None
    codes = list(noun(kind).fields())
    query = RecordQuery(kind=kind, parent_id=parent_id, fields=codes, language=language)
    after = None
    while True:
        page = store.list_records(query, PageQuery(after=after, limit=PAGE_LIMIT))
        yield from (Row(row, codes) for row in page.rows)
        after = page.next
        if after is None:
            return


def field_values(kind, values):
    """Python's values as the core takes them; a field that no table has is for the core to refuse, which names those there are."""
    variants = {code: field.variant for code, field in noun(kind).fields().items()}
    return {code: field_value(variants.get(code, "TEXT"), value) for code, value in values.items()}


def field_value(variant, value):
    """One value of a variant of `FieldValue`."""
    if isinstance(value, FieldValue):
        return value
    if value is None:
        return FieldValue.NOTHING()
    if isinstance(value, Gap):
        return FieldValue.GAP(value.code)
    if variant == "REFERENCE":
        return FieldValue.REFERENCE(subject_of(value))
    if variant == "REFERENCES":
        return FieldValue.REFERENCES([subject_of(each) for each in value])
    if variant == "NAMES":
        return FieldValue.NAMES([NamePart(role_code=role, marked_text=text) for role, text in value])
    if variant == "TERMS":
        return FieldValue.TERMS(list(value))
    return getattr(FieldValue, variant)(value)


def plain(value):
    """A value as Python's own; a gap as its code behind `?`, what is hidden or missing as `None`."""
    if value is None or value.is_NOTHING():
        return None
    if value.is_GAP():
        return f"?{value.code}"
    if value.is_REFERENCE():
        return value.subject.id
    if value.is_REFERENCES():
        return [subject.id for subject in value.subjects]
    if value.is_NAMES():
        return [(part.role_code, part.marked_text) for part in value.parts]
    return next(iter(vars(value).values())) if vars(value) else None


def subject_of(given):
    """A record, whatever names it: what `record` gave, a row, a summary, a view."""
    if isinstance(given, SubjectRef):
        return given
    for name in ("subject", "summary"):
        if hasattr(given, name):
            return subject_of(getattr(given, name))
    raise TypeError(f"{given!r} names no record")


def because(reason):
    """What is said beside the fields: a reason, or nothing."""
    return Circumstances(reason=reason) if reason is not None else None
