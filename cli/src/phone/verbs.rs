//! The verbs of a phone, and what each asks of the field store.

use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use imena_core::field_store::FieldStore;
use imena_core::model::ids::SubjectRef;
use imena_core::nouns::{NamePart, grave, marker, person_hint, remains, site};
use imena_core::record::Draft;
use imena_core::vocabulary::{
    GraveKind, HintConfidence, HintPartRole, HintSource, Kind, MarkerKind, MarkerReading,
    MarkerStatus, OperatorRole, RemainsKind, Shot, SiteType,
};
use serde_json::json;

use super::capture::capture;
use super::complete;
use super::find::{self, find};
use super::records::{self, RecordVerb};
use super::{PASSCODE, Phone, config, list, status, sync};
use crate::Done;
use crate::terminal::{Terminal, foreign};

/// What a phone can be told.
#[derive(Debug, Subcommand)]
pub enum PhoneVerb {
    /// Belong to the organisation of a join code; asks twice for a new passcode of at least six digits.
    Join {
        /// `IMENA1:…`
        code: String,
        /// Name of this phone, for people.
        #[arg(long)]
        name: String,
        /// The hardware key of the vault in this folder is lost: set its databases aside and offer every sealed file again.
        #[arg(long)]
        lost_key: bool,
    },
    /// Unlock with the passcode.
    Unlock,
    /// Lock: nothing readable stays in memory; sync goes on.
    Lock,
    /// Start work: from now on this phone can show what it captures.
    Start {
        /// Who records: a name, or the id of one that `list operators` shows.
        #[arg(long)]
        operator: Option<String>,
        /// What they do.
        #[arg(long, value_parser = term(OperatorRole::known, OperatorRole::ALL, OperatorRole::code), default_value = "rescuer")]
        role: OperatorRole,
        /// For whom; also tells apart two operators of one name.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Close work out: destroys the keys by which this phone shows pictures; facts stay.
    CloseOut,
    /// Record a site.
    Site {
        /// 2–5 letters or digits without O and I: first part of its codes.
        place: String,
        /// What people call it.
        name: String,
        /// What it is.
        #[arg(long = "type", value_parser = term(SiteType::known, SiteType::ALL, SiteType::code))]
        site_type: Option<SiteType>,
    },
    /// Record a grave; prints its code.
    Grave {
        /// Place code of the site.
        #[arg(long)]
        site: String,
        /// A code read from a label; default: the next one of this phone.
        #[arg(long)]
        code: Option<String>,
        /// What it looks like from outside.
        #[arg(long, value_parser = term(GraveKind::known, GraveKind::ALL, GraveKind::code))]
        kind: Option<GraveKind>,
    },
    /// Record what was written at a grave.
    Marker {
        /// Place code of the site.
        #[arg(long)]
        site: String,
        /// Codes of the graves it stands for.
        #[arg(long = "grave")]
        graves: Vec<String>,
        /// What it is.
        #[arg(long, value_parser = term(MarkerKind::known, MarkerKind::ALL, MarkerKind::code))]
        kind: MarkerKind,
        /// Letter by letter; `…` for a lost part, `[?]` for a doubtful letter.
        #[arg(long, default_value = "")]
        text: String,
        /// The number on it, as written.
        #[arg(long)]
        number: Option<String>,
        /// How it stands.
        #[arg(long, value_parser = term(MarkerStatus::known, MarkerStatus::ALL, MarkerStatus::code))]
        status: Option<MarkerStatus>,
        /// How it reads.
        #[arg(long, value_parser = term(MarkerReading::known, MarkerReading::ALL, MarkerReading::code))]
        reading: Option<MarkerReading>,
    },
    /// Record remains; prints their code.
    Remains {
        /// Place code of the site.
        #[arg(long)]
        site: String,
        /// Code of the grave.
        #[arg(long)]
        grave: Option<String>,
        /// A code read from a label; default: the next one of this phone.
        #[arg(long)]
        code: Option<String>,
        /// What the code stands for.
        #[arg(long, value_parser = term(RemainsKind::known, RemainsKind::ALL, RemainsKind::code))]
        kind: Option<RemainsKind>,
    },
    /// Capture photos: a file that exists already, or several. One that is refused stops no other; the end names both.
    Capture {
        /// The files.
        #[arg(required = true)]
        photos: Vec<PathBuf>,
        /// Code of what they show.
        #[arg(long)]
        of: Option<String>,
        /// Which shot of the list.
        #[arg(long, value_parser = term(Shot::known, Shot::ALL, Shot::code))]
        shot: Option<Shot>,
    },
    /// Give a photo to another record.
    Assign {
        /// Id of the photo (`list photos`).
        photo: String,
        /// Code of what it shows.
        #[arg(long)]
        to: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Record a possible name.
    Hint {
        /// Code of what it was found on or with.
        #[arg(long)]
        of: String,
        /// Where it was read or heard.
        #[arg(long, value_parser = term(HintSource::known, HintSource::ALL, HintSource::code))]
        source: HintSource,
        /// Letter by letter.
        #[arg(long)]
        text: String,
        /// `role=letters`, with `…` where letters are lost; may be given several times.
        #[arg(long = "part", value_parser = part)]
        parts: Vec<NamePart>,
        /// Why it may be a name.
        #[arg(long)]
        reason: String,
        /// How sure the letters are.
        #[arg(long, value_parser = term(HintConfidence::known, HintConfidence::ALL, HintConfidence::code), default_value = "certain_reading")]
        confidence: HintConfidence,
    },
    /// List sites, operators, or what hangs on a record; says what it lists, or what is missing.
    List {
        /// What to list: a kind of record, such as `graves`; `form` lists the kinds.
        #[arg(default_value = "sites", add = ArgValueCompleter::new(complete::kinds))]
        what: String,
        /// Place code of a site, or code of a grave or of remains.
        #[arg(long)]
        of: Option<String>,
    },
    /// Show everything known of one record. A place code that several sites bear is refused, with each of them named.
    Show {
        /// Code, place code or id.
        of: String,
    },
    /// Say how this phone is: what is safe, what waits.
    Status,
    /// Send what waits, take receipts, roster and entries of others.
    Sync {
        /// Somebody pays for bytes: originals wait.
        #[arg(long)]
        metered: bool,
        /// Seconds without any progress after which it ends and says so; everything stays queued.
        #[arg(long, default_value_t = 60)]
        patience: u64,
    },
    /// Free originals for which every condition is met; says what is missing for the others.
    Free,
    /// Check every page, file, chain and receipt.
    Verify,
    /// What can be done with any record, by the table of its noun.
    #[command(flatten)]
    Any(RecordVerb),
}

/// Carries out one verb.
pub fn run(terminal: &mut Terminal, phone: &mut Phone, verb: PhoneVerb) -> Done {
    match verb {
        PhoneVerb::Join {
            code,
            name,
            lost_key,
        } => join(terminal, phone, &code, &name, lost_key),
        PhoneVerb::Unlock => {
            phone.is_locked_by_hand = false;
            phone.unlocked(terminal)?;
            terminal.show("Unlocked.", &json!({"locked": false}));
            Ok(())
        }
        PhoneVerb::Lock => {
            phone.is_locked_by_hand = true;
            phone.store()?.lock()?;
            terminal.show("Locked. Sync goes on.", &json!({"locked": true}));
            Ok(())
        }
        PhoneVerb::Start {
            operator,
            role,
            organisation,
        } => start(terminal, phone, operator, role, organisation),
        PhoneVerb::CloseOut => {
            let keys = phone.unlocked(terminal)?.close_out()?;
            let text = format!(
                "Closed out: {keys} session keys destroyed. This phone shows facts, no pictures; the organisation can open everything."
            );
            terminal.show(&text, &json!({"destroyed": keys}));
            Ok(())
        }
        PhoneVerb::Capture { photos, of, shot } => {
            let store = phone.unlocked(terminal)?;
            let owner = of.map(|of| find(store, &of)).transpose()?;
            capture(terminal, store, &photos, owner, shot.as_ref())
        }
        PhoneVerb::List { what, of } => {
            let store = phone.unlocked(terminal)?;
            let owner = of.as_deref().map(|of| find(store, of)).transpose()?;
            let owner = of.as_deref().zip(owner.map(|owner| owner.id));
            list::list(terminal, store, list::noun_of(&what)?, owner)
        }
        PhoneVerb::Show { of } => {
            let store = phone.unlocked(terminal)?;
            let found = find(store, &of)?;
            list::show(terminal, store, found)
        }
        PhoneVerb::Status => {
            if !phone.is_locked_by_hand && std::env::var_os(PASSCODE).is_some() {
                phone.unlocked(terminal)?;
            }
            status::status(terminal, &phone.store()?.status()?);
            Ok(())
        }
        PhoneVerb::Sync { metered, patience } => {
            // A locked phone sends; it pulls when it is unlocked.
            if !phone.is_locked_by_hand && std::env::var_os(PASSCODE).is_some() {
                phone.unlocked(terminal)?;
            }
            sync::sync(terminal, phone.store()?, metered, patience)
        }
        PhoneVerb::Free => {
            let store = phone.unlocked(terminal)?;
            sync::free(terminal, store)
        }
        PhoneVerb::Verify => {
            let store = phone.unlocked(terminal)?;
            crate::verify::verify(terminal, store)
        }
        PhoneVerb::Any(verb) => {
            let store = phone.unlocked(terminal)?;
            records::run(terminal, store, verb)
        }
        verb @ (PhoneVerb::Site { .. }
        | PhoneVerb::Grave { .. }
        | PhoneVerb::Marker { .. }
        | PhoneVerb::Remains { .. }
        | PhoneVerb::Assign { .. }
        | PhoneVerb::Hint { .. }) => {
            let store = phone.unlocked(terminal)?;
            record(terminal, store, verb)
        }
    }
}

fn join(
    terminal: &mut Terminal,
    phone: &mut Phone,
    code: &str,
    name: &str,
    lost_key: bool,
) -> Done {
    phone.close()?;
    let what = "New passcode, at least six digits";
    let passcode = terminal.new_secret(what, PASSCODE)?;
    let config = config(&phone.dir, true)?;
    let store = if lost_key {
        FieldStore::restart_after_lost_key(config, code, name, &passcode)?
    } else {
        FieldStore::join(config, code, name, &passcode)?
    };
    let device = store.device_id();
    phone.store = Some(store);
    let text = format!(
        "{} belongs to the organisation; it may capture at once. Device {}.\nNext: start, then sync to ask the hub in.",
        foreign(name),
        device.0.short()
    );
    terminal.show(&text, &json!({"device": device}));
    Ok(())
}

fn start(
    terminal: &mut Terminal,
    phone: &mut Phone,
    operator: Option<String>,
    role: OperatorRole,
    organisation: Option<String>,
) -> Done {
    let store = phone.unlocked(terminal)?;
    let operator = match operator {
        None => None,
        Some(name) => Some(find::operator(store, name, role, organisation)?),
    };
    let id = operator.as_ref().map(|operator| operator.id);
    store.start_work(id)?;
    let who = operator.map_or(String::new(), |operator| format!(" as {}", operator.shown));
    let text = format!("Work started{who}: this phone shows what it captures.");
    terminal.show(&text, &json!({"started": true, "operator": id}));
    Ok(())
}

/// The short forms: `record` with the commonest fields as flags.
fn record(terminal: &mut Terminal, store: &FieldStore, verb: PhoneVerb) -> Done {
    match verb {
        PhoneVerb::Site {
            place,
            name,
            site_type,
        } => {
            let place = place.to_uppercase();
            find::no_site(store, &place)?;
            let draft = Draft::new()
                .with(site::PLACE_CODE, place.clone())
                .with(site::NAME, name)
                .with_some(site::TYPE, site_type);
            let id = store.record(&draft.any())?.subject.id;
            let text = format!("Site {}", foreign(&place));
            terminal.show(&text, &json!({"site": place, "id": id}));
        }
        PhoneVerb::Grave { site, code, kind } => {
            let draft = Draft::new()
                .with(grave::SITE, find::of_kind(store, &site, Kind::Site)?)
                .with_some(grave::CODE, code)
                .with_some(grave::KIND, kind);
            let made = store.record(&draft.any())?;
            let (id, code) = (made.subject.id, made.code.unwrap_or_default());
            terminal.show(&format!("Grave {code}"), &json!({"grave": code, "id": id}));
        }
        PhoneVerb::Remains {
            site,
            grave,
            code,
            kind,
        } => {
            let site = find::of_kind(store, &site, Kind::Site)?;
            let grave = grave.map(|grave| find::of_kind(store, &grave, Kind::Grave));
            let draft = Draft::new()
                .with(remains::SITE, site)
                .with_some(remains::GRAVE, grave.transpose()?)
                .with_some(remains::CODE, code)
                .with_some(remains::KIND, kind);
            let made = store.record(&draft.any())?;
            let (id, code) = (made.subject.id, made.code.unwrap_or_default());
            let value = json!({"remains": code, "id": id});
            terminal.show(&format!("Remains {code}"), &value);
        }
        PhoneVerb::Marker {
            site,
            graves,
            kind,
            text,
            number,
            status,
            reading,
        } => {
            let mut draft = Draft::new()
                .with(marker::SITE, find::of_kind(store, &site, Kind::Site)?)
                .with(marker::KIND, kind)
                .with(marker::TEXT, text)
                .with_some(marker::NUMBER, number)
                .with_some(marker::STATUS, status)
                .with_some(marker::READING, reading);
            for grave in &graves {
                let (kind, id) = (Kind::Grave, find::of_kind(store, grave, Kind::Grave)?);
                draft = draft.link(SubjectRef { kind, id });
            }
            let id = store.record(&draft.any())?.subject.id;
            terminal.show("Marker recorded.", &json!({"marker": id}));
        }
        PhoneVerb::Hint {
            of,
            source,
            text,
            parts,
            reason,
            confidence,
        } => {
            let draft = Draft::new()
                .with(person_hint::OWNER, find(store, &of)?)
                .with(person_hint::SOURCE, source)
                .with(person_hint::TEXT, text)
                .with(person_hint::PARTS, parts)
                .with(person_hint::REASON, reason)
                .with(person_hint::CONFIDENCE, confidence);
            let id = store.record(&draft.any())?.subject.id;
            let text = "Possible name recorded (not established).";
            terminal.show(text, &json!({"hint": id}));
        }
        PhoneVerb::Assign { photo, to, reason } => {
            let photo = find::of_kind(store, &photo, Kind::Photo)?;
            let owner = find(store, &to)?;
            store.assign_photo(photo, owner, None, reason)?;
            let text =
                "Photo moved; the picture itself and what it was taken under stay as they are.";
            terminal.show(text, &json!({"photo": photo}));
        }
        PhoneVerb::Join { .. }
        | PhoneVerb::Unlock
        | PhoneVerb::Lock
        | PhoneVerb::Start { .. }
        | PhoneVerb::CloseOut
        | PhoneVerb::Capture { .. }
        | PhoneVerb::List { .. }
        | PhoneVerb::Show { .. }
        | PhoneVerb::Status
        | PhoneVerb::Sync { .. }
        | PhoneVerb::Free
        | PhoneVerb::Any(_)
        | PhoneVerb::Verify => {}
    }
    Ok(())
}

fn term<T: Clone + Send + Sync + 'static>(
    known: fn(&str) -> Option<T>,
    all: &'static [T],
    code_of: fn(&T) -> &str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |code| {
        known(code).ok_or_else(|| {
            let codes: Vec<&str> = all.iter().map(code_of).collect();
            format!("one of: {}", codes.join(", "))
        })
    }
}

fn part(typed: &str) -> Result<NamePart, String> {
    let (role, letters) = typed.split_once('=').ok_or("write it as role=letters")?;
    let role =
        HintPartRole::known(role).ok_or_else(|| format!("{role} is not a part of a name"))?;
    Ok(NamePart::from_marked(role, letters))
}
