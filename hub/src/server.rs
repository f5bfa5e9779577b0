//! Sockets: TLS with the hub's own key for phones, plain HTTP on loopback for the page and the
//! admin interface.
//!
//! Owns listening and serving; who has a place and for how long stands in `rooms`. Invariant: no
//! connection waits for another's end, and none is served without a place.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use imena_core::environment::replace_file;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::admin::{ADDRESS_FILE, TOKEN_FILE};
use crate::error::HubError;
use crate::hub::{Hub, Inner};
use crate::limits::{IDLE_TIMEOUT, SCRUB_EVERY, SCRUB_PAUSE};
use crate::rooms::{Guarded, Rooms, Seat};

impl Hub {
    /// Serves phones over TLS until `shutdown`; connections at work then finish their request.
    ///
    /// # Errors
    /// The certificate or the listener.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), HubError> {
        let acceptor = TlsAcceptor::from(Arc::new(tls_config(&self.inner)?));
        let scrub = tokio::spawn(scrub_for_ever(self.clone()));
        let rooms = Arc::new(Rooms::new(self.inner.patience));
        let secure = move |stream: Guarded<TcpStream>| acceptor.accept(stream);
        let served = accept(listener, shutdown, rooms, self.phone_router(), secure);
        let served = served.await;
        scrub.abort();
        served
    }

    /// Serves the page and the admin interface, and writes down where they are.
    ///
    /// # Errors
    /// `NotLoopback`, or the listener's.
    pub async fn serve_page(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), HubError> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(HubError::NotLoopback(address));
        }
        let Inner {
            environment, dir, ..
        } = &*self.inner;
        replace_file(
            environment,
            &dir.join(TOKEN_FILE),
            self.admin_token().as_bytes(),
        )?;
        replace_file(
            environment,
            &dir.join(ADDRESS_FILE),
            address.to_string().as_bytes(),
        )?;
        // Rooms of its own: whoever shows neither the operator's token nor a page session is a
        // stranger here too, so that nobody on this machine can keep the operator out.
        let rooms = Arc::new(Rooms::new(self.inner.patience));
        let plain = |stream| std::future::ready(Ok(stream));
        accept(listener, shutdown, rooms, self.page_router(), plain).await
    }
}

fn tls_config(inner: &Inner) -> Result<rustls::ServerConfig, HubError> {
    let tls = |error: rustls::Error| HubError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from(inner.keys.certificate().to_vec());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(inner.keys.tls_key().to_vec()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn accept<S, F>(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    rooms: Arc<Rooms>,
    router: Router,
    secure: impl Fn(Guarded<TcpStream>) -> F,
) -> Result<(), HubError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let (stop, stopped) = watch::channel(());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let Some(seat) = rooms.enter() else {
                    tracing::warn!("every place is a member's: a connection was closed");
                    continue;
                };
                // Receipts are small and awaited: they must not sit in a buffer.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no-delay");
                }
                let secured = secure(seat.guard(stream));
                let (router, stop) = (router.clone(), stopped.clone());
                tokio::spawn(async move {
                    let served = serve_one(secured, seat.clone(), router, stop);
                    tokio::select! {
                        () = served => {}
                        () = seat.has_to_go() => tracing::debug!("connection had to go"),
                    }
                });
            }
            // A connection that is gone already, or too many open files: neither ends the hub.
            Err(error) => {
                tracing::warn!(%error, "accept");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    drop(stopped);
    // A send fails when no connection is left.
    let _ = stop.send(());
    stop.closed().await;
    Ok(())
}

async fn serve_one<S>(
    secured: impl Future<Output = io::Result<S>>,
    seat: Seat,
    router: Router,
    mut stop: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = match secured.await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%error, "handshake"),
    };
    // The routes learn from its requests who this is.
    let router = router.layer(Extension(seat));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection");
    }
}

/// Every so often the files whose re-hash is due are read again, all of them, a batch after the
/// other with a pause in which phones have the disk.
async fn scrub_for_ever(hub: Hub) {
    loop {
        tokio::time::sleep(SCRUB_EVERY).await;
        loop {
            let hub = hub.clone();
            let scrubbed = tokio::task::spawn_blocking(move || hub.scrub()).await;
            match scrubbed {
                Ok(Ok(scrubbed)) if scrubbed.is_more_due => {}
                Ok(Ok(_)) | Err(_) => break,
                Ok(Err(error)) => {
                    tracing::error!(%error, "scrub");
                    break;
                }
            }
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
    }
}
