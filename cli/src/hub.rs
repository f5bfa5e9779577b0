//! `imena hub`: runs the far end, and asks a running one to unlock, lock, sign a browser in, or say how it is.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use imena_hub::admin::Unlock;
use imena_hub::{Hub, HubConfig, HubError, Status};
use serde_json::json;
use tokio::net::TcpListener;

use crate::admin::Admin;
use crate::failure::{CREATE, Failure};
use crate::terminal::Terminal;
use crate::{Done, environment, org};

/// Arguments of `imena hub`.
#[derive(Debug, Args)]
pub struct HubArgs {
    /// Folder of the hub.
    #[arg(long, default_value = "hub", global = true)]
    dir: PathBuf,
    /// Folder of the organisation; only its public roster is read to run a hub that was set up.
    #[arg(long, default_value = "org", global = true)]
    org: PathBuf,
    /// Where phones connect.
    #[arg(long, default_value = "0.0.0.0:7443")]
    listen: SocketAddr,
    /// Where the page stands, on this machine only.
    #[arg(long, default_value = "127.0.0.1:7480")]
    page: SocketAddr,
    /// `host:port` that phones are told; default: this machine's address on its network.
    #[arg(long = "address")]
    addresses: Vec<String>,
    /// Name of the hub, for people.
    #[arg(long, default_value = "hub")]
    name: String,
    #[command(subcommand)]
    verb: Option<HubVerb>,
}

#[derive(Debug, Subcommand)]
enum HubVerb {
    /// Let the running hub open what it holds: asks for the organisation's passphrase.
    Unlock,
    /// Make the running hub forget the identity; it goes on storing and receipting.
    Lock,
    /// Print a link that signs one browser in to the page, once.
    SignIn,
    /// Say how the running hub is.
    Status,
    /// Print the join code and its QR.
    Join,
}

/// Runs `imena hub`.
pub fn run(terminal: &mut Terminal, args: HubArgs) -> Done {
    match &args.verb {
        None => serve(terminal, &args),
        Some(HubVerb::Unlock) => {
            let admin = Admin::connect(&args.dir)?;
            let identity = org::open_identity(terminal, &args.org)?;
            let unlock = Unlock::of(&identity);
            admin.post("/admin/unlock", unlock.encode().to_vec())?;
            let text = "The hub is unlocked: it opens, checks and shows what it holds.";
            terminal.show(text, &json!({"locked": false}));
            Ok(())
        }
        Some(HubVerb::Lock) => {
            Admin::connect(&args.dir)?.post("/admin/lock", Vec::new())?;
            let text = "The hub is locked: it stores and receipts, and shows nothing.";
            terminal.show(text, &json!({"locked": true}));
            Ok(())
        }
        Some(HubVerb::SignIn) => {
            let admin = Admin::connect(&args.dir)?;
            let path = imena_hub::admin::decode_sign_in(&admin.post("/admin/sign-in", Vec::new())?)
                .map_err(|error| Failure::disk(error.to_string()))?;
            let link = admin.page(&path);
            terminal.show(
                &format!("Open once, within ten minutes: {link}"),
                &json!({"link": link}),
            );
            Ok(())
        }
        Some(HubVerb::Status) => {
            let admin = Admin::connect(&args.dir)?;
            let status = Status::decode(&admin.get("/admin/status")?)
                .map_err(|error| Failure::disk(error.to_string()))?;
            let state = if status.is_locked {
                "locked"
            } else {
                "unlocked"
            };
            let text = format!(
                "Hub {}: {state}, roster {}, {} receipts, {} entries.",
                status.hub.0.short(),
                status.roster_version,
                status.hub_seq,
                status.entries
            );
            let value = json!({
                "hub": status.hub, "locked": status.is_locked, "roster": status.roster_version,
                "receipts": status.hub_seq, "entries": status.entries
            });
            terminal.show(&text, &value);
            Ok(())
        }
        Some(HubVerb::Join) => org::show_join(terminal, &org::current_roster(&args.org)?.roster),
    }
}

fn serve(terminal: &mut Terminal, args: &HubArgs) -> Done {
    write_log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let taken = |address: SocketAddr| {
            move |error: std::io::Error| {
                let what = format!("cannot listen on {address}: {error}");
                Failure::new(CREATE, what, "Use --listen or --page with another port.")
            }
        };
        let phones = TcpListener::bind(args.listen)
            .await
            .map_err(taken(args.listen))?;
        let page = TcpListener::bind(args.page)
            .await
            .map_err(taken(args.page))?;
        let bound = phones.local_addr()?;
        let hub = set_up(terminal, args, bound)?;
        let roster = hub
            .roster()
            .ok_or_else(|| Failure::disk("the hub has no roster"))?;
        org::show_join(terminal, &roster)?;
        let told = hub.line().addresses.join(", ");
        terminal.say(&format!("Phones: listens on {bound} (told {told})"));
        terminal.say(&format!(
            "Page: http://{} (imena hub sign-in --dir {} prints a link)",
            page.local_addr()?,
            args.dir.display()
        ));
        terminal.say(&format!(
            "Locked: it stores and receipts. To open and show: imena hub unlock --dir {} --org {}",
            args.dir.display(),
            args.org.display()
        ));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let wait = |mut stopped: tokio::sync::watch::Receiver<bool>| async move {
            // The sender lives until both servers have ended.
            let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
        };
        let ended = tokio::spawn(async move {
            interrupted().await;
            let _ = stop.send(true);
        });
        // Polled last: by then the hub has written down where its page is, and answers.
        let ready = async {
            terminal.say("Ready. Ctrl-C ends it; nothing receipted is lost by that.");
            Ok(())
        };
        let all = tokio::try_join!(
            biased;
            hub.serve(phones, wait(stopped.clone())),
            hub.serve_page(page, wait(stopped)),
            ready
        );
        ended.abort();
        all.map(drop).map_err(failed)
    })
}

/// What the hub notices and why a request failed goes to standard error; `RUST_LOG` says how much.
fn write_log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    // A log that is there already is as good.
    let _ = log.try_init();
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Opens the hub of a folder; what is missing (organisation, keys, its line in the roster) is made and told.
fn set_up(terminal: &mut Terminal, args: &HubArgs, bound: SocketAddr) -> Result<Hub, Failure> {
    if !org::exists(&args.org)? {
        terminal.say("No organisation here yet: making one.");
        org::init(terminal, &args.org)?;
    }
    let environment = environment();
    environment.files.create_dir_all(&args.dir)?;
    let addresses = match args.addresses.as_slice() {
        [] => vec![own_address(bound)],
        given => given.to_vec(),
    };
    let line = Hub::set_up(&environment, &args.dir, &args.name, &addresses).map_err(failed)?;
    let hub = Hub::open(HubConfig::new(&args.dir, environment)).map_err(failed)?;
    let roster = org::current_roster(&args.org)?;
    let id = line
        .id()
        .map_err(|error| Failure::disk(error.to_string()))?;
    let is_listed = roster.roster.hub(id).is_some_and(|known| *known == line);
    let roster = if is_listed {
        roster
    } else {
        terminal.say("Putting this hub into the roster.");
        org::add_hub(terminal, &args.org, line)?
    };
    if hub
        .roster()
        .is_none_or(|known| known.version < roster.roster.version)
    {
        hub.accept_roster(&roster.bytes).map_err(failed)?;
    }
    tell(terminal, &args.dir);
    Ok(hub)
}

fn tell(terminal: &mut Terminal, dir: &Path) {
    terminal.say(&format!("Hub in {}", dir.display()));
}

/// This machine's address on its network: the system is asked which one it would use, nothing is sent.
fn own_address(bound: SocketAddr) -> String {
    if !bound.ip().is_unspecified() {
        return bound.to_string();
    }
    let probe = UdpSocket::bind(("0.0.0.0", 0)).and_then(|socket| {
        // A documentation address: no packet leaves for it, `connect` only chooses a route.
        socket.connect(("192.0.2.1", 9))?;
        socket.local_addr()
    });
    let ip = probe.map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip());
    SocketAddr::new(ip, bound.port()).to_string()
}

fn failed(error: HubError) -> Failure {
    Failure::disk(format!("hub: {error}"))
}
