//! Performs the core's transfer jobs over HTTP with a pinned server key, several at a time. Judges nothing: the core does.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use imena_core::encoding::Hash32;
use imena_core::sync::{JobBody, LinkFailure, Method, TransferJob, TransferOutcome};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use tokio::task::JoinSet;

use crate::failure::Failure;

/// A hub that does not even accept a connection for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// No byte for this long: the link is dead. There is no limit on the whole of a transfer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client for jobs; connections to one hub are kept.
pub struct Performer {
    runtime: tokio::runtime::Runtime,
    clients: BTreeMap<Vec<Hash32>, (reqwest::Client, Arc<PinVerifier>)>,
    under_way: JoinSet<Finished>,
}

/// The number of a job, and what became of it.
pub type Finished = (u64, TransferOutcome);

impl std::fmt::Debug for Performer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Performer")
    }
}

impl Performer {
    /// A client without any trusted authority: only pins count.
    pub fn new() -> Result<Self, Failure> {
        // One thread beside the one that plans: bytes move while the core writes receipts down.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            clients: BTreeMap::new(),
            under_way: JoinSet::new(),
        })
    }

    /// Begins an exchange.
    pub fn begin(&mut self, job: &TransferJob) -> Result<(), Failure> {
        let body = read_body(&job.body)?;
        let (client, verifier) = self.client(&job.target.pins)?;
        verifier.forget();
        let url = format!("https://{}{}", job.target.address, job.path);
        let method = match job.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut request = client.request(method, url).body(body);
        for (name, value) in &job.headers {
            request = request.header(*name, value);
        }
        let (number, limit) = (job.number, job.reply_bytes_max);
        let exchange = async move { (number, outcome(request, limit, &verifier).await) };
        self.under_way.spawn_on(exchange, self.runtime.handle());
        Ok(())
    }

    /// Waits until an exchange has ended, and gives all that have ended by then.
    pub fn finished(&mut self) -> Vec<Finished> {
        let first = self.runtime.block_on(self.under_way.join_next());
        let others = std::iter::from_fn(|| self.under_way.try_join_next());
        // A task that panicked has no outcome; the session goes on without it.
        first.into_iter().chain(others).flatten().collect()
    }

    fn client(&mut self, pins: &[Hash32]) -> Result<(reqwest::Client, Arc<PinVerifier>), Failure> {
        if let Some(found) = self.clients.get(pins) {
            return Ok(found.clone());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(PinVerifier::new(pins, provider.clone()));
        let broken = |error: &dyn std::fmt::Display| Failure::disk(format!("TLS client: {error}"));
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .no_proxy()
            .http1_only()
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| broken(&error))?;
        self.clients
            .insert(pins.to_vec(), (client.clone(), verifier.clone()));
        Ok((client, verifier))
    }
}

async fn outcome(
    request: reqwest::RequestBuilder,
    limit: usize,
    verifier: &PinVerifier,
) -> TransferOutcome {
    let failure = match exchange(request, limit).await {
        Ok((status, content_type, body)) => {
            return TransferOutcome::Reply {
                status,
                content_type,
                body,
                pin_seen: verifier.last_pin(),
            };
        }
        Err(error) if verifier.has_rejected() || speaks_no_tls(&error) => LinkFailure::WrongPin,
        Err(error) if error.is_timeout() => LinkFailure::TimedOut,
        Err(error) if error.is_connect() => LinkFailure::Unreachable,
        Err(_) => LinkFailure::Cut,
    };
    TransferOutcome::Failed { failure }
}

/// Whether somebody answered the greeting with something that is not TLS, as the login page of a network does.
fn speaks_no_tls(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(Error::InvalidMessage(_)) = error.downcast_ref() {
            return true;
        }
        // An I/O error hides what it wraps from `source`.
        cause = match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    false
}

async fn exchange(
    request: reqwest::RequestBuilder,
    limit: usize,
) -> Result<(u16, String, Vec<u8>), reqwest::Error> {
    let mut reply = request.send().await?;
    let status = reply.status().as_u16();
    let content_type = reply.headers().get("content-type");
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let content_type = content_type.to_owned();
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        if body.len().saturating_add(chunk.len()) > limit {
            // Longer than any reply of a hub: what came is not one, and the judge will say so.
            return Ok((status, String::new(), Vec::new()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, content_type, body))
}

fn read_body(body: &JobBody) -> Result<Vec<u8>, Failure> {
    match body {
        JobBody::Empty => Ok(Vec::new()),
        JobBody::Inline(bytes) => Ok(bytes.clone()),
        JobBody::Slice { path, offset, len } => {
            let mut file = std::fs::File::open(path)?;
            file.seek(SeekFrom::Start(*offset))?;
            let mut bytes = Vec::new();
            file.take(*len).read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}

/// Believes a server by the key it shows, never by names or dates.
#[derive(Debug)]
struct PinVerifier {
    pins: Vec<Hash32>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The pin of the connection in use; connections are kept, so it outlives one exchange.
    accepted: Option<Hash32>,
    has_rejected: bool,
}

impl PinVerifier {
    fn new(pins: &[Hash32], provider: Arc<CryptoProvider>) -> Self {
        Self {
            pins: pins.to_vec(),
            provider,
            seen: Mutex::default(),
        }
    }

    fn with_seen<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget(&self) {
        self.with_seen(|seen| seen.has_rejected = false);
    }

    fn has_rejected(&self) -> bool {
        self.with_seen(|seen| seen.has_rejected)
    }

    fn last_pin(&self) -> Hash32 {
        self.with_seen(|seen| seen.accepted.unwrap_or(Hash32::ZERO))
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let pin = Hash32::of(&certificate.subject_public_key_info());
        if self.pins.contains(&pin) {
            self.with_seen(|seen| seen.accepted = Some(pin));
            return Ok(ServerCertVerified::assertion());
        }
        self.with_seen(|seen| seen.has_rejected = true);
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
