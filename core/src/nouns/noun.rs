//! A noun: its fields in the order of screens, what a list says of it, what may be linked to it.
//!
//! Owns the macro that makes a table and its check. Invariant: a table that contradicts itself does not compile.

use super::fault::Fault;
use super::field::{Asked, Spec};
use super::values::{CodeForm, Shape};
use crate::vocabulary::{Kind, Words};

/// One noun's table.
#[derive(Debug)]
pub struct Noun {
    /// Its kind.
    pub kind: Kind,
    /// What it is called.
    pub words: Words,
    /// In the order of forms, pages, sheets and exports.
    pub fields: &'static [Spec],
    /// Numbers of the fields that a list row is named by; the first that says something.
    pub title: &'static [u64],
    /// Those that stand under it, joined.
    pub subtitle: &'static [u64],
    /// Links that a draft may make in the same breath.
    pub links: &'static [LinkSpec],
}

/// A link from a noun: its kind, the kind of the other end, and which end the noun is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// Kind of the link.
    pub kind: Kind,
    /// Kind of the other end.
    pub other: Kind,
    /// The other end is the first.
    pub is_other_first: bool,
}

/// From the type of a noun to its table.
pub trait HasNoun {
    /// Its table.
    const NOUN: &'static Noun;
}

impl Noun {
    /// The field of a number.
    #[must_use]
    pub fn field(&self, number: u64) -> Option<&'static Spec> {
        self.fields.iter().find(|spec| spec.number == number)
    }

    /// The field of a code.
    #[must_use]
    pub fn field_of_code(&self, code: &str) -> Option<&'static Spec> {
        self.fields.iter().find(|spec| spec.code == code)
    }

    /// The field of a code that somebody names.
    ///
    /// # Errors
    /// `NoSuchField` with those there are.
    pub fn named_field(&self, code: &str) -> Result<&'static Spec, Fault> {
        self.field_of_code(code).ok_or_else(|| Fault::NoSuchField {
            fields: self.fields.iter().map(|spec| spec.code).collect(),
        })
    }

    /// The fields whose records it hangs on, the nearest one last.
    pub fn parents(&self) -> impl Iterator<Item = &'static Spec> {
        self.fields.iter().filter(|spec| spec.is_parent)
    }

    /// The field that holds its code, the spelling, and the number of the field that keeps what was typed.
    #[must_use]
    pub fn code_field(&self) -> Option<(&'static Spec, CodeForm, u64)> {
        self.fields.iter().find_map(|spec| match spec.shape {
            Shape::Code { form, typed } => Some((spec, form, typed)),
            Shape::Text { .. }
            | Shape::PlaceCode
            | Shape::Term(_)
            | Shape::Terms(_)
            | Shape::Number { .. }
            | Shape::Date
            | Shape::Reference { .. }
            | Shape::Owner { .. }
            | Shape::References { .. }
            | Shape::NameParts
            | Shape::Bytes
            | Shape::Texts
            | Shape::Facts
            | Shape::FileName => None,
        })
    }

    /// Whether a person records it by a form; what a verb of its own records is not asked for.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|spec| !matches!(spec.asked, Asked::Nobody))
    }

    /// The link to records of a kind.
    #[must_use]
    pub fn link_to(&self, other: Kind) -> Option<&'static LinkSpec> {
        self.links.iter().find(|link| link.other == other)
    }

    /// Refuses, at compile time, a table that contradicts itself.
    ///
    /// # Panics
    /// While it is compiled, if it does.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "runs in the compiler only")]
    #[allow(clippy::arithmetic_side_effects, reason = "runs in the compiler only")]
    pub const fn checked(self) -> Self {
        let mut i = 0;
        while i < self.fields.len() {
            let spec = &self.fields[i];
            assert!(
                spec.number > 0 && spec.number < 255,
                "fields are numbered 1 to 254"
            );
            assert!(
                !spec.words.en.is_empty() && !spec.words.uk.is_empty(),
                "a field has words in both languages"
            );
            assert!(
                !(spec.is_owed && matches!(spec.asked, Asked::Nobody) && spec.only_by.is_none()),
                "what is owed is asked for"
            );
            let mut j = i + 1;
            while j < self.fields.len() {
                assert!(
                    spec.number != self.fields[j].number,
                    "two fields have one number"
                );
                assert!(
                    !same(spec.code, self.fields[j].code),
                    "two fields have one code"
                );
                j += 1;
            }
            if let Some((number, terms)) = spec.when {
                let mut found = false;
                let mut k = 0;
                while k < self.fields.len() {
                    if self.fields[k].number == number {
                        found = has_all(self.fields[k].shape, terms);
                    }
                    k += 1;
                }
                assert!(found, "a condition names terms that its field has");
            }
            i += 1;
        }
        assert!(!self.title.is_empty(), "a list row has a title");
        assert!(
            !self.words.en.is_empty() && !self.words.uk.is_empty(),
            "a noun has words in both languages"
        );
        self
    }
}

#[allow(clippy::indexing_slicing, reason = "runs in the compiler only")]
#[allow(clippy::arithmetic_side_effects, reason = "runs in the compiler only")]
const fn has_all(shape: Shape, codes: &[&str]) -> bool {
    let Shape::Term(list) = shape else {
        return false;
    };
    let mut i = 0;
    while i < codes.len() {
        let (mut j, mut has) = (0, false);
        while j < list.terms.len() {
            has = has || same(codes[i], list.terms[j].code);
            j += 1;
        }
        if !has {
            return false;
        }
        i += 1;
    }
    true
}

#[allow(clippy::indexing_slicing, reason = "runs in the compiler only")]
#[allow(clippy::arithmetic_side_effects, reason = "runs in the compiler only")]
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Makes a noun's table: each line once as a typed constant, and once in the list. Behind the four literals a line is plain Rust: calls on
/// [`super::field::Field`].
macro_rules! noun {
    (
        $(#[$doc:meta])*
        $noun:ident: $kind:expr, $en:literal $uk:literal
            , title [$($title:ident),+], subtitle [$($subtitle:ident),*] $(, links [$($link:expr),+])?;
        $($section:ident {
            $($(#[$note:meta])* $name:ident: $type:ty = $number:literal $code:literal $field_en:literal $field_uk:literal
                $(.$says:ident($($what:expr),*))*;)+
        })+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $noun {}

        $($(
            $(#[$note])*
            #[doc = $field_en]
            pub const $name: $crate::nouns::Field<$noun, $type> =
                $crate::nouns::field::<$noun, $type>($number, $code, $field_en, $field_uk)
                    .within($crate::nouns::Section::$section)
                    $(.$says($($what),*))*;
        )+)+

        /// Its table.
        pub const NOUN: $crate::nouns::Noun = $crate::nouns::Noun {
            kind: $kind,
            words: $crate::vocabulary::Words { en: $en, uk: $uk },
            fields: &[$($($name.spec),+),+],
            title: &[$($title.spec.number),+],
            subtitle: &[$($subtitle.spec.number),*],
            links: &[$($($link),+)?],
        }
        .checked();

        impl $crate::nouns::HasNoun for $noun {
            const NOUN: &'static $crate::nouns::Noun = &NOUN;
        }
    };
}
pub(crate) use noun;
