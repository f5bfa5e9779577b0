//! One photo on its way in: the steps of the commit protocol in one place, fed by chunks.

use std::path::PathBuf;

use super::facts::{defects, facts_map};
use super::{CHUNK_BYTES_MAX, CaptureError};
use crate::encoding::hash::Hasher;
use crate::encoding::{Hash32, Map, Value};
use crate::environment::{Environment, NewFile};
use crate::journal::{Entry, Op, Touches};
use crate::media::{PhotoFacts, PhotoReader};
use crate::merge::{Counting, Folded, fold};
use crate::model::file_name::FileName;
use crate::model::ids::{SealedName, SubjectId, SubjectRef};
use crate::model::position::Position;
use crate::seal::SealWriter;
use crate::store::{OwnChain, Reserve, SealedFiles, StoreError, Word};
use crate::vocabulary::{Kind, PhotoDefect, PhotoOrigin, Shot};

/// What is known before the first byte.
#[derive(Clone, Debug)]
pub struct CaptureDraft {
    /// The caller's id of this shutter press: a retry with it is the same photo.
    pub capture_id: [u8; 16],
    /// What the photo is of; absent: not assigned yet.
    pub owner: Option<SubjectRef>,
    /// Which shot of the list.
    pub shot: Option<Shot>,
    /// How it came.
    pub origin: PhotoOrigin,
    /// Name of an imported file, verbatim; a claim.
    pub file_name: Option<FileName>,
}

/// What is known after the last byte.
#[derive(Clone, Debug, Default)]
pub struct CaptureFacts {
    /// Length of the source, where the caller knows it.
    pub expected_len: Option<u64>,
    /// Where the device was.
    pub position: Option<Position>,
    /// The shutter's moment by the device's clock, ms.
    pub captured_ms: Option<i64>,
}

/// A photo that may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The photo.
    pub photo: SubjectId,
    /// Its sealed file.
    pub sealed: SealedName,
    /// Length of the sealed file.
    pub sealed_bytes: u64,
    /// SHA-256 of the original.
    pub sha256: Hash32,
    /// Length of the original.
    pub bytes: u64,
    /// What is wrong with the file, which was sealed all the same.
    pub defects: Vec<PhotoDefect>,
    /// Whether this call wrote it or found it.
    pub outcome: SavedOutcome,
}

/// How a photo came to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedOutcome {
    /// By this call.
    New,
    /// An earlier try with the same capture id had succeeded.
    AlreadySaved,
    /// An earlier try had been interrupted and recovered at open; this call gave it its owner.
    AdoptedRecovered,
}

/// A capture in progress; dropping it leaves what reached the disk for recovery at the next open.
pub struct PhotoCapture {
    environment: Environment,
    files: SealedFiles,
    draft: CaptureDraft,
    sealed_to: Vec<String>,
    path: PathBuf,
    writer: SealWriter<Box<dyn NewFile>>,
    plain: Hasher,
    bytes: u64,
    reader: PhotoReader,
}

impl PhotoCapture {
    /// Steps 1 and 2: room, then a new file.
    ///
    /// # Errors
    /// NOT SAVED: too little room, or the disk's.
    pub fn begin(
        environment: &Environment,
        files: &SealedFiles,
        reserve: &Reserve,
        recipients: &[String],
        draft: CaptureDraft,
    ) -> Result<Self, CaptureError> {
        environment.steps.reached("capture: 1 reserve");
        reserve.check(environment)?;
        environment.steps.reached("capture: 2 create");
        let (path, file) = files.begin()?;
        let writer = SealWriter::new(recipients, file)?;
        Ok(Self {
            environment: environment.clone(),
            files: files.clone(),
            draft,
            sealed_to: recipients.to_vec(),
            path,
            writer,
            plain: Hasher::new(),
            bytes: 0,
            reader: PhotoReader::default(),
        })
    }

    /// Step 3: hash, read facts, check the structure, seal, write.
    ///
    /// # Errors
    /// NOT SAVED: over 64 KiB, or the disk's; the capture is over.
    pub fn append(&mut self, chunk: &[u8]) -> Result<(), CaptureError> {
        if chunk.len() > CHUNK_BYTES_MAX {
            return Err(CaptureError::ChunkTooLarge { found: chunk.len() });
        }
        self.environment.steps.reached("capture: 3 append");
        self.plain.update(chunk);
        self.bytes = self.bytes.saturating_add(chunk.len() as u64);
        self.reader.feed(chunk);
        self.writer.write(chunk)?;
        Ok(())
    }

    /// Steps 4 to 7: durable bytes, their name, their entry, and only then the word "saved".
    ///
    /// # Errors
    /// NOT SAVED; what reached the disk is found at the next open.
    pub fn finish(self, chain: &OwnChain, facts: CaptureFacts) -> Result<Saved, CaptureError> {
        let steps = self.environment.steps.clone();
        if self.bytes == 0 {
            self.discard_empty();
            return Err(CaptureError::Empty);
        }
        let found = self.bytes;
        if let Some(expected) = facts.expected_len.filter(|expected| *expected != found) {
            return Err(CaptureError::Length { expected, found });
        }
        let Self {
            files,
            draft,
            sealed_to,
            path,
            writer,
            plain,
            bytes,
            reader,
            ..
        } = self;
        steps.reached("capture: 4 fsync");
        let (sealed, sealed_bytes, mut file) = writer.finish()?;
        file.sync()?;
        drop(file);
        let sha256 = plain.finish();
        if let Some(earlier) = find_earlier(chain, &draft, sha256)? {
            // The earlier file holds the same picture; this try's copy is not evidence of anything and has no name yet.
            self.environment.files.remove(&path)?;
            return Ok(earlier);
        }
        steps.reached("capture: 5 rename");
        files.name_incoming(&path, sealed)?;
        steps.reached("capture: 6 journal");
        let photo_facts = reader.finish();
        let defects = all_defects(&photo_facts, draft.file_name.as_ref());
        let original = Original {
            sealed,
            sealed_bytes,
            sha256,
            bytes,
            sealed_to,
        };
        let word = photo_word(
            &self.environment,
            &draft,
            &facts,
            &original,
            &photo_facts,
            &defects,
        )?;
        let photo = word.subject;
        chain.append_one(word)?;
        steps.reached("capture: 7 acknowledge");
        let outcome = SavedOutcome::New;
        Ok(Saved {
            photo,
            sealed,
            sealed_bytes,
            sha256,
            bytes,
            defects,
            outcome,
        })
    }

    /// Gives the capture up; what was written so far stays in `incoming/` and is looked at again at the next open.
    pub fn abandon(self) {
        if self.bytes == 0 {
            self.discard_empty();
        }
    }

    /// A file into which nothing was put holds nothing to keep.
    fn discard_empty(&self) {
        // If it cannot be removed now, recovery finds an age file of nothing and sets it aside.
        let _ = self.environment.files.remove(&self.path);
    }
}

/// The sealed file that an entry introduces.
pub(super) struct Original {
    pub sealed: SealedName,
    pub sealed_bytes: u64,
    pub sha256: Hash32,
    pub bytes: u64,
    pub sealed_to: Vec<String>,
}

fn all_defects(facts: &PhotoFacts, file_name: Option<&FileName>) -> Vec<PhotoDefect> {
    let mut all = defects(facts);
    let ending = file_name.and_then(FileName::ending);
    if ending.is_some_and(|ending| !facts.format.has_ending(ending)) {
        all.push(PhotoDefect::WrongExtension);
    }
    all
}

fn photo_word(
    environment: &Environment,
    draft: &CaptureDraft,
    facts: &CaptureFacts,
    original: &Original,
    photo_facts: &PhotoFacts,
    defects: &[PhotoDefect],
) -> Result<Word, StoreError> {
    let subject = SubjectId::new(environment)?;
    let captured_ms = facts.captured_ms.unwrap_or(environment.clock.now().wall_ms);
    let fields = Map::new()
        .with(1, original.sealed)
        .uint(2, original.sealed_bytes)
        .with(3, original.sha256)
        .uint(4, original.bytes)
        .text(5, photo_facts.format.mime())
        .text(6, draft.origin.code())
        .bytes(7, draft.capture_id)
        .with_some(8, draft.owner)
        .with_some(9, draft.shot.as_ref().map(|shot| Value::text(shot.code())))
        .with(10, facts_map(photo_facts))
        .array(11, original.sealed_to.iter().map(Value::text))
        .int(12, captured_ms)
        .with_some(13, draft.file_name.as_ref().map(FileName::to_value))
        .array(14, defects.iter().map(|defect| Value::text(defect.code())))
        .uint(15, 1);
    Ok(Word {
        position: facts.position,
        ..Word::create(Kind::Photo, subject, fields)
    })
}

/// A retry: the same capture id is the same photo; an unassigned recovered capture of the same bytes is the interrupted first try.
fn find_earlier(
    chain: &OwnChain,
    draft: &CaptureDraft,
    sha256: Hash32,
) -> Result<Option<Saved>, StoreError> {
    let (row, outcome) = {
        let journal = chain.journal();
        if let Some(row) = journal.file_of_capture(&draft.capture_id)? {
            // Another picture under one id is the caller's mistake, never a reason to lose a picture: it is saved as a new photo.
            if row.sha256 != Some(sha256) {
                return Ok(None);
            }
            (row, SavedOutcome::AlreadySaved)
        } else {
            let originals = journal.originals_of(sha256)?;
            let mut unassigned = None;
            for row in originals {
                if is_unassigned(&journal.entries_of_subject(row.subject)?) {
                    unassigned = Some(row);
                    break;
                }
            }
            let Some(row) = unassigned else {
                return Ok(None);
            };
            (row, SavedOutcome::AdoptedRecovered)
        }
    };
    if outcome == SavedOutcome::AdoptedRecovered {
        adopt(chain, draft, row.subject)?;
    }
    let entries = chain.journal().entries_of_subject(row.subject)?;
    let folded = fold(row.subject, &entries, &Counting::default());
    let bytes = folded
        .as_ref()
        .and_then(|f| f.value(4))
        .and_then(Value::as_uint);
    Ok(Some(Saved {
        photo: row.subject,
        sealed: row.sealed,
        sealed_bytes: row.size,
        sha256,
        bytes: bytes.unwrap_or_default(),
        defects: noted_defects(folded.as_ref()),
        outcome,
    }))
}

/// What the photo's entry says is wrong with the file: a retry hears it too.
fn noted_defects(folded: Option<&Folded>) -> Vec<PhotoDefect> {
    let noted = folded.and_then(|folded| folded.value(14)?.as_array());
    let codes = noted.unwrap_or_default().iter().filter_map(Value::as_text);
    codes.map(PhotoDefect::from_code).collect()
}

fn is_unassigned(entries: &[Entry]) -> bool {
    let Some(subject) = entries.first().map(|entry| entry.header.subject) else {
        return false;
    };
    let folded = fold(subject, entries, &Counting::default());
    folded.is_some_and(|folded| {
        let origin = folded.value(6).and_then(Value::as_text);
        origin == Some(PhotoOrigin::Recovered.code()) && folded.value(8).is_none()
    })
}

/// Gives a recovered capture what the interrupted call had meant for it.
fn adopt(chain: &OwnChain, draft: &CaptureDraft, photo: SubjectId) -> Result<(), StoreError> {
    let fields = Map::new()
        .bytes(7, draft.capture_id)
        .with_some(8, draft.owner)
        .with_some(9, draft.shot.as_ref().map(|shot| Value::text(shot.code())));
    let entries = chain.journal().entries_of_subject(photo)?;
    let (parents, touches) = answering(photo, &entries, &fields);
    let word = Word {
        op: Op::Set,
        parents,
        touches,
        ..Word::create(Kind::Photo, photo, fields)
    };
    chain.append_one(word).map(drop)
}

/// The parents and touches of a `set`: it names the head of a field if there is exactly one, else none (formats.md §4, Merge).
#[must_use]
pub fn answering(
    subject: SubjectId,
    entries: &[Entry],
    fields: &Map,
) -> (Vec<crate::model::ids::EntryId>, Touches) {
    let folded = fold(subject, entries, &Counting::default());
    folded.map_or_else(Default::default, |folded| folded.answering(fields))
}
