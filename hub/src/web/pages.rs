//! The pages: overview, one record of any noun, search, and what stands there instead while locked or signed out. Read-only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use imena_core::model::ids::SubjectId;
use imena_core::nouns::Sensitivity;
use imena_core::record::{HistoryEntry, KnownNames, Reader as ByWhom};

use super::filters;
use super::model::{Found, Overview, Reader, Sheet, author, look, recorder};
use super::words::{Lang, Words};
use crate::error::{HubError, fault};
use crate::hub::Inner;
use crate::truth::AuditLine;

type Hubs = State<Arc<Inner>>;
const NOTICES: usize = 10;
/// A longer question was pasted by mistake.
const ASKED_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    words: &'static Words,
    place: &'static str,
    overview: Overview,
    notices: Vec<AuditLine>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    words: &'static Words,
    place: &'static str,
    sheet: Sheet,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    words: &'static Words,
    place: &'static str,
    found: Found,
}

/// What an entry did, in the page's language.
fn act(entry: &HistoryEntry, words: &Words) -> &'static str {
    entry.act.words().in_language(words.language())
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    words: &'static Words,
    place: &'static str,
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

pub(super) async fn overview(
    State(inner): Hubs,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let words = Lang::of(query.as_deref()).words();
    let overview = read(inner, words, |reader| reader.overview()).await?;
    let Some((inner, overview)) = overview else {
        return locked(words);
    };
    let page = OverviewPage {
        words,
        place: "overview",
        overview,
        notices: inner.truth.audit_lines(NOTICES)?,
    };
    Ok(Html(page.render()?).into_response())
}

pub(super) async fn record(
    State(inner): Hubs,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let words = Lang::of(query.as_deref()).words();
    let Some(id) = SubjectId::parse(&id) else {
        return Ok(no_page(words));
    };
    let sheet = match read(inner, words, move |reader| reader.sheet(id)).await? {
        None => return locked(words),
        Some((_, None)) => return Ok(no_page(words)),
        Some((_, Some(sheet))) => sheet,
    };
    let place = "";
    let page = RecordPage {
        words,
        place,
        sheet,
    };
    Ok(Html(page.render()?).into_response())
}

pub(super) async fn search(
    State(inner): Hubs,
    RawQuery(query): RawQuery,
    Query(mut asked): Query<BTreeMap<String, String>>,
) -> Result<Response, Failed> {
    let words = Lang::of(query.as_deref()).words();
    let asked = asked.remove("q").unwrap_or_default();
    let asked: String = asked.chars().take(ASKED_CHARS_MAX).collect();
    let found = read(inner, words, move |reader| reader.found(asked)).await?;
    let Some((_, found)) = found else {
        return locked(words);
    };
    let place = "search";
    let page = SearchPage {
        words,
        place,
        found,
    };
    Ok(Html(page.render()?).into_response())
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
        place: "",
        heading,
        lines,
    }
    .render();
    (StatusCode::UNAUTHORIZED, Html(page.unwrap_or_default())).into_response()
}

fn no_page(words: &'static Words) -> Response {
    let page = MessagePage {
        words,
        place: "",
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
            place: "",
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
    let (index, journal) = (&open.index, &open.journal);
    let language = words.language();
    let names = KnownNames {
        index,
        roster,
        own: None,
        language,
        clearance: Sensitivity::Restricted,
        titles: RefCell::default(),
    };
    let by = ByWhom {
        language,
        // Whoever unlocks a hub holds the organisation's key, which opens everything.
        clearance: Sensitivity::Restricted,
        roster,
        names: &names,
    };
    view(Reader {
        index,
        journal,
        inner,
        words,
        by: &by,
    })
    .map(Some)
}
