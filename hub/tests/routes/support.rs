//! An organisation with a hub and phones, small enough that each test makes its own.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use imena_core::encoding::{Hash32, PublicKey};
use imena_core::environment::{Clock, ClockReading, Environment, Steps};
use imena_core::journal::Receipt;
use imena_core::keys::{Organisation, PassphraseCost, Roster};
use imena_core::model::ids::{HubId, OrgId, SealedName};
use imena_core::seal::seal_bytes;
use imena_core::store::{Layout, VaultLock};
use imena_core::sync::wire::{
    ErrorCode, ErrorReply, Hello, PutReply, SessionReply, SessionRequest, SyncReply, SyncRequest,
};
use imena_hub::{FreeBytes, Hub, HubConfig, Patience};
use tower::ServiceExt as _;

pub use crate::phone::Phone;

/// The machine's clock, shifted by a test.
struct ShiftedClock {
    system: Environment,
    shift_ms: Arc<AtomicI64>,
}

impl Clock for ShiftedClock {
    fn now(&self) -> ClockReading {
        let mut now = self.system.clock.now();
        let shift_ms = self.shift_ms.load(Ordering::SeqCst);
        now.wall_ms += shift_ms;
        now.mono_ns += u64::try_from(shift_ms).unwrap() * 1_000_000;
        now
    }
}

/// Panics when an armed step begins: the nearest thing to a killed process.
#[derive(Default)]
pub struct KillAt(pub Mutex<Option<&'static str>>);

impl Steps for KillAt {
    fn reached(&self, name: &'static str) {
        let armed = *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        assert!(armed != Some(name), "killed at {name}");
    }
}

pub struct World {
    pub dir: tempfile::TempDir,
    pub org: Organisation,
    pub roster: Roster,
    pub hub: Option<Hub>,
    pub environment: Environment,
    pub shift_ms: Arc<AtomicI64>,
    pub free: Arc<AtomicU64>,
    pub kill_at: Arc<KillAt>,
    pub quota: u64,
    pub patience: Patience,
}

pub const FLOOR: u64 = 1_000_000;

impl World {
    /// An organisation whose roster names a hub and these phones.
    pub fn new(members: &[&Phone]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shift_ms = Arc::new(AtomicI64::new(0));
        let kill_at = Arc::new(KillAt::default());
        let mut environment = Environment::system(0);
        let (system, shift) = (Environment::system(0), Arc::clone(&shift_ms));
        environment.clock = Arc::new(ShiftedClock {
            system,
            shift_ms: shift,
        });
        environment.steps = Arc::clone(&kill_at) as Arc<dyn Steps>;
        let (org, _) = Organisation::create(
            &environment,
            &dir.path().join("org"),
            "beech",
            PassphraseCost::TEST,
        )
        .unwrap();
        let hub_dir = dir.path().join("hub");
        let line = Hub::set_up(&environment, &hub_dir, "hub", &["127.0.0.1:1".to_owned()]).unwrap();
        let mut roster = Roster::first(&org.signer, org.identity.recipient(), 0);
        roster.put_hub(line);
        for phone in members {
            roster.devices.push(phone.line());
        }
        let free = Arc::new(AtomicU64::new(u64::MAX));
        let quota = 1_000_000;
        let hub = None;
        let mut world = Self {
            dir,
            org,
            roster,
            hub,
            environment,
            shift_ms,
            free,
            kill_at,
            quota,
            patience: Patience::default(),
        };
        world.open();
        world.sign_roster();
        world
    }

    pub fn open(&mut self) {
        for _ in 0..200 {
            let mut config = HubConfig::new(&self.dir.path().join("hub"), self.environment.clone());
            config.floor_bytes = FLOOR;
            config.unclaimed_quota_bytes = self.quota;
            config.patience = self.patience;
            let free = Arc::clone(&self.free);
            let measure: FreeBytes = Arc::new(move |_| Ok(free.load(Ordering::SeqCst)));
            config.free_bytes = Some(measure);
            match Hub::open(config) {
                Ok(hub) => {
                    self.hub = Some(hub);
                    return;
                }
                // A thread of the hub that was dropped is still letting go of the folder.
                Err(error) if error.to_string().contains("open already") => {
                    std::thread::sleep(Duration::from_millis(25));
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the hub's folder stays locked");
    }

    pub fn reopen(&mut self) {
        self.hub = None;
        self.open();
    }

    /// Lets go of the hub and waits until nothing of it works in the folder any more.
    pub fn close(&mut self) {
        self.hub = None;
        let layout = Layout::new(&self.dir.path().join("hub"));
        for _ in 0..200 {
            match VaultLock::take(&layout) {
                Ok(_) => return,
                Err(_) => std::thread::sleep(Duration::from_millis(25)),
            }
        }
        panic!("the hub's folder stays locked");
    }

    pub fn hub(&self) -> &Hub {
        self.hub.as_ref().unwrap()
    }

    pub fn org_id(&self) -> OrgId {
        self.org.signer.org()
    }

    pub fn hub_key(&self) -> PublicKey {
        PublicKey::from_spki(&self.hub().line().spki).unwrap()
    }

    pub fn sign_roster(&mut self) {
        let signed = self.roster.clone().sign(&self.org.signer).unwrap();
        self.hub().accept_roster(&signed.bytes).unwrap();
    }

    pub fn change_roster(&mut self, change: impl FnOnce(&mut Roster)) {
        let signed = self.roster.clone().sign(&self.org.signer).unwrap();
        self.roster = signed.next(0);
        change(&mut self.roster);
        self.sign_roster();
    }

    pub fn unlock(&self) {
        self.hub().unlock(&self.org.identity).unwrap();
        self.hub().settle();
    }

    pub fn phones(&self) -> Router {
        self.hub().phone_router()
    }

    pub fn pass_time(&self, ms: i64) {
        self.shift_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub async fn hello(&self) -> Hello {
        let path = format!("/v1/hello?n={}", Hash32([7; 32]));
        let reply = call(self.phones(), Method::GET, &path, &[], Vec::new()).await;
        assert_eq!(reply.status, StatusCode::OK);
        Hello::open(&reply.body, self.org_id(), self.hub().id(), &[7; 32]).unwrap()
    }

    pub async fn session_request(&self, phone: &Phone) -> SessionRequest {
        SessionRequest {
            org: self.org_id(),
            hub: self.hub().id(),
            pin_seen: self.hub().line().tls_pins[0],
            hub_nonce: self.hello().await.hub_nonce,
            own_head: None,
            last_receipt: None,
            device_spki: phone.key.spki().to_vec(),
        }
    }

    pub async fn post(&self, path: &str, body: Vec<u8>) -> Reply {
        call(self.phones(), Method::POST, path, &[], body).await
    }

    pub async fn open_session(&self, phone: &Phone, last: Option<Vec<u8>>) -> SessionReply {
        let mut asked = self.session_request(phone).await;
        asked.last_receipt = last;
        let reply = self.post("/v1/session", phone.sign_session(&asked)).await;
        assert_eq!(
            reply.status,
            StatusCode::OK,
            "{:?}",
            ErrorReply::decode(&reply.body)
        );
        SessionReply::decode(&reply.body).unwrap()
    }

    /// Says hello, opens a session and gives the token.
    pub async fn token(&self, phone: &Phone) -> String {
        let session = self.open_session(phone, None).await;
        format!("Imena {}", Hash32(session.token))
    }

    pub async fn try_put(&self, token: &str, put: &Put<'_>) -> Reply {
        let path = format!("/v1/files/{}", put.sealed);
        let (offset, length) = (put.offset.to_string(), put.length.to_string());
        let class = put.class.to_string();
        let headers = [
            ("authorization", token),
            ("upload-offset", &offset),
            ("upload-length", &length),
            ("upload-class", &class),
        ];
        call(
            self.phones(),
            Method::PUT,
            &path,
            &headers,
            put.bytes.to_vec(),
        )
        .await
    }

    pub async fn put(&self, token: &str, put: &Put<'_>) -> PutReply {
        let reply = self.try_put(token, put).await;
        assert_eq!(
            reply.status,
            StatusCode::OK,
            "{:?}",
            ErrorReply::decode(&reply.body)
        );
        PutReply::decode(&reply.body).unwrap()
    }

    pub async fn put_whole(&self, token: &str, bytes: &[u8], class: u64) -> PutReply {
        self.put(token, &Put::whole(bytes, class)).await
    }

    pub async fn sync(&self, token: &str, asked: &SyncRequest) -> SyncReply {
        let headers = [("authorization", token)];
        let reply = call(
            self.phones(),
            Method::POST,
            "/v1/sync",
            &headers,
            asked.encode(),
        )
        .await;
        assert_eq!(
            reply.status,
            StatusCode::OK,
            "{:?}",
            ErrorReply::decode(&reply.body)
        );
        SyncReply::decode(&reply.body).unwrap()
    }

    pub fn receipt(&self, bytes: &[u8]) -> Receipt {
        Receipt::open(bytes, &self.hub_key(), self.org_id()).unwrap()
    }

    pub fn seal(&self, plain: &[u8]) -> (SealedName, Vec<u8>) {
        seal_bytes(&[self.org.identity.recipient()], plain).unwrap()
    }

    pub fn audit(&self) -> Vec<String> {
        self.hub()
            .audit_lines(100)
            .unwrap()
            .into_iter()
            .map(|line| line.what)
            .collect()
    }
}

pub struct Put<'a> {
    pub sealed: SealedName,
    pub offset: u64,
    pub length: u64,
    pub class: u64,
    pub bytes: &'a [u8],
}

impl<'a> Put<'a> {
    pub fn whole(bytes: &'a [u8], class: u64) -> Self {
        let sealed = SealedName(Hash32::of(bytes));
        Self {
            sealed,
            offset: 0,
            length: bytes.len() as u64,
            class,
            bytes,
        }
    }

    /// Bytes `from..to` of the whole.
    pub fn part(whole: &'a [u8], from: usize, to: usize) -> Self {
        Self {
            offset: from as u64,
            bytes: &whole[from..to],
            ..Self::whole(whole, 4)
        }
    }
}

pub fn empty_sync() -> SyncRequest {
    SyncRequest {
        own_head: None,
        offers: vec![],
        inline_runs: vec![],
        cursor: None,
        last: None,
        hold_check: None,
        budget_bytes: 1_000_000,
        roster_version: 0,
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn code(&self) -> ErrorCode {
        let reply = ErrorReply::decode(&self.body).unwrap();
        assert_eq!(reply.code.status(), self.status.as_u16());
        assert_eq!(self.headers["content-type"], "application/cbor");
        reply.code
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

pub async fn call(
    router: Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap()
        .to_vec();
    Reply {
        status,
        headers,
        body,
    }
}

pub fn other_hub() -> HubId {
    HubId(Hash32([9; 32]))
}

impl World {
    /// Sends one inline run, whatever its bytes.
    pub async fn post_inline(&self, token: &str, run: Vec<u8>) -> Reply {
        let asked = SyncRequest {
            inline_runs: vec![run],
            ..empty_sync()
        };
        let headers = [("authorization", token)];
        call(
            self.phones(),
            Method::POST,
            "/v1/sync",
            &headers,
            asked.encode(),
        )
        .await
    }
}
