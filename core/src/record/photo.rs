//! Photo: how a sealed original is shown, and how it is given to another record. Its bytes, hash and moment never change.

use serde::Serialize;

use super::text::{shown, shown_some};
use super::{RecordError, RecordState};
use crate::capture::answering;
use crate::encoding::{Hash32, Map, Value};
use crate::journal::Op;
use crate::merge::Folded;
use crate::model::ids::{SealedName, SubjectId, SubjectRef};
use crate::store::{OwnChain, Word};
use crate::vocabulary::{Kind, PhotoDefect, PhotoOrigin, Shot};

/// A photo as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoView {
    /// Which one.
    pub id: SubjectId,
    /// Name of the sealed original.
    pub sealed: Option<SealedName>,
    /// Its length in bytes.
    pub sealed_bytes: u64,
    /// SHA-256 of the original; absent for a recovered file that no key here opened.
    pub sha256: Option<String>,
    /// Length of the original.
    pub bytes: u64,
    /// Kind of file, by its bytes.
    pub mime: String,
    /// How it came.
    pub origin: PhotoOrigin,
    /// What it is of; absent: not assigned.
    pub owner: Option<SubjectRef>,
    /// Which shot of the list.
    pub shot: Option<Shot>,
    /// The camera's local time as it claims, `YYYY-MM-DDTHH:MM:SS`.
    pub taken_text: Option<String>,
    /// Latitude, 1e-7 degrees, as the file claims.
    pub lat_e7: Option<i64>,
    /// Longitude, 1e-7 degrees, as the file claims.
    pub lon_e7: Option<i64>,
    /// Camera make and model as the file claims.
    pub camera: Option<String>,
    /// The shutter's moment by the device's clock, ms.
    pub captured_ms: Option<i64>,
    /// Name of an imported file, verbatim.
    pub file_name: Option<String>,
    /// What is wrong with the file.
    pub defects: Vec<PhotoDefect>,
    /// The record as such.
    pub record: RecordState,
}

impl PhotoView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        let uint = |field| {
            folded
                .value(field)
                .and_then(Value::as_uint)
                .unwrap_or_default()
        };
        let facts = folded.value(10).and_then(Value::as_map);
        let fact_text = |key| {
            facts
                .and_then(|map| map.get(key))
                .and_then(Value::as_text)
                .map(str::to_owned)
        };
        let fact_int = |key| facts.and_then(|map| map.get(key)).and_then(Value::as_int);
        let taken = facts.and_then(|map| map.get(0)).and_then(Value::as_map);
        let camera: Vec<String> = [fact_text(8), fact_text(9)].into_iter().flatten().collect();
        let defects = folded
            .value(14)
            .and_then(Value::as_array)
            .unwrap_or_default();
        Self {
            id: folded.subject,
            sealed: folded.value(1).and_then(SealedName::from_value),
            sealed_bytes: uint(2),
            sha256: folded
                .value(3)
                .and_then(Value::as_hash)
                .map(|hash: Hash32| hash.to_hex()),
            bytes: uint(4),
            mime: shown(folded, 5),
            origin: PhotoOrigin::from_code(&shown(folded, 6)),
            owner: folded.value(8).and_then(SubjectRef::from_value),
            shot: folded
                .value(9)
                .and_then(Value::as_text)
                .map(Shot::from_code),
            taken_text: taken
                .and_then(|map| map.get(0)?.as_text())
                .map(str::to_owned),
            lat_e7: fact_int(1),
            lon_e7: fact_int(2),
            camera: (!camera.is_empty()).then(|| camera.join(" ")),
            captured_ms: folded.value(12).and_then(Value::as_int),
            file_name: shown_some(folded, 13),
            defects: defects
                .iter()
                .filter_map(|defect| defect.as_text().map(PhotoDefect::from_code))
                .collect(),
            record: RecordState::of(folded),
        }
    }
}

/// Gives a photo to a record, or to another one: the commonest mistake is the wrong one. Nothing about the picture itself changes.
///
/// # Errors
/// `NotFound`, or the store's: nothing was recorded.
pub fn assign_photo(
    chain: &OwnChain,
    photo: SubjectId,
    owner: SubjectRef,
    shot: Option<&Shot>,
    reason: Option<String>,
) -> Result<(), RecordError> {
    let entries = chain.journal().entries_of_subject(photo)?;
    if entries.iter().all(|entry| entry.header.kind != Kind::Photo) {
        return Err(RecordError::NotFound { what: "photo" });
    }
    let fields = Map::new()
        .with(8, owner)
        .with_some(9, shot.map(|shot| Value::text(shot.code())));
    let (parents, touches) = answering(photo, &entries, &fields);
    let word = Word::create(Kind::Photo, photo, fields);
    chain.append_one(Word {
        op: Op::Set,
        parents,
        touches,
        reason,
        ..word
    })?;
    Ok(())
}
