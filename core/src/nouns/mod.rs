//! Every noun as one table: a field is one line, and everything else reads it.
//!
//! Owns what can be said of each field and what each type of value does. Does not know entries, folds, lists or screens: drafts, views, forms and
//! history (`record/`), lists (`index/`), sheets and typed keys of other languages read the tables from here. Invariant: nothing else lists fields.

mod catalogue;
mod facts;
mod fault;
mod field;
mod found;
pub mod device;
pub mod effect;
pub mod grave;
pub mod marker;
mod noun;
pub mod operator;
pub mod person_hint;
pub mod photo;
pub mod remains;
mod shapes;
pub mod site;
mod values;

pub use catalogue::{catalogue, reading_rules};
pub use facts::{FactValue, PhotoFact, PhotoFacts};
pub use fault::Fault;
pub use field::{
    Asked, Field, LINE_BYTES_MAX, PAGE_BYTES_MAX, Search, Section, Sensitivity, Spec, field,
};
pub use found::{asked, keys_of};
pub use noun::{HasNoun, LinkSpec, Noun};
pub use shapes::{FieldValue, Find, bounded, shown_of_any};
pub use values::{
    Bytes, Code, CodeForm, Date, Facts, Many, NamePart, Named, Number, One, Owner, Parts, Place,
    Ref, Refs, Said, Shape, Text, Texts, Unit,
};

use crate::vocabulary::{
    Coded as _, FactAbsence, Gap, Kind, MomentPrecision, MomentSource, NoPreview, PreviewMark,
    StayReason, Vocabulary,
};

/// Every noun of this version, in the order of menus.
pub const ALL: &[&Noun] = &[
    &site::NOUN,
    &grave::NOUN,
    &marker::NOUN,
    &remains::NOUN,
    &effect::NOUN,
    &photo::NOUN,
    &person_hint::NOUN,
    &operator::NOUN,
    &device::NOUN,
];

/// The noun of a kind; `None`: a link, a happening, or a kind of a newer version.
#[must_use]
pub fn noun(kind: Kind) -> Option<&'static Noun> {
    ALL.iter().copied().find(|noun| noun.kind == kind)
}

/// The noun whose records bear codes of this form.
#[must_use]
pub fn noun_of_code(code: &crate::model::codes::Code) -> Option<&'static Noun> {
    let bears = |noun: &&Noun| {
        noun.code_field()
            .is_some_and(|(_, form, _)| form.fits(code))
    };
    ALL.iter().copied().find(bears)
}

/// The noun of a word, such as `grave`.
#[must_use]
pub fn noun_of_name(name: &str) -> Option<&'static Noun> {
    ALL.iter().copied().find(|noun| noun.kind.name() == name)
}

/// The lists that no field holds: what stands in place of a value or beside it, and what the program says of files.
const BESIDE: [&Vocabulary; 7] = [
    Gap::VOCABULARY,
    MomentPrecision::VOCABULARY,
    MomentSource::VOCABULARY,
    FactAbsence::VOCABULARY,
    NoPreview::VOCABULARY,
    PreviewMark::VOCABULARY,
    StayReason::VOCABULARY,
];

/// Every list of terms: those of fields, each once, in the order of the tables, then those of no field.
#[must_use]
pub fn vocabularies() -> Vec<&'static Vocabulary> {
    let mut all: Vec<&'static Vocabulary> = Vec::new();
    let fields = ALL.iter().flat_map(|noun| noun.fields);
    for list in fields.filter_map(|spec| spec.shape.vocabulary()) {
        if all.iter().all(|known| known.code != list.code) {
            all.push(list);
        }
    }
    all.extend(BESIDE);
    all
}
