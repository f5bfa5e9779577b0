//! What the page shows, from the folded subjects of the journal. One module, so that the core's
//! index can take its place.
//!
//! Owns the snapshot that follows the journal row by row. Field numbers are those of
//! docs/design/formats.md §4 "Kinds".

use std::collections::BTreeMap;

use imena_core::encoding::{Hash32, Map, Value};
use imena_core::keys::Roster;
use imena_core::merge::{Folded, Standing, fold};
use imena_core::model::ids::{SealedName, SubjectId, SubjectRef};
use imena_core::store::Journal;
use imena_core::vocabulary::Kind;

use crate::error::HubError;
use crate::hub::Inner;

const ROWS_AT_ONCE: usize = 2000;

/// All subjects of the journal, folded; follows the journal.
#[derive(Default)]
pub(crate) struct Snapshot {
    last_row: i64,
    roster_version: u64,
    subjects: BTreeMap<SubjectId, Folded>,
}

/// A line of the list of sites.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SiteRow {
    pub id: String,
    pub name: String,
    pub place_code: String,
    pub graves: usize,
    pub remains: usize,
}

/// One site with everything on it.
#[derive(Debug)]
pub(crate) struct SiteView {
    pub name: String,
    pub place_code: String,
    pub things: Things,
    pub graves: Vec<GraveView>,
    /// Remains of this site that are in no known grave.
    pub remains: Vec<RemainsView>,
}

#[derive(Debug)]
pub(crate) struct GraveView {
    pub code: String,
    pub things: Things,
    pub remains: Vec<RemainsView>,
}

#[derive(Debug)]
pub(crate) struct RemainsView {
    pub code: String,
    pub things: Things,
}

/// What hangs on a noun.
#[derive(Debug, Default)]
pub(crate) struct Things {
    pub is_conflict: bool,
    pub is_created_twice: bool,
    /// Why it is no longer counted.
    pub ended: Option<String>,
    pub hints: Vec<HintView>,
    pub photos: Vec<PhotoView>,
}

/// A possible name, not established.
#[derive(Debug)]
pub(crate) struct HintView {
    pub text: String,
    pub confidence: String,
}

#[derive(Debug)]
pub(crate) struct PhotoView {
    pub label: String,
    pub sha256: String,
    /// Number of the hub's newest receipt for it.
    pub receipt: Option<u64>,
    /// The entry is known, the sealed original has not come.
    pub is_missing: bool,
}

impl Snapshot {
    /// Takes in what has come since; another roster may end chains, then everything is folded anew.
    pub fn follow(&mut self, journal: &Journal, roster: Option<&Roster>) -> Result<(), HubError> {
        let version = roster.map_or(0, |roster| roster.version);
        if version != self.roster_version {
            *self = Self {
                roster_version: version,
                ..Self::default()
            };
        }
        loop {
            let (subjects, last) = journal.subjects_after(self.last_row, ROWS_AT_ONCE)?;
            if last == self.last_row {
                return Ok(());
            }
            self.last_row = last;
            for subject in subjects {
                let entries = journal.entries_of_subject(subject)?;
                match fold(subject, &entries, roster) {
                    Some(folded) => self.subjects.insert(subject, folded),
                    None => self.subjects.remove(&subject),
                };
            }
        }
    }

    /// The sites, by place code and name.
    pub fn sites(&self) -> Vec<SiteRow> {
        let mut rows: Vec<SiteRow> = self
            .of_kind(Kind::Site)
            .map(|site| SiteRow {
                id: site.subject.to_string(),
                name: text(site, 2),
                place_code: text(site, 1),
                graves: self.on_site(Kind::Grave, site.subject).count(),
                remains: self.on_site(Kind::Remains, site.subject).count(),
            })
            .collect();
        rows.sort_by(|a, b| (&a.place_code, &a.name, &a.id).cmp(&(&b.place_code, &b.name, &b.id)));
        rows
    }

    /// One site.
    pub fn site(&self, id: SubjectId, inner: &Inner) -> Result<Option<SiteView>, HubError> {
        let Some(site) = self
            .subjects
            .get(&id)
            .filter(|site| site.kind == Kind::Site)
        else {
            return Ok(None);
        };
        let hanging = self.hanging();
        let (mut graves, mut remains) = (Vec::new(), Vec::new());
        let all: Vec<&Folded> = self.on_site(Kind::Remains, id).collect();
        let mut known = std::collections::BTreeSet::new();
        for grave in self.on_site(Kind::Grave, id) {
            known.insert(grave.subject);
            let inside = all
                .iter()
                .filter(|body| subject(body, 3) == Some(grave.subject));
            let inside = inside.map(|body| remains_view(body, &hanging, inner));
            let mut view = GraveView {
                code: text(grave, 1),
                things: things(grave, &hanging, inner)?,
                remains: inside.collect::<Result<_, _>>()?,
            };
            view.remains.sort_by(|a, b| a.code.cmp(&b.code));
            graves.push(view);
        }
        for body in all {
            if subject(body, 3).is_none_or(|grave| !known.contains(&grave)) {
                remains.push(remains_view(body, &hanging, inner)?);
            }
        }
        graves.sort_by(|a, b| a.code.cmp(&b.code));
        remains.sort_by(|a, b| a.code.cmp(&b.code));
        let things = things(site, &hanging, inner)?;
        let (name, place_code) = (text(site, 2), text(site, 1));
        Ok(Some(SiteView {
            name,
            place_code,
            things,
            graves,
            remains,
        }))
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Folded> {
        self.subjects
            .values()
            .filter(move |folded| folded.kind == kind)
    }

    fn on_site(&self, kind: Kind, site: SubjectId) -> impl Iterator<Item = &Folded> {
        self.of_kind(kind)
            .filter(move |folded| subject(folded, 2) == Some(site))
    }

    /// Hints and photos by what they hang on.
    fn hanging(&self) -> Hanging<'_> {
        let mut hanging: Hanging<'_> = BTreeMap::new();
        for folded in self.subjects.values() {
            let owner = match folded.kind {
                Kind::Photo => folded.value(8),
                Kind::PersonHint => folded.value(1),
                Kind::Site
                | Kind::Grave
                | Kind::Marker
                | Kind::Remains
                | Kind::Operator
                | Kind::Device
                | Kind::GraveMarker
                | Kind::DeviceStarted
                | Kind::ChainAdopted
                | Kind::SessionStarted
                | Kind::SessionClosed
                | Kind::RenditionsMade
                | Kind::KeyGrant
                | Kind::LocalCopyRemoved
                | Kind::RunRewritten
                | Kind::Unknown(_) => None,
            };
            if let Some(owner) = owner.and_then(SubjectRef::from_value) {
                hanging.entry(owner.id).or_default().push(folded);
            }
        }
        hanging
    }
}

type Hanging<'a> = BTreeMap<SubjectId, Vec<&'a Folded>>;

fn remains_view(
    body: &Folded,
    hanging: &Hanging<'_>,
    inner: &Inner,
) -> Result<RemainsView, HubError> {
    Ok(RemainsView {
        code: text(body, 1),
        things: things(body, hanging, inner)?,
    })
}

fn things(owner: &Folded, hanging: &Hanging<'_>, inner: &Inner) -> Result<Things, HubError> {
    let mut things = Things {
        is_conflict: !owner.conflicts().is_empty(),
        is_created_twice: owner.is_created_twice(),
        ended: ended(owner),
        ..Things::default()
    };
    for folded in hanging
        .get(&owner.subject)
        .map(Vec::as_slice)
        .unwrap_or_default()
    {
        if folded.standing != Standing::Stands {
            continue;
        }
        match folded.kind {
            Kind::Photo => things.photos.push(photo(folded, owner, inner)?),
            // Only photos and hints hang on something.
            _ => things.hints.push(hint(folded)),
        }
    }
    things.photos.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(things)
}

fn photo(folded: &Folded, owner: &Folded, inner: &Inner) -> Result<PhotoView, HubError> {
    let sealed = folded.value(1).and_then(SealedName::from_value);
    let stored = match sealed {
        Some(sealed) => inner.truth.file(sealed)?.is_some(),
        None => false,
    };
    let receipt = match sealed.filter(|_| stored) {
        Some(sealed) => inner
            .truth
            .latest_receipt(sealed.0)?
            .map(|(number, _)| number),
        None => None,
    };
    let sha256 = folded.value(3).and_then(Value::as_hash);
    Ok(PhotoView {
        label: [label(owner), text(folded, 9)].join(" / "),
        sha256: sha256.map(|hash: Hash32| hash.to_hex()).unwrap_or_default(),
        receipt,
        is_missing: !stored,
    })
}

/// A hint's own text; where it was recorded in parts, the parts with what is doubtful or cut shown
/// as such.
fn hint(folded: &Folded) -> HintView {
    let verbatim = text(folded, 3);
    let parts = folded
        .value(4)
        .and_then(Value::as_array)
        .unwrap_or_default();
    let parts: Vec<String> = parts.iter().filter_map(Value::as_map).map(part).collect();
    let text_shown = if verbatim.is_empty() {
        parts.join(" ")
    } else {
        verbatim
    };
    HintView {
        text: text_shown,
        confidence: text(folded, 6),
    }
}

fn part(map: &Map) -> String {
    let is_set = |key| map.get(key).and_then(Value::as_uint) == Some(1);
    let value = map.get(1).and_then(Value::as_text).unwrap_or_default();
    let left = if is_set(2) { "…" } else { "" };
    let right = if is_set(3) { "…" } else { "" };
    let doubt = if is_set(4) { "(?)" } else { "" };
    format!("{left}{value}{right}{doubt}")
}

fn ended(folded: &Folded) -> Option<String> {
    match &folded.standing {
        Standing::Stands => None,
        Standing::Withdrawn(reason) | Standing::Void(reason) => Some(reason.clone()),
    }
}

/// Code of a coded noun, place code of a site.
fn label(folded: &Folded) -> String {
    text(folded, 1)
}

fn text(folded: &Folded, field: u64) -> String {
    folded
        .value(field)
        .and_then(Value::as_text)
        .unwrap_or_default()
        .to_owned()
}

fn subject(folded: &Folded, field: u64) -> Option<SubjectId> {
    folded.value(field).and_then(SubjectId::from_value)
}
