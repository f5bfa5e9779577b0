//! `GET /v1/hello?n=<64 hex>`: the hub says who it is, signed for the nonce that was asked with.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use imena_core::encoding::Hash32;
use imena_core::encoding::limits::RUN_BYTES_MAX;
use imena_core::sync::wire::{Hello, Limits, OFFERS_MAX, PIECE_BYTES_MAX, PROTOCOL};

use super::{Hubs, Refusal, cbor, org};

pub(super) async fn hello(
    State(inner): Hubs,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let pairs = query.as_deref().unwrap_or_default().split('&');
    let nonce = pairs
        .filter_map(|pair| pair.strip_prefix("n="))
        .find_map(Hash32::from_hex);
    let nonce = nonce.ok_or_else(|| Refusal::malformed("n must be 64 hexadecimal digits"))?;
    let hello = Hello {
        org: org(&inner)?,
        hub: inner.keys.id(),
        nonce: nonce.0,
        now_ms: inner.now_ms(),
        versions: vec![PROTOCOL],
        limits: Limits {
            inline_run_bytes_max: RUN_BYTES_MAX as u64,
            offers_max: OFFERS_MAX as u64,
            piece_bytes_max: PIECE_BYTES_MAX,
        },
        roster_version: inner.roster().map_or(0, |signed| signed.roster.version),
        hub_nonce: inner.nonces.issue(&inner.environment)?,
        hub_spki: inner.keys.public_key().spki().to_vec(),
        is_locked: inner.chain.is_locked(),
    };
    Ok(cbor(
        hello.sign(inner.keys.public_key(), inner.keys.signer())?,
    ))
}
