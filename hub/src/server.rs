//! Sockets: TLS with the hub's own key for phones, plain HTTP on loopback for the page and the
//! admin interface.
//!
//! Owns connections, their limits and timeouts. Invariant: a client that sends or reads nothing is
//! let go; a slow one that moves never is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use imena_core::environment::replace_file;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use crate::admin::{ADDRESS_FILE, TOKEN_FILE};
use crate::error::HubError;
use crate::hub::{Hub, Inner};
use crate::limits::{
    CONNECTIONS_MAX, HANDSHAKE_TIMEOUT, HEADER_TIMEOUT, IDLE_TIMEOUT, SCRUB_EVERY,
};

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
        let router = self.phone_router();
        let served = accept(listener, shutdown, move |stream, stop| {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            async move {
                let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
                match handshake.await {
                    Ok(Ok(stream)) => connection(stream, router, stop).await,
                    Ok(Err(error)) => tracing::debug!(%error, "handshake"),
                    Err(_) => tracing::debug!("handshake took too long"),
                }
            }
        });
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
        let router = self.page_router();
        accept(listener, shutdown, move |stream, stop| {
            connection(stream, router.clone(), stop)
        })
        .await
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

async fn accept<F>(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    serve: impl Fn(tokio::net::TcpStream, watch::Receiver<()>) -> F,
) -> Result<(), HubError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stop, stopped) = watch::channel(());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Receipts are small and awaited: they must not sit in a buffer.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no-delay");
                }
                let served = serve(stream, stopped.clone());
                tokio::spawn(async move {
                    served.await;
                    drop(place);
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

async fn connection<S>(stream: S, router: Router, mut stop: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let io = TokioIo::new(StallGuard {
        inner: stream,
        stalled: None,
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(io, service);
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

/// Every so often the files whose re-hash is oldest are read again.
async fn scrub_for_ever(hub: Hub) {
    loop {
        tokio::time::sleep(SCRUB_EVERY).await;
        let hub = hub.clone();
        let scrubbed = tokio::task::spawn_blocking(move || hub.scrub()).await;
        if let Ok(Err(error)) = scrubbed {
            tracing::error!(%error, "scrub");
        }
    }
}

/// Ends a connection whose client takes no byte for [`IDLE_TIMEOUT`]. Silent senders are noticed
/// where bodies are read.
struct StallGuard<S> {
    inner: S,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> StallGuard<S> {
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE_TIMEOUT)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
