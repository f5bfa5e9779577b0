//! `imena org`: makes the organisation, lets hubs and phones in. The only place that opens the signing key.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use imena_core::environment::{read_file, replace_file};
use imena_core::keys::{
    IDENTITY_FILE, JoinCode, OrgIdentity, OrgSigner, Organisation, PassphraseCost, Roster,
    RosterDevice, RosterHub, SIGNING_FILE, SignedRoster,
};
use imena_hub::admin::{Pending, decode_line, encode_dismiss};
use serde_json::json;

use crate::admin::Admin;
use crate::failure::{CREATE, Failure, INPUT, KEY, MISSING};
use crate::terminal::{Terminal, foreign};
use crate::{Done, environment, passphrase};

const ROSTER_FILE: &str = "roster.cose";
const ROSTER_BYTES_MAX: u64 = 256 * 1024;

/// Arguments of `imena org`.
#[derive(Debug, Args)]
pub struct OrgArgs {
    #[command(subcommand)]
    verb: OrgVerb,
}

#[derive(Debug, Subcommand)]
enum OrgVerb {
    /// Make an organisation: two key files that belong on a stick, and its first roster.
    ///
    /// Asks twice for a new passphrase (at least 20 characters, 10 of them different), or draws six
    /// words. Ends only after both files were opened with it.
    Init {
        /// Folder of the organisation.
        #[arg(long, default_value = "org")]
        org: PathBuf,
        /// Draw a passphrase of six words and print it once, for paper.
        #[arg(long)]
        six_words: bool,
    },
    /// Open both key files with the passphrase and say what they open: the drill of a safe.
    Check {
        /// Folder with the two key files; a roster beside them is compared with them.
        #[arg(long, default_value = "org")]
        org: PathBuf,
    },
    /// Put the hub that runs in a folder into the roster.
    AddHub {
        /// Folder of the organisation.
        #[arg(long, default_value = "org")]
        org: PathBuf,
        /// Folder of the running hub.
        #[arg(long, default_value = "hub")]
        dir: PathBuf,
    },
    /// Show the phones that ask to join with their six digits, and let them in.
    Approve {
        /// Folder of the organisation.
        #[arg(long, default_value = "org")]
        org: PathBuf,
        /// Folder of the running hub.
        #[arg(long, default_value = "hub")]
        dir: PathBuf,
        /// Let in the phone that shows these six digits, without asking; may be given several times.
        #[arg(long = "digits")]
        digits: Vec<String>,
        /// Forget the phone with these six digits, which nobody here knows; it may ask again.
        #[arg(long = "dismiss")]
        dismissed: Vec<String>,
        /// Team of the phones let in.
        #[arg(long, default_value = "")]
        team: String,
    },
    /// Print the join code and its QR.
    Join {
        /// Folder of the organisation.
        #[arg(long, default_value = "org")]
        org: PathBuf,
    },
}

/// Runs `imena org`.
pub fn run(terminal: &mut Terminal, args: OrgArgs) -> Done {
    match args.verb {
        OrgVerb::Init { org, six_words } => {
            init(terminal, &org, six_words)?;
            Ok(())
        }
        OrgVerb::Check { org } => check(terminal, &org),
        OrgVerb::AddHub { org, dir } => {
            let admin = Admin::connect(&dir)?;
            let line = decode_line(&admin.get("/admin/line")?)
                .map_err(|error| Failure::input(error.to_string(), "Start the hub again."))?;
            let roster = add_hub(terminal, &org, line)?;
            admin.post("/admin/roster", roster.bytes)?;
            terminal.show("The hub is in the roster.", &json!({"added": true}));
            Ok(())
        }
        OrgVerb::Approve {
            org,
            dir,
            digits,
            dismissed,
            team,
        } => {
            let chosen = Chosen { digits, dismissed };
            approve(terminal, &org, &dir, &chosen, &team)
        }
        OrgVerb::Join { org } => {
            let roster = current_roster(&org)?;
            show_join(terminal, &roster.roster)
        }
    }
}

/// Whether a folder holds an organisation.
pub fn exists(org: &Path) -> Result<bool, Failure> {
    Ok(environment().files.len(&org.join(ROSTER_FILE))?.is_some())
}

/// Makes the organisation and its first roster.
pub fn init(terminal: &mut Terminal, org: &Path, six_words: bool) -> Result<SignedRoster, Failure> {
    let environment = environment();
    if exists(org)? {
        return Err(exists_already(org));
    }
    let passphrase = passphrase::new(terminal, six_words)?;
    let made = Organisation::create(&environment, org, &passphrase, PassphraseCost::FIELD);
    let (made, paths) = made.map_err(|error| match error {
        imena_core::keys::KeyError::Io(error)
            if error.kind() == std::io::ErrorKind::AlreadyExists =>
        {
            exists_already(org)
        }
        other => other.into(),
    })?;
    let issued_ms = environment.clock.now().wall_ms;
    let roster = Roster::first(&made.signer, made.identity.recipient(), issued_ms);
    let signed = roster.sign(&made.signer).map_err(refused)?;
    replace_file(&environment, &org.join(ROSTER_FILE), &signed.bytes)?;
    // From the disk again and with what was typed: a file that does not open is found out now.
    let opened = OrgKeys::open(org, &passphrase)?;
    if opened.signer.org() != made.signer.org()
        || opened.identity.recipient() != made.identity.recipient()
    {
        return Err(Failure::disk(
            "the key files hold other keys than were written",
        ));
    }
    let [signing, identity] = &paths;
    let text = format!(
        "Organisation {} made; both key files were opened again with the passphrase.\n  {}: signs the roster. {}: opens every sealed file.\n  \
         Both belong on a stick that is kept apart, and on paper. Without them and the passphrase nothing can be read.",
        made.signer.org().0.short(),
        signing.display(),
        identity.display()
    );
    let files = [signing, identity];
    terminal.show(
        &text,
        &json!({"org": made.signer.org(), "key_files": files}),
    );
    Ok(signed)
}

/// Puts a hub's line into the roster, in place of an older line of the same hub.
pub fn add_hub(
    terminal: &mut Terminal,
    org: &Path,
    line: RosterHub,
) -> Result<SignedRoster, Failure> {
    sign_next(terminal, org, |roster| {
        roster.put_hub(line);
        Ok(())
    })
}

/// The identity that unlocks a hub.
pub fn open_identity(terminal: &mut Terminal, org: &Path) -> Result<OrgIdentity, Failure> {
    let passphrase = passphrase::known(terminal)?;
    let path = org.join(IDENTITY_FILE);
    Ok(OrgIdentity::open(&environment(), &path, &passphrase)?)
}

/// Both key files, opened.
struct OrgKeys {
    signer: OrgSigner,
    identity: OrgIdentity,
}

impl OrgKeys {
    fn open(org: &Path, passphrase: &str) -> Result<Self, Failure> {
        let environment = environment();
        let (signing, identity) = (org.join(SIGNING_FILE), org.join(IDENTITY_FILE));
        Ok(Self {
            signer: OrgSigner::open(&environment, &signing, passphrase)?,
            identity: OrgIdentity::open(&environment, &identity, passphrase)?,
        })
    }
}

/// Says what the two key files open, and whether they are those of the roster beside them.
fn check(terminal: &mut Terminal, org: &Path) -> Done {
    let passphrase = passphrase::known(terminal)?;
    let keys = OrgKeys::open(org, &passphrase)?;
    let (id, recipient) = (keys.signer.org(), keys.identity.recipient());
    let mut text = format!(
        "{SIGNING_FILE} opens: it signs the roster of organisation {}.\n\
         {IDENTITY_FILE} opens: it opens what is sealed to {recipient}.",
        id.0
    );
    let has_roster = exists(org)?;
    if has_roster {
        let roster = current_roster(org)?.roster;
        let is_recipient = roster
            .recipients
            .iter()
            .any(|line| line.recipient == recipient);
        if roster.org != id || !is_recipient {
            let what = "both key files open, and the roster beside them is of other keys";
            return Err(Failure::new(KEY, what, KEEP));
        }
        text.push_str(&format!(
            "\n{ROSTER_FILE}, version {}, is signed by the one and names the other.",
            roster.version
        ));
    } else {
        text.push_str(&format!("\nNo {ROSTER_FILE} here to compare them with."));
    }
    let value = json!({"org": id, "recipient": recipient, "roster_checked": has_roster});
    terminal.show(&text, &value);
    Ok(())
}

fn exists_already(org: &Path) -> Failure {
    let what = format!("there is an organisation in {} already", org.display());
    Failure::new(CREATE, what, "Use another folder, or go on with this one.")
}

/// The roster that was signed last.
pub fn current_roster(org: &Path) -> Result<SignedRoster, Failure> {
    let path = org.join(ROSTER_FILE);
    let bytes = read_file(&*environment().files, &path, ROSTER_BYTES_MAX)?;
    let bytes = bytes.ok_or_else(|| {
        let what = format!("no organisation in {}", org.display());
        Failure::new(MISSING, what, "Make one: imena org init --org DIR")
    })?;
    SignedRoster::open_first(&bytes).map_err(refused)
}

/// Prints a roster's join code as text and as a QR code.
pub fn show_join(terminal: &mut Terminal, roster: &Roster) -> Done {
    let code = JoinCode::of_roster(roster).and_then(|code| code.to_text());
    let code = code.map_err(|error| Failure::input(error.to_string(), KEEP))?;
    let qr = qrcode::QrCode::with_error_correction_level(&code, qrcode::EcLevel::L);
    let picture = qr.map(|qr| {
        qr.render::<qrcode::render::unicode::Dense1x2>()
            .quiet_zone(true)
            .build()
    });
    let text = format!("{}\nJoin code: {code}", picture.unwrap_or_default());
    terminal.show(&text, &json!({"join": code}));
    Ok(())
}

const KEEP: &str = "Keep the folder as it is; take the organisation's files from the stick.";

/// The phones that were named by their six digits.
struct Chosen {
    digits: Vec<String>,
    dismissed: Vec<String>,
}

fn approve(terminal: &mut Terminal, org: &Path, dir: &Path, named: &Chosen, team: &str) -> Done {
    let admin = Admin::connect(dir)?;
    let pending = Pending::decode_all(&admin.get("/admin/pending")?)
        .map_err(|error| Failure::input(error.to_string(), "Start the hub again."))?;
    let mut chosen: Vec<Pending> = Vec::new();
    let asks = named.digits.is_empty() && named.dismissed.is_empty();
    let mut dismissed = 0_usize;
    for phone in pending {
        terminal.say(&format!("Digits {}", foreign(&phone.digits)));
        terminal.say(&format!("  calls itself: {}", foreign(&phone.name)));
        let question = "Does its screen show the same six digits?";
        if named.dismissed.contains(&phone.digits) {
            admin.post("/admin/dismiss", encode_dismiss(phone.device))?;
            dismissed = dismissed.saturating_add(1);
        } else if named.digits.contains(&phone.digits) || (asks && terminal.confirm(question)) {
            chosen.push(phone);
        }
    }
    if chosen.is_empty() && dismissed > 0 {
        let text = "Forgotten. Nobody was let in; a phone that was forgotten may ask again.";
        terminal.show(text, &json!({"dismissed": dismissed}));
        return Ok(());
    }
    if chosen.is_empty() {
        let what = "nobody was let in";
        return Err(Failure::new(
            INPUT,
            what,
            "Compare the digits on both screens, then try again.",
        ));
    }
    let mut issuers = Vec::new();
    let roster = sign_next(terminal, org, |roster| {
        for phone in &chosen {
            let issuer = roster.admit(RosterDevice::new(phone.spki.clone(), &phone.name, team));
            issuers.push((phone.name.clone(), issuer.map_err(refused)?.to_string()));
        }
        Ok(())
    })?;
    admin.post("/admin/roster", roster.bytes)?;
    let lines = issuers
        .iter()
        .map(|(name, issuer)| format!("{} is in, issuer {issuer}", foreign(name)));
    let text = lines.collect::<Vec<_>>().join("\n");
    terminal.show(&text, &json!({"approved": issuers}));
    Ok(())
}

fn sign_next(
    terminal: &mut Terminal,
    org: &Path,
    change: impl FnOnce(&mut Roster) -> Result<(), Failure>,
) -> Result<SignedRoster, Failure> {
    let environment = environment();
    let before = current_roster(org)?;
    if !before.is_wholly_known() {
        let what = "a newer version of imena wrote this roster: parts of it are not known here";
        return Err(Failure::input(
            what.to_owned(),
            "Change it with that version.",
        ));
    }
    let passphrase = passphrase::known(terminal)?;
    let signer = OrgSigner::open(&environment, &org.join(SIGNING_FILE), &passphrase)?;
    let mut roster = before.next(environment.clock.now().wall_ms);
    change(&mut roster)?;
    let signed = roster.sign(&signer).map_err(refused)?;
    replace_file(&environment, &org.join(ROSTER_FILE), &signed.bytes)?;
    Ok(signed)
}

fn refused(error: imena_core::keys::RosterError) -> Failure {
    Failure::input(error.to_string(), KEEP)
}
