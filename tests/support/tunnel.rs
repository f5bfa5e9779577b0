//! A plain door to a TLS server: for clients whose own TLS cannot pin on this machine. It lets bytes through only to the server with the given key.

use std::net::SocketAddr;
use std::sync::Arc;

use imena_core::encoding::Hash32;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// A running door; it closes when it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Tunnel {
    /// Opens a door to `target`, which must show a key with this pin.
    ///
    /// # Errors
    /// No socket.
    pub fn start(target: SocketAddr, pin: Hash32) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let connector = pinned_client(pin);
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((plain, _)) = listener.accept().await {
                tokio::spawn(pass(plain, target, connector.clone()));
            }
        });
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }

    /// Where the plain side listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A client that speaks only with a server that shows the key of this pin.
#[must_use]
pub fn pinned_client(pin: Hash32) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(OnePin {
        pin,
        provider: provider.clone(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Nobody there, or another key: the plain side is closed, as a cut link is.
async fn pass(mut plain: TcpStream, target: SocketAddr, connector: TlsConnector) {
    let Ok(sealed) = TcpStream::connect(target).await else {
        return;
    };
    let name = ServerName::IpAddress(target.ip().into());
    let Ok(mut sealed) = connector.connect(name, sealed).await else {
        return;
    };
    // How the conversation ended is seen by both of its ends.
    let _ = tokio::io::copy_bidirectional(&mut plain, &mut sealed).await;
}

#[derive(Debug)]
struct OnePin {
    pin: Hash32,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OnePin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = ParsedCertificate::try_from(end_entity)?;
        if Hash32::of(&shown.subject_public_key_info()) == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        let failure = CertificateError::ApplicationVerificationFailure;
        Err(Error::InvalidCertificate(failure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
