//! Photos: in by chunks from a camera or whole from a file, listed, assigned, shown.
//!
//! Invariant: no plaintext of a photo is ever written; a capture that is dropped or interrupted is found again at the next unlock.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use imena_core::capture::{self as core, CaptureError};
use imena_core::field_store::FieldStore as Core;
use imena_core::index::ROOT;
use imena_core::model::file_name::FileName;
use imena_core::model::ids::SubjectId;
use imena_core::model::position as place;
use imena_core::nouns::PhotoFact as CoreFact;
use imena_core::record::PhotoView as CoreView;
use imena_core::store::Class;
use imena_core::vocabulary::{self, Kind, PhotoDefect, Shot};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::status::PhotoStatus;
use crate::store::{FieldStore, Held, Shared, about};
use crate::subject::{SubjectRef, id_of};
use crate::term::{Choice, Language, Term, known_some};
use crate::view::RecordMarks;

/// How a photo comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PhotoSource {
    /// Taken in the app.
    InAppCamera,
    /// From a camera's card.
    CameraCard,
    /// A file of this device.
    ImportedFile,
}

/// What is known of a photo before its first byte.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoDraft {
    /// A UUID that the app makes for this press of the shutter: a retry with it is the same photo, never a second one.
    pub capture_id: String,
    /// What the photo is of; absent: not assigned yet.
    #[uniffi(default = None)]
    pub owner: Option<SubjectRef>,
    /// Which shot of the list, a code of the vocabulary `shot`; absent: none.
    #[uniffi(default = None)]
    pub shot_code: Option<String>,
    /// How it comes.
    pub origin: PhotoSource,
    /// Name of an imported file, verbatim, up to 1024 bytes; a claim.
    #[uniffi(default = None)]
    pub file_name: Option<String>,
    /// The same where it is no UTF-8, as bytes; `file_name` stays absent then.
    #[uniffi(default = None)]
    pub file_name_bytes: Option<Vec<u8>>,
}

/// Who says where the device was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PositionProvider {
    /// The device's own satellite receiver.
    Gnss,
    /// Cell towers and Wi-Fi.
    Network,
    /// The platform's mixture.
    Fused,
    /// A receiver outside.
    ExternalNmea,
    /// A finger on a map.
    ManualMap,
    /// Typed numbers.
    ManualTyped,
    /// Distance and bearing from a datum peg.
    OffsetFromDatum,
}

/// A position in WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Record)]
pub struct Position {
    /// Latitude, degrees, −90 … 90.
    pub lat_deg: f64,
    /// Longitude, degrees, −180 … 180.
    pub lon_deg: f64,
    /// Horizontal accuracy, mm; absent: the source does not say.
    #[uniffi(default = None)]
    pub accuracy_mm: Option<u32>,
    /// Who says so.
    pub provider: PositionProvider,
}

/// What is known of a photo after its last byte.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct CaptureFacts {
    /// Length of the photo as the camera gave it, bytes; absent: not known.
    #[uniffi(default = None)]
    pub expected_bytes: Option<u64>,
    /// The shutter's moment by the device's clock, ms since 1970 UTC; absent: now.
    #[uniffi(default = None)]
    pub captured_ms: Option<i64>,
    /// Where the device was; absent: not known.
    #[uniffi(default = None)]
    pub position: Option<Position>,
}

/// How a photo came to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SavedOutcome {
    /// By this call.
    New,
    /// An earlier try with the same capture id had succeeded.
    AlreadySaved,
    /// An earlier try had been interrupted and recovered; this call gave it its owner.
    AdoptedRecovered,
}

/// A photo that may be believed: its sealed bytes and its entry are durable.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoSaved {
    /// The photo.
    pub photo_id: String,
    /// SHA-256 of the original, hex.
    pub sha256: String,
    /// Length of the original, bytes.
    pub size_bytes: u64,
    /// What is wrong with the file, which was saved all the same.
    pub defects: Vec<Term>,
    /// Whether this call saved it or found it.
    pub outcome: SavedOutcome,
}

/// A photo as all known entries tell it.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct PhotoView {
    /// Which one.
    pub id: String,
    /// Where it stands; "safe" is only what a receipt says.
    pub status: PhotoStatus,
    /// SHA-256 of the original, hex; absent for a recovered file that no key here opened.
    pub sha256: Option<String>,
    /// Length of the original, bytes.
    pub size_bytes: u64,
    /// Kind of file, by its bytes.
    pub mime: String,
    /// How it came.
    pub origin: Choice,
    /// What it is of; absent: not assigned.
    pub owner: Option<SubjectRef>,
    /// Which shot of the list; absent: none.
    pub shot: Option<Choice>,
    /// What the file says of itself, and what it does not; empty for one that no key here opened.
    pub facts: Vec<PhotoFact>,
    /// The shutter's moment by the device's clock, ms since 1970 UTC; absent for a recovered file.
    pub captured_ms: Option<i64>,
    /// Name of an imported file; bytes that are no UTF-8 stand as `\xNN`.
    pub file_name: Option<String>,
    /// The name as bytes, where it is no UTF-8.
    pub file_name_bytes: Option<Vec<u8>>,
    /// What is wrong with the file, found when it was taken or when its small pictures were made.
    pub defects: Vec<Choice>,
    /// The picture itself is hurt: ask for another while that can be done.
    pub should_retake: bool,
    /// Why there is no preview; absent while there is one, or while it is still to be made.
    pub no_preview: Option<Choice>,
    /// What the preview, or the small picture in its place, does not show truly; say it beside the picture.
    pub preview_marks: Vec<Choice>,
    /// What to see before trusting it.
    pub marks: RecordMarks,
}

/// What a photo says of itself; the file's claim.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoFact {
    /// Its code; ends with its unit.
    pub code: String,
    /// Its words.
    pub label: String,
    /// What the file says, as people read it; or why it does not.
    pub shown: String,
    /// The file does not say it.
    pub is_absent: bool,
}

/// A page of photos.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct PhotoPage {
    /// In the order of the shutter.
    pub photos: Vec<PhotoView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

/// Gives a photo to a record, or to another one than before.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoAssignment {
    /// The photo.
    pub photo_id: String,
    /// What it is of.
    pub owner: SubjectRef,
    /// Which shot of the list, a code of the vocabulary `shot`; absent: as it was.
    #[uniffi(default = None)]
    pub shot_code: Option<String>,
    /// Why; must be said when the photo had an owner.
    #[uniffi(default = None)]
    pub reason: Option<String>,
}

/// A photo that is being taken. Use it on one thread; dropping it loses nothing that reached the disk.
#[derive(uniffi::Object)]
pub struct PhotoCapture {
    shared: Arc<Shared>,
    capture: Mutex<Option<core::PhotoCapture>>,
    _held: Held,
}

#[uniffi::export]
impl FieldStore {
    /// Begins a photo whose bytes come in chunks. The app keeps them until `PhotoCapture.finish` returned.
    ///
    /// # Errors
    /// NOT SAVED: `Locked`, `StorageFull`, `Invalid`, `StorageFailed`.
    pub fn begin_photo(&self, draft: PhotoDraft) -> Result<Arc<PhotoCapture>, CoreError> {
        self.shared.worker.shutter();
        self.shared.read("begin_photo", |core| {
            let capture = Mutex::new(Some(core.begin_photo(draft.read()?)?));
            let shared = self.shared.clone();
            let _held = Held::by(&shared);
            Ok::<_, CoreError>(Arc::new(PhotoCapture {
                shared,
                capture,
                _held,
            }))
        })
    }

    /// Takes a file that exists already, read once from beginning to end. The file stays.
    ///
    /// # Errors
    /// NOT SAVED: `MediaUnreadable`, `IntegrityFailed` (it changed meanwhile), or as `begin_photo`.
    pub fn import_photo(&self, path: String, draft: PhotoDraft) -> Result<PhotoSaved, CoreError> {
        self.shared.importing("import_photo", |core| {
            import_path(core, &path, draft.read()?)
        })
    }

    /// Takes what an open file descriptor gives from here to its end. The core owns the descriptor from now on and closes it, whatever happens.
    ///
    /// # Errors
    /// NOT SAVED: as `import_photo`; a closed descriptor is `MediaUnreadable`.
    pub fn import_photo_descriptor(
        &self,
        descriptor: i32,
        draft: PhotoDraft,
    ) -> Result<PhotoSaved, CoreError> {
        let owned = own_descriptor(descriptor);
        self.shared.importing("import_photo_descriptor", |core| {
            let file = File::from(owned?);
            let meta = file.metadata().map_err(CaptureError::Source);
            let meta = meta.map_err(CoreError::from)?;
            // A pipe has no length; a file that grows or shrinks meanwhile is not taken for whole.
            let expected = meta.is_file().then_some(meta.len());
            if meta.is_dir() {
                return Err(unreadable("it is a folder"));
            }
            let mut source = file.take(u64::MAX);
            Ok(core.import_from(&mut source, expected, draft.read()?)?)
        })
    }

    /// The photos of a record, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn list_photos(
        &self,
        owner_id: String,
        page: PageQuery,
        language: Language,
    ) -> Result<PhotoPage, CoreError> {
        self.shared.read("list_photos", |core| {
            photo_page(core, id_of("owner", &owner_id)?, &page, language)
        })
    }

    /// The photos that nobody gave to a record yet, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn list_unassigned_photos(
        &self,
        page: PageQuery,
        language: Language,
    ) -> Result<PhotoPage, CoreError> {
        self.shared.read("list_unassigned_photos", |core| {
            photo_page(core, ROOT, &page, language)
        })
    }

    /// One photo.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (a photo just saved is known a moment later), `StorageFailed`.
    pub fn get_photo(&self, photo_id: String, language: Language) -> Result<PhotoView, CoreError> {
        self.shared.read("get_photo", |core| {
            let id = id_of("photo", &photo_id)?;
            let folded = about(&photo_id, core.get_kind(id, Kind::Photo))?;
            photo_view(core, core.noted(CoreView::of(&folded))?, language)
        })
    }

    /// Gives a photo to a record; the picture and what it was taken under stay as they are.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `Invalid`, `StorageFailed`.
    pub fn assign_photo(&self, assignment: PhotoAssignment) -> Result<(), CoreError> {
        self.shared.write("assign_photo", |core| {
            let photo_id = &assignment.photo_id;
            let id = id_of("photo", photo_id)?;
            let shot = known_some("shot_code", assignment.shot_code.as_ref(), Shot::known)?;
            let owner = assignment.owner.read("owner")?;
            let assigned = core.assign_photo(id, owner, shot.as_ref(), assignment.reason);
            about(photo_id, assigned)
        })
    }

    /// A small picture for lists, JPEG, 320 px on its longer side; absent if there is none (yet) or no key here opens it. Show it blurred until tapped.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `StorageFailed`.
    pub fn thumbnail(&self, photo_id: String) -> Result<Option<Vec<u8>>, CoreError> {
        self.shared.read("thumbnail", |core| {
            let id = id_of("photo", &photo_id)?;
            core.rendition(id, Class::Thumbnail)
                .map_err(CoreError::from)
        })
    }

    /// A picture for the screen, JPEG, 1280 px on its longer side; absent as for `thumbnail`. Show it blurred until tapped.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `StorageFailed`.
    pub fn preview(&self, photo_id: String) -> Result<Option<Vec<u8>>, CoreError> {
        self.shared.read("preview", |core| {
            let id = id_of("photo", &photo_id)?;
            core.rendition(id, Class::Preview).map_err(CoreError::from)
        })
    }
}

#[uniffi::export]
impl PhotoCapture {
    /// Takes the next chunk, at most 65,536 bytes, where it lies: in Kotlin a direct buffer, from its position to its limit.
    ///
    /// # Errors
    /// NOT SAVED: `Invalid` (too large; the capture goes on), `StorageFull` or `StorageFailed` (the capture is over), `Refused` (it was over).
    pub fn append(&self, chunk: &[u8]) -> Result<(), CoreError> {
        self.shared.read("append", |_| {
            // Out of its place meanwhile: after a panic in the middle of a chunk nothing may follow it.
            let mut capture = self.slot().take().ok_or_else(is_over)?;
            let appended = capture.append(chunk);
            if matches!(appended, Ok(()) | Err(CaptureError::ChunkTooLarge { .. })) {
                *self.slot() = Some(capture);
            }
            appended.map_err(CoreError::from)
        })
    }

    /// Ends the photo. When this returns, its sealed bytes and its entry are durable: now the app may say "saved" and forget its bytes.
    ///
    /// # Errors
    /// NOT SAVED: `MediaUnreadable` (no byte came), `IntegrityFailed`, `Locked`, `StorageFull`, `StorageFailed`, `Refused` (it was over).
    pub fn finish(&self, facts: CaptureFacts) -> Result<PhotoSaved, CoreError> {
        self.shared.importing("finish", |core| {
            let facts = facts.read()?;
            let capture = self.slot().take().ok_or_else(is_over)?;
            Ok(core.finish_photo(capture, facts)?)
        })
    }

    /// Gives the photo up, because the person discarded it before it was finished.
    pub fn abandon(&self) {
        if let Some(capture) = self.slot().take() {
            capture.abandon();
        }
    }
}

impl PhotoCapture {
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<core::PhotoCapture>> {
        self.capture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// A call that saves a photo: what follows it is done when the shutter rests.
    fn importing(
        &self,
        call: &str,
        act: impl FnOnce(&Core) -> Result<core::Saved, CoreError>,
    ) -> Result<PhotoSaved, CoreError> {
        let saved = self.write(call, act)?;
        self.worker.saved();
        Ok(saved.into())
    }
}

fn is_over() -> CoreError {
    CoreError::refused(
        "one_capture_one_photo",
        "this capture is over, or another thread uses it",
    )
}

fn unreadable(reason: &str) -> CoreError {
    let reason = reason.to_owned();
    CoreError::MediaUnreadable { reason }
}

/// The descriptor that the caller gave away. One that is not open is refused before it is owned: closing it later could close another file.
fn own_descriptor(descriptor: i32) -> Result<OwnedFd, CoreError> {
    let link = format!("/proc/self/fd/{descriptor}");
    let fallback = format!("/dev/fd/{descriptor}");
    let is_open = descriptor >= 0
        && [link, fallback]
            .iter()
            .any(|path| std::fs::symlink_metadata(path).is_ok());
    if !is_open {
        return Err(unreadable("the descriptor is closed"));
    }
    // SAFETY: it is open, and by contract the caller gave it away (`detachFd`, `dup`) and does not use it again.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// One file into the vault, for one import and for many.
pub(crate) fn import_path(
    core: &Core,
    path: &str,
    draft: core::CaptureDraft,
) -> Result<core::Saved, CoreError> {
    if path.contains('\0') {
        return Err(unreadable("its path holds a NUL character"));
    }
    Ok(core.import_photo(Path::new(path), draft)?)
}

fn photo_page(
    core: &Core,
    owner: SubjectId,
    page: &PageQuery,
    language: Language,
) -> Result<PhotoPage, CoreError> {
    let (after, limit) = page.read()?;
    let page = core.page(owner, Kind::Photo, (after.as_ref(), limit), CoreView::of)?;
    let photos = page
        .0
        .into_iter()
        .map(|view| photo_view(core, core.noted(view)?, language));
    Ok(PhotoPage {
        photos: photos.collect::<Result<_, _>>()?,
        next: page.1.map(|cursor| cursor.to_text()),
    })
}

fn photo_view(core: &Core, view: CoreView, language: Language) -> Result<PhotoView, CoreError> {
    let choice = |term: vocabulary::Term| Choice::of_term(term, language);
    let status = match view.sealed {
        Some(sealed) => core.photo_status(sealed)?,
        None => imena_core::field_store::PhotoStatus::Elsewhere,
    };
    let facts = view.facts.as_ref().map_or(&[][..], |facts| &facts.0).iter();
    let name_bytes = view
        .file_name
        .as_ref()
        .filter(|name| name.as_text().is_none());
    Ok(PhotoView {
        id: view.id.to_string(),
        status: status.into(),
        sha256: view.sha256,
        size_bytes: view.bytes,
        mime: view.mime,
        origin: choice(view.origin.term()),
        owner: view.owner.map(SubjectRef::from),
        shot: view.shot.map(|shot| choice(shot.term())),
        facts: facts.map(|next| fact(next, language)).collect(),
        captured_ms: view.captured_ms,
        file_name_bytes: name_bytes.map(|name| name.as_bytes().to_vec()),
        file_name: view.file_name.as_ref().map(FileName::shown),
        defects: view
            .defects
            .iter()
            .map(|defect| choice(defect.term()))
            .collect(),
        should_retake: view.should_retake,
        no_preview: view.no_preview.map(|reason| choice(reason.term())),
        preview_marks: view
            .preview_marks
            .iter()
            .map(|mark| choice(mark.term()))
            .collect(),
        marks: view.marks.into(),
    })
}

fn terms(defects: &[PhotoDefect]) -> Vec<Term> {
    defects.iter().map(|defect| defect.term().into()).collect()
}

fn fact(fact: &CoreFact, language: Language) -> PhotoFact {
    let Choice { code, label } = Choice::of(fact.spec.code, fact.spec.words, language);
    PhotoFact {
        code,
        label,
        shown: fact.shown(language.into()),
        is_absent: fact.said.is_err(),
    }
}

impl PhotoSource {
    pub(crate) fn term(self) -> vocabulary::PhotoOrigin {
        match self {
            Self::InAppCamera => vocabulary::PhotoOrigin::InAppCamera,
            Self::CameraCard => vocabulary::PhotoOrigin::ImportCameraCard,
            Self::ImportedFile => vocabulary::PhotoOrigin::ImportFile,
        }
    }
}

impl PhotoDraft {
    fn read(self) -> Result<core::CaptureDraft, CoreError> {
        let capture_id = SubjectId::parse(&self.capture_id);
        let capture_id =
            capture_id.ok_or_else(|| CoreError::invalid("capture_id", "is no UUID"))?;
        let owner = self.owner.as_ref().map(|owner| owner.read("owner"));
        Ok(core::CaptureDraft {
            capture_id: capture_id.0,
            owner: owner.transpose()?,
            shot: known_some("shot_code", self.shot_code.as_ref(), Shot::known)?,
            origin: self.origin.term(),
            file_name: match self.file_name_bytes {
                Some(bytes) => Some(FileName::from_bytes(bytes)),
                None => self.file_name.map(FileName::from_bytes),
            },
        })
    }
}

impl CaptureFacts {
    fn read(self) -> Result<core::CaptureFacts, CoreError> {
        let position = self.position.map(Position::read).transpose()?;
        Ok(core::CaptureFacts {
            expected_len: self.expected_bytes,
            position,
            captured_ms: self.captured_ms,
        })
    }
}

impl Position {
    fn read(self) -> Result<place::Position, CoreError> {
        let provider = match self.provider {
            PositionProvider::Gnss => place::PositionProvider::Gnss,
            PositionProvider::Network => place::PositionProvider::Network,
            PositionProvider::Fused => place::PositionProvider::Fused,
            PositionProvider::ExternalNmea => place::PositionProvider::ExternalNmea,
            PositionProvider::ManualMap => place::PositionProvider::ManualMap,
            PositionProvider::ManualTyped => place::PositionProvider::ManualTyped,
            PositionProvider::OffsetFromDatum => place::PositionProvider::OffsetFromDatum,
        };
        let position = place::Position::from_degrees(self.lat_deg, self.lon_deg, provider);
        let position = position.ok_or_else(|| CoreError::invalid("position", "is not on Earth"))?;
        Ok(place::Position {
            h_acc_mm: self.accuracy_mm,
            ..position
        })
    }
}

impl From<core::Saved> for PhotoSaved {
    fn from(saved: core::Saved) -> Self {
        let outcome = match saved.outcome {
            core::SavedOutcome::New => SavedOutcome::New,
            core::SavedOutcome::AlreadySaved => SavedOutcome::AlreadySaved,
            core::SavedOutcome::AdoptedRecovered => SavedOutcome::AdoptedRecovered,
        };
        Self {
            photo_id: saved.photo.to_string(),
            sha256: saved.sha256.to_hex(),
            size_bytes: saved.bytes,
            defects: terms(&saved.defects),
            outcome,
        }
    }
}
