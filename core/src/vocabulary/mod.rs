//! The words of the domain: one Rust table per vocabulary, one line a term.
//!
//! A term has a variant, the code that stands in entries, its English and Ukrainian words and its source. Codes of a newer version are kept as
//! `Other(code)`, shown as they are and never lost. Ukrainian words are general knowledge until an expert has confirmed them.

mod effects;
mod gap;
mod kind;
mod terms;

pub use effects::{Colour, Disposition, EffectCategory, OnBody};
pub use gap::Gap;
pub use kind::{Kind, KindClass};
pub use terms::{
    FactAbsence, GraveKind, HintConfidence, HintPartRole, HintSource, MarkerKind, MarkerReading,
    MarkerStatus, MomentPrecision, MomentSource, NoPreview, OperatorRole, PhotoDefect, PhotoOrigin,
    PreviewMark, RemainsKind, Shot, SiteType, StayReason,
};

/// English and Ukrainian for one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Ukrainian.
    pub uk: &'static str,
}

/// The language of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Ukrainian.
    Ukrainian,
}

impl Words {
    /// In a language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Ukrainian => self.uk,
        }
    }
}

/// A term of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermRow {
    /// The code that stands in entries; never changes.
    pub code: &'static str,
    /// Its words.
    pub words: Words,
}

/// A list of terms as data.
#[derive(Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// Its name in the code book.
    pub code: &'static str,
    /// Where its terms come from.
    pub source: &'static str,
    /// Every term of this version, in the order of the screen.
    pub terms: &'static [TermRow],
}

impl Vocabulary {
    /// The term of a code; `None`: it is of a newer version, or none.
    #[must_use]
    pub fn term(&self, code: &str) -> Option<&'static TermRow> {
        self.terms.iter().find(|term| term.code == code)
    }

    /// A code in words; one that is not known here as it is.
    #[must_use]
    pub fn shown<'a>(&self, code: &'a str, language: Language) -> &'a str {
        self.term(code)
            .map_or(code, |term| term.words.in_language(language))
    }
}

/// A term in Rust code: one of this version, or a code of a newer one, kept as it came.
pub trait Coded: Clone + 'static {
    /// Its list.
    const VOCABULARY: &'static Vocabulary;

    /// The code that stands in entries.
    fn code(&self) -> &str;

    /// The term of a code; an unknown one is kept.
    fn from_code(code: &str) -> Self;
}

/// A term as screens get it: the code for logic, the words for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Term {
    /// The code that stands in entries.
    pub code: String,
    /// English.
    pub en: String,
    /// Ukrainian.
    pub uk: String,
}

/// Makes an enum, its codes and its words from one table.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident $list:literal from $source:literal {
        $($variant:ident $code:literal $en:literal $uk:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $en] $variant,)+
            /// A code of a newer version, kept as it came.
            Other(String),
        }

        impl $name {
            /// Every term of this version, in the order of the screen.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that stands in entries.
            #[must_use]
            pub fn code(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Other(code) => code,
                }
            }

            /// The term of a code; an unknown one is kept.
            #[must_use]
            pub fn from_code(code: &str) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The term of a code of this version, for input typed by a person.
            #[must_use]
            pub fn known(code: &str) -> Option<Self> {
                match Self::from_code(code) {
                    Self::Other(_) => None,
                    $(Self::$variant => Some(Self::$variant),)+
                }
            }

            /// Code and words.
            #[must_use]
            pub fn term(&self) -> $crate::vocabulary::Term {
                let (en, uk) = match self {
                    $(Self::$variant => ($en, $uk),)+
                    Self::Other(code) => (code.as_str(), code.as_str()),
                };
                let code = self.code().to_owned();
                $crate::vocabulary::Term { code, en: en.to_owned(), uk: uk.to_owned() }
            }
        }

        impl $crate::vocabulary::Coded for $name {
            const VOCABULARY: &'static $crate::vocabulary::Vocabulary =
                &$crate::vocabulary::Vocabulary {
                    code: $list,
                    source: $source,
                    terms: &[$($crate::vocabulary::TermRow {
                        code: $code,
                        words: $crate::vocabulary::Words { en: $en, uk: $uk },
                    }),+],
                };

            fn code(&self) -> &str {
                self.code()
            }

            fn from_code(code: &str) -> Self {
                Self::from_code(code)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }
    };
}
pub(crate) use vocabulary;
