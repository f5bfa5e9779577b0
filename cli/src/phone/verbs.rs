//! The verbs of a phone, and what each asks of the field store.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use imena_core::capture::{CaptureDraft, FileName, SavedOutcome};
use imena_core::field_store::FieldStore;
use imena_core::index::ROOT;
use imena_core::model::codes::PlaceCode;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::record::{
    GraveDraft, HintDraft, HintPart, MarkerDraft, OperatorDraft, RemainsDraft, SiteDraft,
};
use imena_core::vocabulary::{
    GraveKind, HintConfidence, HintPartRole, HintSource, Kind, MarkerKind, MarkerReading,
    MarkerStatus, OperatorRole, PhotoDefect, PhotoOrigin, RemainsKind, Shot, SiteType,
};
use serde_json::json;

use super::{PASSCODE, Phone, config, show, sync};
use crate::Done;
use crate::failure::{Failure, INPUT};
use crate::terminal::Terminal;

/// What a phone can be told.
#[derive(Debug, Subcommand)]
pub enum PhoneVerb {
    /// Belong to the organisation of a join code; asks for a new passcode.
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
        /// Who records.
        #[arg(long)]
        operator: Option<String>,
        /// What they do.
        #[arg(long, value_parser = term(OperatorRole::known, OperatorRole::ALL, OperatorRole::code), default_value = "rescuer")]
        role: OperatorRole,
        /// For whom.
        #[arg(long, default_value = "")]
        organisation: String,
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
    /// Capture photos: a file that exists already, or several.
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
        parts: Vec<HintPart>,
        /// Why it may be a name.
        #[arg(long)]
        reason: String,
        /// How sure the letters are.
        #[arg(long, value_parser = term(HintConfidence::known, HintConfidence::ALL, HintConfidence::code), default_value = "certain_reading")]
        confidence: HintConfidence,
    },
    /// List sites, or what hangs on a record.
    List {
        /// What to list.
        #[arg(value_enum, default_value_t = show::What::Sites)]
        what: show::What,
        /// Place code of a site, or code of a grave or of remains.
        #[arg(long)]
        of: Option<String>,
    },
    /// Show everything known of one record.
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
            let owner = of.map(|of| find(store, &of)).transpose()?;
            show::list(terminal, store, what, owner.map_or(ROOT, |owner| owner.id))
        }
        PhoneVerb::Show { of } => {
            let store = phone.unlocked(terminal)?;
            let found = find(store, &of)?;
            show::record(terminal, store, found)
        }
        PhoneVerb::Status => {
            if !phone.is_locked_by_hand && std::env::var_os(PASSCODE).is_some() {
                phone.unlocked(terminal)?;
            }
            show::status(terminal, &phone.store()?.status()?);
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
    let passcode = terminal.secret("New passcode", PASSCODE)?;
    let config = config(&phone.dir, true)?;
    let store = if lost_key {
        FieldStore::restart_after_lost_key(config, code, name, &passcode)?
    } else {
        FieldStore::join(config, code, name, &passcode)?
    };
    let device = store.device_id();
    phone.store = Some(store);
    let text = format!(
        "{name} belongs to the organisation; it may capture at once. Device {}.\nNext: start, then sync to ask the hub in.",
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
    organisation: String,
) -> Done {
    let store = phone.unlocked(terminal)?;
    let operator = match operator {
        None => None,
        Some(display_name) => {
            let known = store.list_operators()?;
            let same = known
                .into_iter()
                .find(|known| known.display_name == display_name && known.role == role);
            Some(match same {
                Some(known) => known.id,
                None => store.create_operator(&OperatorDraft {
                    display_name,
                    role,
                    organisation,
                })?,
            })
        }
    };
    store.start_work(operator)?;
    terminal.show(
        "Work started: this phone shows what it captures.",
        &json!({"started": true}),
    );
    Ok(())
}

fn record(terminal: &mut Terminal, store: &FieldStore, verb: PhoneVerb) -> Done {
    match verb {
        PhoneVerb::Site {
            place,
            name,
            site_type,
        } => {
            let place_code = place.to_uppercase();
            let id = store.create_site(&SiteDraft {
                place_code: place_code.clone(),
                name,
                site_type,
            })?;
            terminal.show(
                &format!("Site {place_code}"),
                &json!({"site": place_code, "id": id}),
            );
        }
        PhoneVerb::Grave { site, code, kind } => {
            let site = find(store, &site)?.id;
            let (id, code) = store.create_grave(&GraveDraft { site, code, kind })?;
            terminal.show(&format!("Grave {code}"), &json!({"grave": code, "id": id}));
        }
        PhoneVerb::Remains {
            site,
            grave,
            code,
            kind,
        } => {
            let site = find(store, &site)?.id;
            let grave = grave
                .map(|grave| find(store, &grave))
                .transpose()?
                .map(|found| found.id);
            let (id, code) = store.create_remains(&RemainsDraft {
                site,
                grave,
                code,
                kind,
            })?;
            terminal.show(
                &format!("Remains {code}"),
                &json!({"remains": code, "id": id}),
            );
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
            let site = find(store, &site)?.id;
            let graves = graves
                .iter()
                .map(|grave| find(store, grave).map(|found| found.id));
            let graves = graves.collect::<Result<Vec<_>, _>>()?;
            let draft = MarkerDraft {
                site,
                graves,
                kind,
                text_verbatim: text,
                number_text: number,
                status,
                reading,
            };
            let id = store.create_marker(&draft)?;
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
            let owner = find(store, &of)?;
            let draft = HintDraft {
                owner,
                source,
                text_verbatim: text,
                parts,
                reason,
                confidence,
                photos: Vec::new(),
            };
            let id = store.create_hint(&draft)?;
            terminal.show(
                "Possible name recorded (not established).",
                &json!({"hint": id}),
            );
        }
        PhoneVerb::Assign { photo, to, reason } => {
            let photo = SubjectId::parse(&photo).ok_or_else(|| unknown(&photo))?;
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
        | PhoneVerb::Verify => {}
    }
    Ok(())
}

fn capture(
    terminal: &mut Terminal,
    store: &FieldStore,
    photos: &[PathBuf],
    owner: Option<SubjectRef>,
    shot: Option<&Shot>,
) -> Done {
    let mut not_saved = 0_u64;
    for path in photos {
        let draft = CaptureDraft {
            capture_id: crate::environment().random()?,
            owner,
            shot: shot.cloned(),
            origin: PhotoOrigin::ImportFile,
            file_name: path.file_name().map(FileName::from_os),
        };
        match store.import_photo(path, draft) {
            Ok(saved) => {
                let mut text = format!("saved {} {} bytes", name_of(path), saved.bytes);
                for defect in &saved.defects {
                    text.push_str(&format!("\n  note: {}", defect.term().en));
                }
                if saved.defects.iter().any(PhotoDefect::calls_for_another) {
                    text.push_str("\n  What came is kept. Take it again if you still can.");
                }
                let value = json!({
                    "saved": name_of(path), "photo": saved.photo, "sealed": saved.sealed,
                    "sha256": saved.sha256.to_hex(), "bytes": saved.bytes,
                    "new": saved.outcome == SavedOutcome::New, "notes": saved.defects
                });
                terminal.show(&text, &value);
            }
            Err(error) => {
                not_saved = not_saved.saturating_add(1);
                terminal.say(&format!("{}: {error}", name_of(path)));
            }
        }
    }
    // Renditions and the run come after every shutter press was answered.
    store.work_off()?;
    if not_saved > 0 {
        let what = format!("{not_saved} of {} photos NOT SAVED", photos.len());
        return Err(Failure::new(
            INPUT,
            what,
            "See the lines above; take those photos again.",
        ));
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Finds a record by its code, place code or id; codes are read as people type them.
fn find(store: &FieldStore, typed: &str) -> Result<SubjectRef, Failure> {
    if let Some(id) = SubjectId::parse(typed) {
        let kind = store.get(id)?.kind;
        return Ok(SubjectRef { kind, id });
    }
    let sites = store.list_sites()?;
    if let Some(site) = sites
        .iter()
        .find(|site| site.place_code.eq_ignore_ascii_case(typed))
    {
        return Ok(SubjectRef {
            kind: Kind::Site,
            id: site.id,
        });
    }
    if typed.parse::<PlaceCode>().is_ok() {
        return Err(Failure::input(
            format!("no site with the place code {typed} is known here"),
            "`list sites` shows those that are; `sync` fetches those of others.",
        ));
    }
    // A label may be scanned before its creation was ever seen here: the code is the identity.
    let found = store.find_code(typed)?;
    if found.is_guessed && !found.is_known {
        let what = format!(
            "{typed} could be read as {}, which is not known here",
            found.code
        );
        return Err(Failure::input(
            what,
            "Type the code as it is printed, letter by letter.",
        ));
    }
    Ok(found.subject)
}

fn unknown(typed: &str) -> Failure {
    Failure::input(
        format!("nothing here is called {typed}"),
        "`list` shows what is known here.",
    )
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

fn part(typed: &str) -> Result<HintPart, String> {
    let (role, letters) = typed.split_once('=').ok_or("write it as role=letters")?;
    let role =
        HintPartRole::known(role).ok_or_else(|| format!("{role} is not a part of a name"))?;
    Ok(HintPart::from_marked(role, letters))
}
