//! What a line of a noun's table may say about its field.
//!
//! Owns the types that say it (`Spec`) and the constant that Rust code names instead of a number (`Field`). Does not know any noun; what each type of
//! value does stands in `shapes.rs`. Invariant: number, code and type of a field never change; everything else on its line may.

use std::marker::PhantomData;

use super::values::{Code, CodeForm, Number, One, Owner, Ref, Refs, Said, Shape, Text, Unit};
use crate::vocabulary::{Kind, Words};

/// A name of a place or person on one line.
pub const LINE_BYTES_MAX: usize = 256;
/// A verbatim text: the back of a plate, a page of a letter. Longer ones are photographed.
pub const PAGE_BYTES_MAX: usize = 4 * 1024;

/// Everything that a table says about one field.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// What stands in entries; never used again.
    pub number: u64,
    /// What stands in drafts, exports, scripts and errors.
    pub code: &'static str,
    /// What a form asks by.
    pub words: Words,
    /// What whoever is asked may want to know more.
    pub help: Option<Words>,
    /// The type of its values.
    pub shape: Shape,
    /// The paragraph of the standard that it comes from; empty: our own.
    pub source: &'static str,
    /// Where it stands on forms, pages and sheets.
    pub section: Section,
    /// Whose form asks for it.
    pub asked: Asked,
    /// Who may read it.
    pub sensitivity: Sensitivity,
    /// A record without it is refused; a gap says it too.
    pub is_owed: bool,
    /// The record hangs on what it names: lists of that record show it.
    pub is_parent: bool,
    /// Lists are in its order.
    pub is_sort: bool,
    /// Written also where it is empty, as version 1 did.
    pub is_always: bool,
    /// How it is found.
    pub search: Search,
    /// Asked only if another field holds one of these terms; says nothing about what may be recorded.
    pub when: Option<(u64, &'static [&'static str])>,
    /// The verb that alone writes it.
    pub only_by: Option<&'static str>,
}

/// Where a field stands; the order is ICRC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What it is and where it belongs.
    Identity,
    /// What is written or was heard.
    Reading,
    /// What it looks like.
    Description,
    /// Where on the body or the ground it was.
    Place,
    /// Where it is now.
    Custody,
    /// Why somebody thinks so.
    Grounds,
    /// What the program keeps of a file or a device.
    Keeping,
}

impl Section {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Reading => "reading",
            Self::Description => "description",
            Self::Place => "place",
            Self::Custody => "custody",
            Self::Grounds => "grounds",
            Self::Keeping => "keeping",
        }
    }

    /// Its heading.
    #[must_use]
    pub const fn words(self) -> Words {
        let (en, uk) = match self {
            Self::Identity => ("code and place", "код і місце"),
            Self::Reading => ("as written", "як написано"),
            Self::Description => ("description", "опис"),
            Self::Place => ("where it was", "де було"),
            Self::Custody => ("where it is", "де зберігається"),
            Self::Grounds => ("grounds", "підстави"),
            Self::Keeping => ("kept by the program", "зберігає програма"),
        };
        Words { en, uk }
    }
}

/// Whose form asks for a field. Whoever is not asked may still record it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Every form.
    Everybody,
    /// The experts' form; what others say is kept and marked as a lay observation.
    Experts,
    /// No form: the program fills it in.
    Nobody,
}

impl Asked {
    /// Its code in the code book.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::Experts => "experts",
            Self::Nobody => "nobody",
        }
    }
}

/// Who may read a field, from most to fewest; also what a reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Whoever holds an unlocked phone.
    Open,
    /// Whoever works on the case.
    Personal,
    /// Experts, investigators and prosecutors.
    Restricted,
}

impl Sensitivity {
    /// Its code in the code book.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Personal => "personal",
            Self::Restricted => "restricted",
        }
    }
}

/// How a field is found by search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Not.
    No,
    /// As a name: by the beginnings of its words, in three scripts.
    Name,
    /// As a number, however it is written.
    Number,
    /// By the beginnings of its words; a term by its words in both languages.
    Words,
}

/// A field of noun `N` that holds a `T`: what Rust code names instead of a number.
pub struct Field<N, T> {
    /// What its line says.
    pub spec: Spec,
    of: PhantomData<fn() -> (N, T)>,
}

impl<N, T> Clone for Field<N, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, T> Copy for Field<N, T> {}

/// Begins a line: what the macro [`super::noun::noun`] calls.
#[must_use]
pub const fn field<N, T: Said>(
    number: u64,
    code: &'static str,
    en: &'static str,
    uk: &'static str,
) -> Field<N, T> {
    let spec = Spec {
        number,
        code,
        words: Words { en, uk },
        help: None,
        shape: T::SHAPE,
        source: "",
        section: Section::Identity,
        asked: Asked::Everybody,
        sensitivity: Sensitivity::Open,
        is_owed: false,
        is_parent: false,
        is_sort: false,
        is_always: false,
        search: Search::No,
        when: None,
        only_by: None,
    };
    let of = PhantomData;
    Field { spec, of }
}

/// What any field may say.
impl<N, T> Field<N, T> {
    /// Stands in this section.
    #[must_use]
    pub const fn within(mut self, section: Section) -> Self {
        self.spec.section = section;
        self
    }

    /// A record without it is refused.
    #[must_use]
    pub const fn owed(mut self) -> Self {
        self.spec.is_owed = true;
        self
    }

    /// Written also where it is empty.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.spec.is_always = true;
        self
    }

    /// The paragraph of a standard.
    #[must_use]
    pub const fn from(mut self, source: &'static str) -> Self {
        self.spec.source = source;
        self
    }

    /// Says more than its words.
    #[must_use]
    pub const fn help(mut self, en: &'static str, uk: &'static str) -> Self {
        self.spec.help = Some(Words { en, uk });
        self
    }

    /// Whose form asks.
    #[must_use]
    pub const fn asked(mut self, asked: Asked) -> Self {
        self.spec.asked = asked;
        self
    }

    /// Who may read it.
    #[must_use]
    pub const fn seen_by(mut self, sensitivity: Sensitivity) -> Self {
        self.spec.sensitivity = sensitivity;
        self
    }

    /// How it is found.
    #[must_use]
    pub const fn found_as(mut self, search: Search) -> Self {
        self.spec.search = search;
        self
    }

    /// Lists are in its order.
    #[must_use]
    pub const fn sorts(mut self) -> Self {
        self.spec.is_sort = true;
        self
    }

    /// Asked only if `other`, a field of the same noun, holds one of these terms.
    #[must_use]
    pub const fn when<V>(
        mut self,
        other: Field<N, One<V>>,
        terms: &'static [&'static str],
    ) -> Self {
        self.spec.when = Some((other.spec.number, terms));
        self
    }

    /// Written by this verb alone, and asked for by no form.
    #[must_use]
    pub const fn only_by(mut self, verb: &'static str) -> Self {
        self.spec.only_by = Some(verb);
        self.spec.asked = Asked::Nobody;
        self
    }
}

/// What only texts may say.
impl<N> Field<N, Text> {
    /// Several lines.
    #[must_use]
    pub const fn long(mut self) -> Self {
        self.spec.shape = Shape::Text {
            bytes_max: PAGE_BYTES_MAX,
            is_long: true,
        };
        self
    }
}

/// What only numbers may say.
impl<N> Field<N, Number> {
    /// Its limits and its unit.
    #[must_use]
    pub const fn between(mut self, min: i64, max: i64, unit: Unit) -> Self {
        self.spec.shape = Shape::Number { unit, min, max };
        self
    }
}

/// What only references to one kind may say.
impl<N> Field<N, Ref> {
    /// What it may name.
    #[must_use]
    pub const fn to(mut self, kind: &'static [Kind]) -> Self {
        self.spec.shape = Shape::Reference { kind };
        self
    }

    /// The record hangs on it.
    #[must_use]
    pub const fn parent(mut self) -> Self {
        self.spec.is_parent = true;
        self
    }
}

/// What only references to any of several kinds may say.
impl<N> Field<N, Owner> {
    /// What it may name.
    #[must_use]
    pub const fn to(mut self, kinds: &'static [Kind]) -> Self {
        self.spec.shape = Shape::Owner { kinds };
        self
    }

    /// The record hangs on it.
    #[must_use]
    pub const fn parent(mut self) -> Self {
        self.spec.is_parent = true;
        self
    }
}

/// What only lists of references may say.
impl<N> Field<N, Refs> {
    /// What it may name, and how many.
    #[must_use]
    pub const fn to(mut self, kind: &'static [Kind], count_max: usize) -> Self {
        self.spec.shape = Shape::References { kind, count_max };
        self
    }
}

/// What only codes may say.
impl<N> Field<N, Code> {
    /// Its spelling, and the field that keeps what was typed.
    #[must_use]
    pub const fn form(mut self, form: CodeForm, typed: Field<N, Text>) -> Self {
        self.spec.shape = Shape::Code {
            form,
            typed: typed.spec.number,
        };
        self
    }
}
