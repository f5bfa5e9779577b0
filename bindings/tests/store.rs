//! The store as the generated code calls it: what only many threads, slow listeners and endings show.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use imena_ffi::{
    ChangeListener, ChangeNotice, CoreError, FieldStore, FieldValue, JobState, JoinDraft, KeyVault,
    Language, PageQuery, RecordDraft, RecordQuery, SecurityLevel, ShutDownOutcome,
    SoftwareKeyVault, StoreConfig, VaultError,
};
use imena_tests::phone::Phone;

/// No wait of these tests is longer; none of them is an assertion about speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A vault of a folder that counts and may be held up.
struct Vault {
    inner: Arc<SoftwareKeyVault>,
    held_up: Mutex<()>,
}

impl KeyVault for Vault {
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.inner.wrap_key(key)
    }

    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.inner.unwrap_key(wrapped)
    }

    fn device_spki(&self) -> Result<Vec<u8>, VaultError> {
        self.inner.device_spki()
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let _turn = self.held_up.lock().unwrap();
        self.inner.sign(message)
    }

    fn renew_device_key(&self) -> Result<(), VaultError> {
        self.inner.renew_device_key()
    }

    fn level(&self) -> Result<SecurityLevel, VaultError> {
        Ok(SecurityLevel::Software)
    }
}

struct App {
    _phone: Phone,
    config: StoreConfig,
    vault: Arc<Vault>,
    store: Arc<FieldStore>,
}

fn app() -> App {
    let phone = Phone::new();
    let dir = phone.vault().to_string_lossy().into_owned();
    let vault = Arc::new(Vault {
        inner: SoftwareKeyVault::at_folder(dir.clone()).unwrap(),
        held_up: Mutex::new(()),
    });
    let config = StoreConfig {
        dir,
        app_version: "test".to_owned(),
        utc_offset_min: 0,
    };
    let draft = JoinDraft {
        join_code: phone.join_code().to_owned(),
        device_name: "T01".to_owned(),
        passcode: "123456".to_owned(),
    };
    let store = FieldStore::join_organisation(config.clone(), vault.clone(), draft).unwrap();
    App {
        _phone: phone,
        config,
        vault,
        store,
    }
}

fn text(text: &str) -> FieldValue {
    let text = text.to_owned();
    FieldValue::Text { text }
}

fn draft(kind: &str, fields: &[(&str, FieldValue)]) -> RecordDraft {
    let said = |(code, value): &(&str, FieldValue)| ((*code).to_owned(), value.clone());
    RecordDraft {
        kind: kind.to_owned(),
        fields: fields.iter().map(said).collect(),
        links: Vec::new(),
        circumstances: None,
    }
}

fn site(name: &str) -> RecordDraft {
    draft(
        "site",
        &[("place_code", text("LYS1")), ("name", text(name))],
    )
}

fn sites(store: &FieldStore) -> usize {
    let query = RecordQuery {
        kind: "site".to_owned(),
        parent_id: None,
        fields: Vec::new(),
        language: Language::English,
    };
    let page = PageQuery {
        after: None,
        limit: 10,
    };
    store.list_records(query, page).unwrap().rows.len()
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_config_that_cannot_be_true_opens_nothing() {
    let app = app();
    app.store.shut_down().unwrap();
    let wrong = [
        StoreConfig {
            utc_offset_min: 1441,
            ..app.config.clone()
        },
        StoreConfig {
            app_version: "x".repeat(65),
            ..app.config.clone()
        },
        StoreConfig {
            dir: String::new(),
            ..app.config.clone()
        },
    ];
    for config in wrong {
        let opened = FieldStore::open_vault(config, app.vault.clone());
        assert!(matches!(opened.err(), Some(CoreError::Invalid { .. })));
    }
    FieldStore::open_vault(app.config, app.vault).unwrap();
}

/// Adds up what it is told, slowly.
#[derive(Default)]
struct Slow {
    notices: AtomicUsize,
    named: AtomicUsize,
    reloads: AtomicUsize,
    last_seq: AtomicU64,
}

impl ChangeListener for Slow {
    fn on_change(&self, notice: ChangeNotice) -> Result<(), CoreError> {
        std::thread::sleep(Duration::from_millis(200));
        let before = self.last_seq.swap(notice.seq, Ordering::SeqCst);
        assert!(before == 0 || notice.seq == before + 1);
        assert!(notice.subjects.len() <= 100);
        self.notices.fetch_add(1, Ordering::SeqCst);
        self.named
            .fetch_add(notice.subjects.len(), Ordering::SeqCst);
        self.reloads
            .fetch_add(usize::from(notice.must_reload), Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_slow_listener_keeps_nobody_waiting_and_misses_nothing() {
    let app = app();
    let subject = app.store.record(site("Forest edge")).unwrap().subject;
    let slow = Arc::new(Slow::default());
    let subscription = app.store.subscribe_changes(slow.clone()).unwrap();
    for _ in 0..300 {
        let subject = subject.clone();
        let grave = draft("grave", &[("site", FieldValue::Reference { subject })]);
        app.store.record(grave).unwrap();
    }
    until(|| slow.reloads.load(Ordering::SeqCst) > 0 || slow.named.load(Ordering::SeqCst) >= 300);
    let notices = slow.notices.load(Ordering::SeqCst);
    assert!(notices < 300, "{notices} notices: they are not added up");
    assert!(subscription.is_active());
    subscription.cancel();
    assert!(!subscription.is_active());
}

#[test]
fn a_dropped_subscription_ends() {
    let app = app();
    let slow = Arc::new(Slow::default());
    drop(app.store.subscribe_changes(slow.clone()).unwrap());
    app.store.record(site("Forest edge")).unwrap();
    app.store.shut_down().unwrap();
    assert_eq!(slow.notices.load(Ordering::SeqCst), 0);
    until(|| Arc::strong_count(&slow) == 1);
}

#[test]
fn no_app_has_more_than_a_hundred_subscriptions() {
    let app = app();
    let kept: Vec<_> = (0..100)
        .map(|_| {
            app.store
                .subscribe_changes(Arc::new(Slow::default()))
                .unwrap()
        })
        .collect();
    let one_more = app.store.subscribe_changes(Arc::new(Slow::default()));
    assert!(matches!(one_more.err(), Some(CoreError::Refused { .. })));
    drop(kept);
    app.store
        .subscribe_changes(Arc::new(Slow::default()))
        .unwrap();
}

/// Shuts the store down from within a notice.
struct Ending(Arc<FieldStore>, AtomicUsize);

impl ChangeListener for Ending {
    fn on_change(&self, _: ChangeNotice) -> Result<(), CoreError> {
        assert_eq!(self.0.shut_down().unwrap(), ShutDownOutcome::Closed);
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_listener_may_shut_the_store_down() {
    let app = app();
    let ending = Arc::new(Ending(app.store.clone(), AtomicUsize::new(0)));
    let _kept = app.store.subscribe_changes(ending.clone()).unwrap();
    app.store.record(site("Forest edge")).unwrap();
    until(|| ending.1.load(Ordering::SeqCst) == 1);
    let reopened = FieldStore::open_vault(app.config, app.vault).unwrap();
    reopened.shut_down().unwrap();
}

#[test]
fn a_call_that_does_not_return_does_not_hang_the_shut_down() {
    let app = app();
    app.store.record(site("Forest edge")).unwrap();
    let held_up = app.vault.held_up.lock().unwrap();
    let store = app.store.clone();
    let closing_out = std::thread::spawn(move || store.close_out());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(
        app.store.shut_down().unwrap(),
        ShutDownOutcome::CallsStillRunning
    );
    assert!(matches!(
        app.store.status().err(),
        Some(CoreError::ShutDown)
    ));
    assert!(matches!(
        app.store.prepare_for_suspend().err(),
        Some(CoreError::Refused { .. })
    ));
    drop(held_up);
    closing_out.join().unwrap().unwrap();
    assert_eq!(app.store.shut_down().unwrap(), ShutDownOutcome::Closed);
    FieldStore::open_vault(app.config, app.vault).unwrap();
}

#[test]
fn a_store_that_is_dropped_lets_go_of_the_vault() {
    let app = app();
    let job = app.store.start_verify().unwrap();
    assert_eq!(sites(&app.store), 0);
    drop(app.store);
    until(|| job.progress().state != JobState::Running);
    let (config, vault) = (app.config, app.vault);
    until(|| FieldStore::open_vault(config.clone(), vault.clone()).is_ok());
}

#[test]
fn two_suspensions_at_once_and_a_shut_down_leave_a_sound_vault() {
    let app = app();
    app.store.record(site("Forest edge")).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let store = app.store.clone();
            std::thread::spawn(move || {
                for _ in 0..5 {
                    if number % 2 == 0 {
                        // Another thread may be inside or at the same: that is said, and nothing else happens.
                        let _ = store.prepare_for_suspend();
                    } else {
                        let _ = store.resume();
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(app.store.shut_down().unwrap(), ShutDownOutcome::Closed);
    let reopened = FieldStore::open_vault(app.config, app.vault).unwrap();
    reopened.unlock("123456".to_owned()).unwrap();
    assert_eq!(sites(&reopened), 1);
}
