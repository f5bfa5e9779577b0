//! The page of an operator and the admin interface, on the loopback address only.
//!
//! Owns sign-in, the headers that keep a page private, and both routers. Does not fold (`model`
//! asks the core) and changes no record. Invariant: nothing readable is served without a page
//! session, and nothing at all to a request that names another host.

mod admin_routes;
mod filters;
mod model;
mod pages;
mod passes;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use zeroize::Zeroizing;

use passes::Passes;

use crate::admin::SCHEME;
use crate::error::HubError;
use crate::hub::{Hub, Inner};
use crate::limits::{PAGE_SESSION_NS, PAGE_SESSIONS_MAX, SIGN_IN_NS};
use crate::rooms::{Seat, Standing};

const COOKIE: &str = "imena_page";
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
/// The page's own names: another one means that some web page points a foreign name at this
/// address.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Who may see the page and who may administer; all of it ends with the process.
pub(crate) struct SignIn {
    links: Passes,
    sessions: Passes,
    admin_token: Zeroizing<String>,
}

impl SignIn {
    pub fn new(environment: &Environment) -> Result<Self, HubError> {
        let token = environment.random::<32>()?;
        Ok(Self {
            links: Passes::new(SIGN_IN_NS, PAGE_SESSIONS_MAX),
            sessions: Passes::new(PAGE_SESSION_NS, PAGE_SESSIONS_MAX),
            admin_token: Zeroizing::new(data_encoding::HEXLOWER.encode(&token)),
        })
    }
}

impl Hub {
    /// The token of the admin interface of this run of the hub.
    #[must_use]
    pub fn admin_token(&self) -> Zeroizing<String> {
        self.inner.sign_in.admin_token.clone()
    }

    /// A new one-time path that signs a browser in.
    ///
    /// # Errors
    /// There is no entropy.
    pub fn sign_in_path(&self) -> Result<String, HubError> {
        self.inner.sign_in_path()
    }

    /// The page and the admin interface; [`Hub::serve_page`] serves them on loopback.
    pub fn page_router(&self) -> Router {
        let inner = &self.inner;
        let admin = Router::new()
            .route("/admin/line", get(admin_routes::line))
            .route("/admin/pending", get(admin_routes::pending))
            .route("/admin/dismiss", post(admin_routes::dismiss))
            .route("/admin/status", get(admin_routes::status))
            .route("/admin/roster", post(admin_routes::roster))
            .route("/admin/unlock", post(admin_routes::unlock))
            .route("/admin/lock", post(admin_routes::lock))
            .route("/admin/sign-in", post(admin_routes::sign_in))
            .layer(from_fn_with_state(Arc::clone(inner), only_admin));
        let pages = Router::new()
            .route("/", get(pages::overview))
            .route("/record/{id}", get(pages::record))
            .route("/search", get(pages::search))
            .layer(from_fn_with_state(Arc::clone(inner), only_signed_in));
        Router::new()
            .merge(admin)
            .merge(pages)
            // Only a GET: a program that looks at a link before a person opens it sends HEAD.
            .route("/in/{token}", get(pages::sign_in).head(pages::no_head))
            .route("/assets/page.css", get(pages::style))
            .fallback(pages::not_found)
            .layer(from_fn(private))
            .with_state(Arc::clone(inner))
    }
}

impl Inner {
    pub(crate) fn sign_in_path(&self) -> Result<String, HubError> {
        let link = self.sign_in.links.issue(&self.environment)?;
        Ok(format!("/in/{}", data_encoding::HEXLOWER.encode(&link)))
    }

    /// Uses a link up and begins a page session; gives the cookie.
    fn begin_page(&self, link: &str) -> Result<Option<String>, HubError> {
        let link = Hash32::from_hex(link);
        if !link.is_some_and(|link| self.sign_in.links.take(&self.environment, &link.0)) {
            return Ok(None);
        }
        let session = self.sign_in.sessions.issue(&self.environment)?;
        let session = data_encoding::HEXLOWER.encode(&session);
        Ok(Some(format!(
            "{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict"
        )))
    }

    fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let sessions = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .filter_map(Hash32::from_hex);
        let mut sessions = sessions;
        sessions.any(|session| self.sign_in.sessions.is_good(&self.environment, &session.0))
    }
}

/// Headers of every reply, and the refusal of foreign host names.
async fn private(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.map(|host| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    });
    if !name.is_some_and(|name| HOSTS.contains(&name)) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The operator's connection is no stranger's: it keeps its place, however many hold others.
fn keep_place(request: &Request) {
    if let Some(seat) = request.extensions().get::<Seat>() {
        seat.rise(Standing::Member(None));
    }
}

async fn only_signed_in(State(inner): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    if inner.is_signed_in(request.headers()) {
        keep_place(&request);
        return next.run(request).await;
    }
    pages::signed_out(request.uri())
}

async fn only_admin(State(inner): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let token = value
        .and_then(|value| value.strip_prefix(SCHEME))
        .map(str::trim);
    // Hashes are compared: how long that takes says nothing about the token.
    let expected = Hash32::of(inner.sign_in.admin_token.as_bytes());
    if token.map(|token| Hash32::of(token.as_bytes())) == Some(expected) {
        keep_place(&request);
        return next.run(request).await;
    }
    StatusCode::UNAUTHORIZED.into_response()
}
