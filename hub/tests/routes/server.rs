//! Real connections: the certificate has the key that the hub's line pins, and strangers, however many
//! hold or open connections, keep no member and no operator out.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use imena_core::encoding::Hash32;
use imena_core::sync::wire::{ErrorCode, ErrorReply, Hello, SessionReply, TokenState};
use imena_hub::admin::SCHEME;
use imena_hub::{CONNECTIONS_MAX, MEMBER_CONNECTIONS_MAX, Patience, STRANGER_BYTES_MAX};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;

use crate::support::{Phone, Put, World};

/// Takes any certificate and keeps it: the test compares its key with the pin.
#[derive(Debug, Default)]
struct Keep(Mutex<Vec<u8>>);

impl ServerCertVerifier for Keep {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = certificate.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// Longer than anything here takes, shorter than any timeout of the hub.
const SOON: Duration = Duration::from_secs(10);

/// A hub that serves.
struct Served {
    address: SocketAddr,
    keep: Arc<Keep>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Served {
    async fn phones(world: &World) -> Self {
        let hub = world.hub().clone();
        Self::start(|listener, stopped| async move {
            let until = async { stopped.await.unwrap_or_default() };
            hub.serve(listener, until).await.unwrap();
        })
        .await
    }

    async fn page(world: &World) -> Self {
        let hub = world.hub().clone();
        Self::start(|listener, stopped| async move {
            let until = async { stopped.await.unwrap_or_default() };
            hub.serve_page(listener, until).await.unwrap();
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> F,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, stopped));
        let keep = Arc::default();
        Self {
            address,
            keep,
            stop,
            serving,
        }
    }

    async fn tls(&self) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.keep) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("imena.invalid").unwrap();
        connector.connect(name, stream).await.unwrap()
    }

    /// Connections that say nothing.
    async fn silent(&self, count: usize) -> Vec<TcpStream> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(TcpStream::connect(self.address).await.unwrap());
        }
        all
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        let ended = tokio::time::timeout(SOON, self.serving);
        ended.await.unwrap().unwrap();
    }
}

struct Asked<'a> {
    line: &'a str,
    token: &'a str,
    body: &'a [u8],
}

impl<'a> Asked<'a> {
    fn new(line: &'a str, token: &'a str, body: &'a [u8]) -> Self {
        Self { line, token, body }
    }
}

/// One exchange on a connection that is kept; status and body, or `None` if it was closed.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    asked: &Asked<'_>,
) -> Option<(u16, Vec<u8>)> {
    let head = format!(
        "{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
        asked.line,
        asked.token,
        asked.body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(asked.body).await.ok()?;
    answered(stream).await
}

async fn answered<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    let body_at = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = end {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..body_at]).to_lowercase();
    let after = |name: &str| head.split(name).nth(1)?.split_whitespace().next();
    let length: usize = after("content-length: ").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < body_at + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let status = after("http/1.1 ").unwrap().parse().unwrap();
    Some((status, bytes[body_at..body_at + length].to_vec()))
}

fn hello_line() -> String {
    format!("GET /v1/hello?n={}", Hash32([7; 32]))
}

/// Whether a connection is closed before [`SOON`] is over.
async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(SOON, stream.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_says_hello_over_tls_and_sees_the_pinned_key() {
    let world = World::new(&[]);
    let served = Served::phones(&world).await;
    let mut stream = served.tls().await;
    let line = hello_line();
    let (_, body) = ask(&mut stream, &Asked::new(&line, "", b"")).await.unwrap();
    Hello::open(&body, world.org_id(), world.hub().id(), &[7; 32]).unwrap();
    // The pinned key stands in the certificate as it is hashed: a P-256 SPKI is 91 bytes.
    let pin = world.hub().line().tls_pins[0];
    let certificate = served.keep.0.lock().unwrap().clone();
    assert!(certificate.windows(91).any(|spki| Hash32::of(spki) == pin));
    drop(stream);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_strangers_keep_no_member_out_and_push_none_off() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let served = Served::phones(&world).await;
    let token = world.token(&phone).await;
    let head = format!("HEAD /v1/files/{}", Put::whole(b"photo", 4).sealed);
    let asked = Asked::new(&head, &token, b"");
    let mut kept = served.tls().await;
    assert!(ask(&mut kept, &asked).await.is_some());

    let begun = Instant::now();
    let strangers = served.silent(1000).await;
    let mut fresh = served.tls().await;
    assert!(ask(&mut fresh, &asked).await.is_some(), "a new connection");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let more = served.silent(1000).await;
    for member in [&mut kept, &mut fresh] {
        assert!(ask(member, &asked).await.is_some(), "pushed off");
    }
    drop((strangers, more, kept, fresh));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_has_so_many_bytes_and_so_much_time_and_its_handshake_counts() {
    let mut world = World::new(&[]);
    world.patience.stranger = Duration::from_millis(500);
    world.reopen();
    let served = Served::phones(&world).await;
    let mut silent = served.silent(1).await;
    assert!(is_closed(&mut silent[0]).await, "no handshake");
    let mut slow = served.tls().await;
    assert!(is_closed(&mut slow).await, "no request");

    let mut greedy = served.tls().await;
    let (line, mut bytes) = (hello_line(), 0);
    while let Some((status, body)) = ask(&mut greedy, &Asked::new(&line, "", b"")).await {
        bytes += body.len() as u64;
        assert_eq!(status, 200);
        assert!(bytes < STRANGER_BYTES_MAX, "never ends");
    }
    assert!(bytes > 0);
    // A body of which no end is in sight is not waited for either.
    let mut endless = served.tls().await;
    let head = "POST /v1/sync HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n";
    endless.write_all(head.as_bytes()).await.unwrap();
    assert!(is_closed(&mut endless).await, "an endless body");
    drop((greedy, silent));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_token_of_a_member_opens_the_door_for_a_session_alone() {
    let (phone, stranger) = (Phone::new(), Phone::new());
    let mut world = World::new(&[&phone]);
    world.patience.stranger = Duration::from_millis(500);
    world.reopen();
    let [known, unknown] = [world.token(&phone).await, world.token(&stranger).await];
    world.reopen();
    let served = Served::phones(&world).await;
    for (token, days, stays) in [
        (&known, 80, true),
        (&unknown, 0, false),
        (&known, 11, false),
    ] {
        world.pass_time(days * 24 * 60 * 60 * 1000);
        let mut stream = served.tls().await;
        let refused = ask(&mut stream, &Asked::new("POST /v1/sync", token, b"")).await;
        let (status, body) = refused.unwrap();
        let code = ErrorReply::decode(&body).unwrap().code;
        assert_eq!((status, code), (401, ErrorCode::Token));
        assert!(is_closed(&mut stream).await, "good for a session alone");

        let mut stream = served.tls().await;
        let asked = Asked::new("POST /v1/session", token, b"no session");
        let (status, _) = ask(&mut stream, &asked).await.unwrap();
        assert_eq!(status, 400);
        tokio::time::sleep(world.patience.stranger * 2).await;
        assert_eq!(ask(&mut stream, &asked).await.is_some(), stays);
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_signed_by_a_member_makes_its_connection_one() {
    let (phone, stranger) = (Phone::new(), Phone::new());
    let mut world = World::new(&[&phone]);
    world.patience.stranger = Duration::from_millis(500);
    world.reopen();
    let served = Served::phones(&world).await;
    for (who, state) in [
        (&phone, TokenState::Member),
        (&stranger, TokenState::Unclaimed),
    ] {
        let asked = who.sign_session(&world.session_request(who).await);
        let mut stream = served.tls().await;
        let asked = Asked::new("POST /v1/session", "", &asked);
        let (_, body) = ask(&mut stream, &asked).await.unwrap();
        assert_eq!(SessionReply::decode(&body).unwrap().state, state);
        tokio::time::sleep(world.patience.stranger * 2).await;
        let line = hello_line();
        let again = ask(&mut stream, &Asked::new(&line, "", b"")).await;
        assert_eq!(again.is_some(), state == TokenState::Member);
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclaimed_upload_must_move_and_a_members_may_crawl() {
    let (phone, stranger) = (Phone::new(), Phone::new());
    let mut world = World::new(&[&phone]);
    world.patience = Patience {
        stranger: Duration::from_millis(500),
        unclaimed: Duration::from_secs(1),
    };
    world.reopen();
    let served = Served::phones(&world).await;
    for (who, piece, ends_well) in [
        (&phone, 10, true),
        (&stranger, 200, true),
        (&stranger, 10, false),
    ] {
        let token = world.token(who).await;
        let all = vec![piece as u8; piece * 25];
        let mut stream = served.tls().await;
        let head = format!(
            "PUT /v1/files/{} HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\n\
             Upload-Offset: 0\r\nUpload-Length: {1}\r\nContent-Length: {1}\r\n\r\n",
            Put::whole(&all, 4).sealed,
            all.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        for piece in all.chunks(piece) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if stream.write_all(piece).await.is_err() {
                break;
            }
        }
        let answer = answered(&mut stream).await.map(|(status, _)| status);
        assert_eq!(answer, ends_well.then_some(200), "{piece}");
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_does_not_take_all_places() {
    let (phone, other) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone, &other]);
    let served = Served::phones(&world).await;
    let [own, token] = [world.token(&phone).await, world.token(&other).await];
    let head = format!("HEAD /v1/files/{}", Put::whole(b"photo", 4).sealed);
    let mut first = served.tls().await;
    assert!(
        ask(&mut first, &Asked::new(&head, &own, b""))
            .await
            .is_some()
    );
    let mut more = Vec::new();
    for _ in 0..MEMBER_CONNECTIONS_MAX {
        let mut stream = served.tls().await;
        assert!(
            ask(&mut stream, &Asked::new(&head, &own, b""))
                .await
                .is_some()
        );
        more.push(stream);
    }
    assert!(is_closed(&mut first).await, "its oldest makes room");
    let mut stream = served.tls().await;
    assert!(
        ask(&mut stream, &Asked::new(&head, &token, b""))
            .await
            .is_some()
    );
    drop((more, stream));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_heard_while_strangers_hold_every_place_of_the_page() {
    let world = World::new(&[]);
    world.unlock();
    let served = Served::page(&world).await;
    let strangers = served.silent(CONNECTIONS_MAX * 2).await;
    let token = format!("{SCHEME} {}", *world.hub().admin_token());
    let begun = Instant::now();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let lock = Asked::new("POST /admin/lock", &token, b"");
    let answer = tokio::time::timeout(SOON, ask(&mut stream, &lock)).await;
    assert_eq!(answer.unwrap().unwrap().0, 200);
    assert!(world.hub().is_locked());
    assert!(begun.elapsed() < SOON);
    let more = served.silent(CONNECTIONS_MAX).await;
    assert!(ask(&mut stream, &lock).await.is_some(), "keeps its place");
    drop((strangers, more, stream));
    served.end().await;
}
