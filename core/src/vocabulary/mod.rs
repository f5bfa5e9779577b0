//! The words of the domain: one Rust table per vocabulary, one line a term.
//!
//! A term has a variant, the code that stands in entries, its English and Ukrainian words and its source. Codes of a newer version are kept as
//! `Other(code)`, shown as they are and never lost. Ukrainian words are general knowledge until an expert has confirmed them.

mod kind;
mod terms;

pub use kind::{Kind, KindClass};
pub use terms::{
    FactAbsence, GraveKind, HintConfidence, HintPartRole, HintSource, MarkerKind, MarkerReading,
    MarkerStatus, NoPreview, OperatorRole, PhotoDefect, PhotoOrigin, PreviewMark, RemainsKind,
    Shot, SiteType, StayReason,
};

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
    ($(#[$doc:meta])* $name:ident { $($variant:ident $code:literal $en:literal $uk:literal,)+ }) => {
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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }
    };
}
pub(crate) use vocabulary;
