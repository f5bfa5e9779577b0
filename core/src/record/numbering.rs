//! The numbers of codes given out here: which comes next, and whose series a recorded one is of.
//!
//! Owns that a counter is moved by giving out alone. What others record, and what is typed from a
//! label, moves no counter: a typed `…-9999-…` would use up the codes of the phone whose issuer it
//! bears. A number that is in use when its turn comes is passed over. Invariant: no code is given
//! out twice, nor one that any entry here speaks of.

use super::RecordError;
use crate::keys::Roster;
use crate::model::codes::{Code, CodeError, EffectCode, GraveCode, Issuer, PlaceCode, RemainsCode};
use crate::model::ids::{DeviceId, OrgId, SubjectId};
use crate::nouns::CodeForm;
use crate::store::Pen;
use crate::vocabulary::Kind;

/// What the codes of a series begin with.
#[derive(Clone, Debug)]
pub enum Series {
    /// Graves of a site.
    Graves(PlaceCode),
    /// Remains of a site.
    Remains(PlaceCode),
    /// Effects of remains.
    Effects(RemainsCode),
}

impl Series {
    /// The series of a form of code, below the place code of a site or the code of remains.
    ///
    /// # Errors
    /// `Code` if `above` is none.
    pub fn below(form: CodeForm, above: &str) -> Result<Self, RecordError> {
        Ok(match form {
            CodeForm::Grave => Self::Graves(above.parse()?),
            CodeForm::Remains => Self::Remains(above.parse()?),
            CodeForm::Effect => match above.parse()? {
                Code::Remains(code) => Self::Effects(code),
                Code::Grave(_) | Code::Effect(_) | Code::Sample(_) => {
                    return Err(RecordError::NotFound { what: "remains" });
                }
            },
        })
    }

    /// Its name among the counters: one a kind, and for effects one a body.
    fn name(&self, kind: Kind) -> String {
        match self {
            Self::Graves(_) | Self::Remains(_) => kind.name().to_owned(),
            Self::Effects(remains) => {
                format!("{} {}", kind.name(), remains.canonical_without_check())
            }
        }
    }

    fn code(&self, issuer: &Issuer, number: u32) -> Result<Code, CodeError> {
        Ok(match self {
            Self::Graves(place) => GraveCode::new(place.clone(), issuer.clone(), number)?.into(),
            Self::Remains(place) => RemainsCode::new(place.clone(), issuer.clone(), number)?.into(),
            Self::Effects(remains) => {
                EffectCode::new(remains.clone(), issuer.clone(), number)?.into()
            }
        })
    }
}

/// Gives out the next code of an issuer that nothing here speaks of.
///
/// # Errors
/// `Code`: the series has come to its end; or the store's.
pub(super) fn give_out(
    pen: &mut Pen<'_, '_>,
    (org, kind): (OrgId, Kind),
    (series, issuer): (&Series, &Issuer),
) -> Result<(SubjectId, Code), RecordError> {
    // Ends at the latest with the series: above its greatest number there is no code.
    loop {
        let number = pen.next_number(issuer.as_str(), &series.name(kind))?;
        let code = series.code(issuer, number)?;
        let canonical = code.canonical_without_check();
        let subject = SubjectId::of_code(org, kind, &canonical);
        if !pen.knows(subject)? {
            return Ok((subject, code));
        }
    }
}

/// Whether a record that these devices made bears a number of a device's series that this device has not recorded.
///
/// So it is while the entry of that device has not come, and stays so if the label was misread or
/// made up: a person looks at the label. A printed roll is of no device.
#[must_use]
pub fn is_number_foreign(code: &str, makers: &[DeviceId], roster: Option<&Roster>) -> bool {
    let Ok(code) = code.parse::<Code>() else {
        return false;
    };
    let issuer = code.issuer();
    if issuer.is_provisional() {
        let is_own = makers
            .iter()
            .any(|device| Issuer::provisional(&device.0.0) == *issuer);
        return !is_own && !makers.is_empty();
    }
    let lines = roster.map(|roster| roster.issuers.as_slice());
    let line = lines
        .unwrap_or_default()
        .iter()
        .find(|line| line.issuer == *issuer);
    let owner = line.and_then(|line| line.device);
    owner.is_some_and(|owner| !makers.contains(&owner))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::encoding::Hash32;
    use crate::environment::Environment;
    use crate::keys::DatabaseKey;
    use crate::merge::{Counting, fold};
    use crate::model::codes::PlaceCode;
    use crate::nouns;
    use crate::nouns::grave::{self, Grave};
    use crate::nouns::remains::{self, Remains};
    use crate::record::{AnyDraft, Draft, Issuing, record};
    use crate::store::{Durability, Journal, OwnChain};

    const ORG: OrgId = OrgId(Hash32([5; 32]));
    const OWNER: DeviceId = DeviceId(Hash32([6; 32]));
    const OTHER: DeviceId = DeviceId(Hash32([7; 32]));
    const SITE: SubjectId = SubjectId([1; 16]);

    /// One journal, to which two devices write in turn: the second's entries are foreign.
    struct Desk(tempfile::TempDir);

    impl Desk {
        fn as_device<T>(&self, device: DeviceId, act: impl FnOnce(&OwnChain) -> T) -> T {
            let environment = Environment::system(0);
            let path = self.0.path().join("journal.db");
            let key = DatabaseKey::new([7; 32]);
            let journal = Journal::open(&environment, &path, &key, Durability::Disposable).unwrap();
            let chain = OwnChain::new(&environment, ORG, device, "test", journal);
            let done = act(&chain);
            chain.close().unwrap();
            done
        }

        fn remains(&self, device: DeviceId, typed: Option<&str>) -> Result<String, RecordError> {
            let draft = Draft::<Remains>::new().with(remains::SITE, SITE);
            let draft = draft.with_some(remains::CODE, typed.map(str::to_owned));
            self.record(device, &draft.any())
        }

        fn grave(&self, device: DeviceId, typed: Option<&str>) -> Result<String, RecordError> {
            let draft = Draft::<Grave>::new().with(grave::SITE, SITE);
            let draft = draft.with_some(grave::CODE, typed.map(str::to_owned));
            self.record(device, &draft.any())
        }

        fn record(&self, device: DeviceId, draft: &AnyDraft) -> Result<String, RecordError> {
            let environment = Environment::system(0);
            let issuing = || {
                let (_, form, _) = draft.noun().code_field().unwrap();
                let series = Series::below(form, "LYS1")?;
                let issuer = "T01".parse().unwrap();
                Ok(Issuing { series, issuer })
            };
            self.as_device(device, |chain| {
                let recorded = record(&environment, chain, draft, issuing)?;
                Ok(recorded.code.unwrap())
            })
        }

        fn makers(&self, code: &str) -> Vec<DeviceId> {
            let code: Code = code.parse().unwrap();
            let kind = nouns::noun_of_code(&code).unwrap().kind;
            let subject = SubjectId::of_code(ORG, kind, &code.canonical_without_check());
            self.as_device(OWNER, |chain| {
                let entries = chain.journal().entries_of_subject(subject).unwrap();
                let folded = fold(subject, &entries, &Counting::default()).unwrap();
                folded.creates.iter().map(|(_, device)| *device).collect()
            })
        }
    }

    fn place() -> PlaceCode {
        "LYS1".parse().unwrap()
    }

    fn desk() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn code(number: &str) -> String {
        let payload = format!("LYS1T01{number}");
        let check = crate::model::codes::check_characters(&payload).unwrap();
        format!("LYS1-T01-{number}-{check}")
    }

    #[test]
    fn a_label_typed_elsewhere_uses_up_no_code_of_its_issuer() {
        let desk = desk();
        assert_eq!(desk.remains(OWNER, None).unwrap(), code("0001"));
        desk.remains(OTHER, Some(&code("9999"))).unwrap();
        desk.grave(OTHER, Some(&code("G9999"))).unwrap();
        assert_eq!(desk.remains(OWNER, None).unwrap(), code("0002"));
        assert_eq!(desk.grave(OWNER, None).unwrap(), code("G001"));
    }

    #[test]
    fn a_label_that_the_owner_itself_types_moves_no_counter_either() {
        let desk = desk();
        desk.remains(OWNER, Some(&code("9999"))).unwrap();
        assert_eq!(desk.remains(OWNER, None).unwrap(), code("0001"));
    }

    #[test]
    fn a_number_in_use_is_passed_over_when_its_turn_comes() {
        let desk = desk();
        desk.remains(OTHER, Some(&code("0001"))).unwrap();
        desk.remains(OTHER, Some(&code("0002"))).unwrap();
        desk.remains(OTHER, Some(&code("0004"))).unwrap();
        let given: Vec<String> = (0..2).map(|_| desk.remains(OWNER, None).unwrap()).collect();
        assert_eq!(given, [code("0003"), code("0005")]);
    }

    #[test]
    fn a_number_of_a_device_that_only_others_recorded_is_flagged() {
        let desk = desk();
        desk.remains(OTHER, Some(&code("0009"))).unwrap();
        let own = desk.remains(OWNER, None).unwrap();
        let roster = roster();
        let is_foreign = |code: &str| is_number_foreign(code, &desk.makers(code), Some(&roster));
        assert!(is_foreign(&code("0009")));
        assert!(!is_foreign(&own));
        // Once the owner's own entry is there, both speak of one body.
        assert!(!is_number_foreign(&own, &[OTHER, OWNER], Some(&roster)));
        // A number of nobody's, or of a printed roll, is no one's to record first.
        assert!(!is_number_foreign(
            &code("0009"),
            &desk.makers(&code("0009")),
            None
        ));
    }

    #[test]
    fn a_provisional_number_names_its_device_without_a_roster() {
        let issuer = Issuer::provisional(&OWNER.0.0);
        let code = crate::model::codes::RemainsCode::new(place(), issuer, 1).unwrap();
        assert!(is_number_foreign(&code.to_string(), &[OTHER], None));
        assert!(!is_number_foreign(&code.to_string(), &[OWNER], None));
        // What has no maker yet is not held against anybody.
        assert!(!is_number_foreign(&code.to_string(), &[], None));
    }

    fn roster() -> Roster {
        let environment = Environment::system(0);
        let dir = tempfile::tempdir().unwrap();
        let cost = crate::keys::PassphraseCost::TEST;
        let (made, _) =
            crate::keys::Organisation::create(&environment, dir.path(), "beech", cost).unwrap();
        let mut roster = Roster::first(&made.signer, made.identity.recipient(), 0);
        roster.issuers.push(crate::keys::Granted {
            issuer: "T01".parse().unwrap(),
            device: Some(OWNER),
            name: "T01".to_owned(),
        });
        roster
    }
}
