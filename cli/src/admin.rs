//! Talks to a running hub of this machine over its loopback admin interface.

use std::path::Path;
use std::time::Duration;

use imena_hub::admin::{Access, SCHEME};

use crate::failure::{Failure, INPUT, MISSING};

/// Unlocking opens every run; a large hub needs minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// A running hub.
#[derive(Debug)]
pub struct Admin {
    access: Access,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Admin {
    /// Finds the hub that runs in `dir`.
    pub fn connect(dir: &Path) -> Result<Self, Failure> {
        let access = Access::read(&crate::environment(), dir).map_err(|_| not_running(dir))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls()?)
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::disk(error.to_string()))?;
        Ok(Self {
            access,
            runtime,
            client,
        })
    }

    /// GET of an admin path.
    pub fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.exchange(self.client.get(self.url(path)))
    }

    /// POST to an admin path.
    pub fn post(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.exchange(self.client.post(self.url(path)).body(body))
    }

    /// Address of the page.
    pub fn page(&self, path: &str) -> String {
        self.url(path)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.access.address)
    }

    fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failure> {
        let authorization = format!("{SCHEME} {}", *self.access.token);
        let request = request.header("authorization", authorization);
        let gone = |_| {
            let todo = "Start it: imena hub --dir DIR --org ORG";
            Failure::new(MISSING, "the hub of this folder does not answer", todo)
        };
        self.runtime.block_on(async {
            let reply = request.send().await.map_err(gone)?;
            let status = reply.status();
            let body = reply.bytes().await.map_err(gone)?.to_vec();
            if status.is_success() {
                return Ok(body);
            }
            let said = String::from_utf8_lossy(&body).trim().to_owned();
            Err(Failure::new(
                INPUT,
                format!("the hub refused: {}", crate::terminal::foreign(&said)),
                "Correct it and try again.",
            ))
        })
    }
}

fn not_running(dir: &Path) -> Failure {
    let what = format!("no hub runs in {}", dir.display());
    Failure::new(MISSING, what, "Start it: imena hub --dir DIR --org ORG")
}

/// The admin interface is plain HTTP on loopback; this client trusts nobody over TLS.
fn no_tls() -> Result<rustls::ClientConfig, Failure> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::disk(error.to_string()))?;
    Ok(builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}
