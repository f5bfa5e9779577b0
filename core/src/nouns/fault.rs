//! Why a value may not be recorded, as a rule with its words.
//!
//! Owns the words of a refusal in both languages. Rule 0 decides how few there are: only what is malformed is refused.

use crate::model::codes::CodeError;
use crate::vocabulary::{Kind, Language, Vocabulary};

/// What is wrong with one value, or with one field of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Neither a value nor a gap was said.
    Owed,
    /// It has too many bytes.
    TooLong {
        /// It has.
        bytes: usize,
        /// Allowed.
        bytes_max: usize,
    },
    /// It holds a NUL character.
    Nul,
    /// It is no term of this version.
    NotATerm {
        /// Of this list.
        list: &'static Vocabulary,
    },
    /// It is a value of another type.
    OtherType {
        /// What is taken.
        wanted: String,
    },
    /// It is outside its limits.
    NotBetween {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// It is no whole number.
    NotANumber,
    /// It is no date of EDTF level 1.
    NotADate,
    /// There are too many.
    TooMany {
        /// Allowed.
        count_max: usize,
    },
    /// A part of a name has no letters.
    EmptyPart,
    /// A part of a name is not `role=letters`.
    NotAPart,
    /// It names a record of a kind that does not fit.
    OtherKind {
        /// What it names.
        kind: Kind,
    },
    /// It names nothing that is known here.
    Unknown,
    /// It is no code, or one of something else.
    Code(CodeError),
    /// It is the code of something else.
    CodeOfOther,
    /// It cannot be said that there is none.
    Gapless,
    /// It is no gap of this version.
    NotAGap,
    /// Another verb alone writes it.
    OnlyBy {
        /// That verb.
        verb: &'static str,
    },
    /// The noun has no such field.
    NoSuchField {
        /// Those it has.
        fields: Vec<&'static str>,
    },
}

impl Fault {
    /// Its name, for programs.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::TooLong { .. } => "too_long",
            Self::Nul => "nul",
            Self::NotATerm { .. } => "not_a_term",
            Self::OtherType { .. } => "other_type",
            Self::NotBetween { .. } => "not_between",
            Self::NotANumber => "not_a_number",
            Self::NotADate => "not_a_date",
            Self::TooMany { .. } => "too_many",
            Self::EmptyPart => "empty_part",
            Self::NotAPart => "not_a_part",
            Self::OtherKind { .. } => "other_kind",
            Self::Unknown => "unknown",
            Self::Code(_) => "code",
            Self::CodeOfOther => "code_of_other",
            Self::Gapless => "gapless",
            Self::NotAGap => "not_a_gap",
            Self::OnlyBy { .. } => "only_by",
            Self::NoSuchField { .. } => "no_such_field",
        }
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Ukrainian => self.ukrainian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Owed => "must be said, or why it cannot be".to_owned(),
            Self::TooLong { bytes, bytes_max } => format!("{bytes} bytes, limit {bytes_max}"),
            Self::Nul => "holds a NUL character".to_owned(),
            Self::NotATerm { list } => {
                format!("is none of: {}", codes_of(list))
            }
            Self::OtherType { wanted } => format!("takes a {wanted}"),
            Self::NotBetween { min, max } => format!("is not between {min} and {max}"),
            Self::NotANumber => "is no whole number".to_owned(),
            Self::NotADate => "is no date: 1987, 1987-05, 198X, 1987-05-02?".to_owned(),
            Self::TooMany { count_max } => format!("more than {count_max}"),
            Self::EmptyPart => "a part has no letters".to_owned(),
            Self::NotAPart => "write it as role=letters".to_owned(),
            Self::OtherKind { kind } => format!("cannot name a {}", kind.name()),
            Self::Unknown => "names nothing that is known here".to_owned(),
            Self::Code(error) => error.to_string(),
            Self::CodeOfOther => "is the code of something else".to_owned(),
            Self::Gapless => "cannot be missing".to_owned(),
            Self::NotAGap => format!("is none of: {}", codes_of(gaps())),
            Self::OnlyBy { verb } => format!("is written by `{verb}` alone"),
            Self::NoSuchField { fields } => format!("is none of: {}", fields.join(", ")),
        }
    }

    fn ukrainian(&self) -> String {
        match self {
            Self::Owed => "треба вказати, або чому неможливо".to_owned(),
            Self::TooLong { bytes, bytes_max } => format!("{bytes} байтів, межа {bytes_max}"),
            Self::Nul => "містить символ NUL".to_owned(),
            Self::NotATerm { list } => format!("не з переліку: {}", codes_of(list)),
            Self::OtherType { wanted } => format!("інший вид значення, треба: {wanted}"),
            Self::NotBetween { min, max } => format!("не між {min} і {max}"),
            Self::NotANumber => "не ціле число".to_owned(),
            Self::NotADate => "не дата: 1987, 1987-05, 198X, 1987-05-02?".to_owned(),
            Self::TooMany { count_max } => format!("більше ніж {count_max}"),
            Self::EmptyPart => "частина без літер".to_owned(),
            Self::NotAPart => "пишіть як роль=літери".to_owned(),
            Self::OtherKind { kind } => format!("не може вказувати на {}", kind.name()),
            Self::Unknown => "тут невідомо, що це".to_owned(),
            Self::Code(error) => code_in_ukrainian(error).to_owned(),
            Self::CodeOfOther => "це код чогось іншого".to_owned(),
            Self::Gapless => "не може бути відсутнім".to_owned(),
            Self::NotAGap => format!("не з переліку: {}", codes_of(gaps())),
            Self::OnlyBy { verb } => format!("записує лише дія `{verb}`"),
            Self::NoSuchField { fields } => format!("не з переліку: {}", fields.join(", ")),
        }
    }
}

fn gaps() -> &'static Vocabulary {
    <crate::vocabulary::Gap as crate::vocabulary::Coded>::VOCABULARY
}

fn codes_of(list: &Vocabulary) -> String {
    let codes: Vec<&str> = list.terms.iter().map(|term| term.code).collect();
    codes.join(", ")
}

fn code_in_ukrainian(error: &CodeError) -> &'static str {
    match error {
        CodeError::TooLong => "код задовгий",
        CodeError::Empty => "код порожній",
        CodeError::Character { .. } => "у кодах немає такого символу",
        CodeError::Place => "місце: 2–5 літер або цифр, у новому без O та I",
        CodeError::Issuer => "видавець: літера і 2–4 цифри, або Z і 6 символів",
        CodeError::Number => "номер: щонайменше 4 цифри, або G і щонайменше 3",
        CodeError::Separators => "риски стоять не так, як на етикетці",
        CodeError::Check { .. } => "контрольні символи не сходяться: прочитайте ще раз",
        CodeError::Ambiguous { .. } => "це можуть бути кілька кодів: погляньте на етикетку",
        CodeError::Suffix => "частина після риски: видавець, E або S, і 2–3 цифри",
    }
}
