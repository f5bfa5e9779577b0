//! The pages: sites, one site, and what stands there instead while locked or signed out. Read-only.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use imena_core::model::ids::SubjectId;

use super::model::{Overview, Reader, SiteSheet};
use super::words::{Lang, Words};
use crate::error::{HubError, fault};
use crate::hub::Inner;
use crate::truth::AuditLine;

type Hubs = State<Arc<Inner>>;
const NOTICES: usize = 10;

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    words: &'static Words,
    overview: Overview,
    notices: Vec<AuditLine>,
}

#[derive(Template)]
#[template(path = "site.html")]
struct SitePage {
    words: &'static Words,
    site: SiteSheet,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    words: &'static Words,
    heading: &'static str,
    lines: Vec<&'static str>,
}

/// A page that could not be written.
pub(super) struct Failed(HubError);

impl<E: Into<HubError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let fault = fault(&self.0);
        let said = format!("The hub failed; its log says why under fault {fault}.");
        (StatusCode::INTERNAL_SERVER_ERROR, said).into_response()
    }
}

pub(super) async fn sites(
    State(inner): Hubs,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let words = Lang::of(query.as_deref()).words();
    let overview = read(inner, words, |reader| reader.overview()).await?;
    let Some((inner, overview)) = overview else {
        return locked(words);
    };
    let notices = inner.truth.audit_lines(NOTICES)?;
    Ok(Html(
        SitesPage {
            words,
            overview,
            notices,
        }
        .render()?,
    )
    .into_response())
}

pub(super) async fn site(
    State(inner): Hubs,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let words = Lang::of(query.as_deref()).words();
    let Some(id) = SubjectId::parse(&id) else {
        return Ok(no_page(words));
    };
    match read(inner, words, move |reader| reader.site(id)).await? {
        None => locked(words),
        Some((_, None)) => Ok(no_page(words)),
        Some((_, Some(site))) => Ok(Html(SitePage { words, site }.render()?).into_response()),
    }
}

pub(super) async fn sign_in(
    State(inner): Hubs,
    Path(link): Path<String>,
) -> Result<Response, Failed> {
    let Some(cookie) = inner.begin_page(&link)? else {
        return Ok(signed_out(&Uri::from_static("/")));
    };
    let mut response = Redirect::to("/").into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// What a HEAD of a sign-in link gets: the link stays good.
pub(super) async fn no_head() -> Response {
    let allowed = [(header::ALLOW, "GET")];
    (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response()
}

pub(super) async fn style() -> Response {
    let css = include_str!("../../assets/page.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

pub(super) async fn not_found(uri: Uri) -> Response {
    no_page(Lang::of(uri.query()).words())
}

/// What a browser without a page session sees.
pub(super) fn signed_out(uri: &Uri) -> Response {
    let words = Lang::of(uri.query()).words();
    let (heading, lines) = (words.signed_out, vec![words.signed_out_how]);
    let page = MessagePage {
        words,
        heading,
        lines,
    }
    .render();
    (StatusCode::UNAUTHORIZED, Html(page.unwrap_or_default())).into_response()
}

fn no_page(words: &'static Words) -> Response {
    let page = MessagePage {
        words,
        heading: words.not_found,
        lines: Vec::new(),
    }
    .render();
    (StatusCode::NOT_FOUND, Html(page.unwrap_or_default())).into_response()
}

fn locked(words: &'static Words) -> Result<Response, Failed> {
    let lines = vec![words.locked_means, words.locked_how];
    Ok(Html(
        MessagePage {
            words,
            heading: words.locked,
            lines,
        }
        .render()?,
    )
    .into_response())
}

/// Reads on a thread that may wait; `None` while locked.
async fn read<T: Send + 'static>(
    inner: Arc<Inner>,
    words: &'static Words,
    view: impl FnOnce(Reader<'_>) -> Result<T, HubError> + Send + 'static,
) -> Result<Option<(Arc<Inner>, T)>, HubError> {
    let done = tokio::task::spawn_blocking(move || {
        let found = with_index(&inner, words, view)?;
        Ok(found.map(|found| (inner, found)))
    });
    done.await.unwrap_or(Err(HubError::TaskEnded))
}

fn with_index<T>(
    inner: &Inner,
    words: &'static Words,
    view: impl FnOnce(Reader<'_>) -> Result<T, HubError>,
) -> Result<Option<T>, HubError> {
    let roster = inner.roster();
    let mut slot = inner.chain.open();
    let Some(open) = slot.as_mut() else {
        return Ok(None);
    };
    let roster = roster.as_deref().map(|signed| &signed.roster);
    open.index.follow(&open.journal, roster)?;
    let index = &open.index;
    view(Reader {
        index,
        inner,
        words,
    })
    .map(Some)
}
