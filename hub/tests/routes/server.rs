//! One real TLS connection: the certificate has the key that the hub's line pins.

use std::sync::{Arc, Mutex};

use imena_core::encoding::Hash32;
use imena_core::sync::wire::Hello;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::World;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_says_hello_over_tls_and_sees_the_pinned_key() {
    let world = World::new(&[]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hub = world.hub().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        hub.serve(listener, async { stopped.await.unwrap_or_default() })
            .await
    });
    let keep = Arc::new(Keep::default());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&keep) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("imena.invalid").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = format!(
        "GET /v1/hello?n={} HTTP/1.1\r\nHost: hub\r\n\r\n",
        Hash32([7; 32])
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 16 * 1024];
    let mut read = 0;
    let body_at = loop {
        read += stream.read(&mut bytes[read..]).await.unwrap();
        if let Some(at) = bytes[..read]
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
        {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..body_at]).to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let length: usize = length.parse().unwrap();
    while read < body_at + length {
        read += stream.read(&mut bytes[read..]).await.unwrap();
    }
    let body = &bytes[body_at..body_at + length];
    Hello::open(body, world.org_id(), world.hub().id(), &[7; 32]).unwrap();
    // The pinned key stands in the certificate as it is hashed: a P-256 SPKI is 91 bytes.
    let pin = world.hub().line().tls_pins[0];
    let certificate = keep.0.lock().unwrap().clone();
    assert!(certificate.windows(91).any(|spki| Hash32::of(spki) == pin));
    stop.send(()).unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
