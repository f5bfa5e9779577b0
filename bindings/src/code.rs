//! Codes on labels: from what a scanner gives or a person types to the record that it stands for.

use crate::error::CoreError;
use crate::store::FieldStore;
use crate::subject::SubjectRef;

/// What a scanned or typed code stands for.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CodeView {
    /// The record; its id follows from the code, whether or not anything of it has come yet.
    pub subject: SubjectRef,
    /// The code as it is printed.
    pub code: String,
    /// Whether the record is known here.
    pub is_known: bool,
    /// A letter was read as the one that the check characters ask for: show the code and let a person compare it with the label.
    pub is_guessed: bool,
}

#[uniffi::export]
impl FieldStore {
    /// Reads the code of a grave, of remains or of an effect as scanners give it and people type it.
    ///
    /// # Errors
    /// `Invalid` if it is no code; `Locked`.
    pub fn find_code(&self, typed: String) -> Result<CodeView, CoreError> {
        self.shared.read("find_code", |core| {
            let found = core.find_code(&typed)?;
            Ok::<_, CoreError>(CodeView {
                subject: found.subject.into(),
                code: found.code,
                is_known: found.is_known,
                is_guessed: found.is_guessed,
            })
        })
    }
}
