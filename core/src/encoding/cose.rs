//! COSE_Sign1, untagged: every signature of Imena has this one shape (formats.md §3).
//!
//! Owns building and opening; `coset` does the structure of RFC 9052, our own CBOR reader refuses any other spelling. A [`Signed`] was parsed, not
//! checked: only [`Signed::verify`] hands out the payload as believed.

use coset::{CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use thiserror::Error;

use super::cbor::{DecodeError, Value, within};
use super::hash::Hash32;
use super::limits::SIGNED_BYTES_MAX;
use super::signature::{Algorithm, PublicKey, SignatureError};

/// What a signature is about: it stands in the protected content type, so that one kind of message never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A device's word for its chain up to an entry.
    Checkpoint,
    /// A hub's word for files and entries it holds.
    Receipt,
    /// The organisation's word for hubs, devices, issuers.
    Roster,
    /// A device asks to join, its nonce hidden.
    Enroll,
    /// A device shows the nonce of its enrolment.
    Reveal,
    /// A device asks for a token.
    Session,
    /// A hub says who it is.
    Hello,
    /// A hub's fresh word that it still holds named files.
    Held,
    /// An organisation's signing key names the one that follows it.
    Succession,
    /// An authority orders that bodies be erased.
    Erasure,
}

impl What {
    fn content_type(self) -> &'static str {
        match self {
            Self::Checkpoint => "application/imena-checkpoint; v=1",
            Self::Receipt => "application/imena-receipt; v=1",
            Self::Roster => "application/imena-roster; v=1",
            Self::Enroll => "application/imena-enroll; v=1",
            Self::Reveal => "application/imena-reveal; v=1",
            Self::Session => "application/imena-session; v=1",
            Self::Hello => "application/imena-hello; v=1",
            Self::Held => "application/imena-held; v=1",
            Self::Succession => "application/imena-succession; v=1",
            Self::Erasure => "application/imena-erasure; v=1",
        }
    }
}

/// Why a signed message was not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CoseError {
    /// Not in the one spelling.
    #[error("signed message: {0}")]
    Decode(#[from] DecodeError),
    /// Not the protected header that these formats use, or signed for another purpose.
    #[error("signed message is not a {expected:?}")]
    NotThis {
        /// What the reader expected.
        expected: What,
    },
    /// Signed by another key than the one it was checked against.
    #[error("signed by another key")]
    OtherKey,
    /// The signature does not fit.
    #[error("signed message: {0}")]
    Signature(#[from] SignatureError),
}

/// A parsed, not yet checked COSE_Sign1.
#[derive(Clone, Debug)]
pub struct Signed {
    inner: CoseSign1,
    kid: Hash32,
    algorithm: Algorithm,
}

/// Builds a COSE_Sign1; `sign` gets the bytes to sign and gives a 64-byte signature.
///
/// # Errors
/// Whatever `sign` gives.
pub fn sign1<E>(
    what: What,
    key: &PublicKey,
    org: &Hash32,
    payload: Vec<u8>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let algorithm = match key.algorithm() {
        Algorithm::Es256 => iana::Algorithm::ES256,
        Algorithm::EdDsa => iana::Algorithm::EdDSA,
    };
    let protected = HeaderBuilder::new()
        .algorithm(algorithm)
        .content_type(what.content_type().to_owned())
        .key_id(key.id().0.to_vec())
        .build();
    let signed = CoseSign1Builder::new()
        .protected(protected)
        .payload(payload)
        .try_create_signature(org.as_bytes(), sign)?
        .build();
    // Serialising owned maps and byte strings to memory has no failing case.
    Ok(signed.to_vec().unwrap_or_default())
}

impl Signed {
    /// Parses a COSE_Sign1 that says it is a `what`.
    ///
    /// # Errors
    /// Another spelling, another purpose, over the size limit.
    pub fn parse(bytes: &[u8], what: What) -> Result<Self, CoseError> {
        within("signed message", bytes, SIGNED_BYTES_MAX)?;
        Value::decode(bytes)?;
        let not_this = || CoseError::NotThis { expected: what };
        let inner = CoseSign1::from_slice(bytes).map_err(|_| not_this())?;
        let header = &inner.protected.header;
        let algorithm = match &header.alg {
            Some(alg) if *alg == assigned(iana::Algorithm::ES256) => Algorithm::Es256,
            Some(alg) if *alg == assigned(iana::Algorithm::EdDSA) => Algorithm::EdDsa,
            Some(_) | None => return Err(not_this()),
        };
        let kid = Hash32::from_slice(&header.key_id).ok_or_else(not_this)?;
        let signed = Self {
            inner,
            kid,
            algorithm,
        };
        if !signed.has_only_our_headers(what) || signed.inner.payload.is_none() {
            return Err(not_this());
        }
        Ok(signed)
    }

    /// The id of the key that claims to have signed.
    #[must_use]
    pub fn kid(&self) -> Hash32 {
        self.kid
    }

    /// The payload before any check: only to find out which key to check with.
    #[must_use]
    pub fn claimed_payload(&self) -> &[u8] {
        self.inner.payload.as_deref().unwrap_or_default()
    }

    /// Gives the payload if `key` signed it for `org`.
    ///
    /// # Errors
    /// `OtherKey`, `Signature`.
    pub fn verify(&self, key: &PublicKey, org: &Hash32) -> Result<&[u8], CoseError> {
        if key.id() != self.kid || key.algorithm() != self.algorithm {
            return Err(CoseError::OtherKey);
        }
        self.inner
            .verify_signature(org.as_bytes(), |signature, message| {
                key.verify(message, signature)
            })?;
        Ok(self.claimed_payload())
    }

    /// Nothing but algorithm, content type and key id, all protected: a header we ignore is a header an attacker may choose.
    fn has_only_our_headers(&self, what: What) -> bool {
        let mut rest = self.inner.protected.header.clone();
        let content_type = coset::ContentType::Text(what.content_type().to_owned());
        let is_ours = rest.content_type == Some(content_type);
        rest.alg = None;
        rest.content_type = None;
        rest.key_id = Vec::new();
        is_ours && rest.is_empty() && self.inner.unprotected.is_empty()
    }
}

fn assigned(algorithm: iana::Algorithm) -> coset::Algorithm {
    coset::Algorithm::Assigned(algorithm)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use ed25519_dalek::Signer as _;

    fn signed(what: What, org: Hash32) -> (PublicKey, Vec<u8>) {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
        let sign = |m: &[u8]| Ok::<_, std::convert::Infallible>(secret.sign(m).to_bytes().to_vec());
        let bytes = sign1(what, &key, &org, b"word".to_vec(), sign).unwrap();
        (key, bytes)
    }

    #[test]
    fn a_signature_holds_for_its_purpose_org_and_key_only() {
        let org = Hash32([1; 32]);
        let (key, bytes) = signed(What::Receipt, org);
        let parsed = Signed::parse(&bytes, What::Receipt).unwrap();
        assert_eq!(parsed.verify(&key, &org).unwrap(), b"word");
        assert!(parsed.verify(&key, &Hash32([2; 32])).is_err());
        assert!(Signed::parse(&bytes, What::Held).is_err());
        let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key();
        let other = PublicKey::from_ed25519(&other).unwrap();
        assert_eq!(parsed.verify(&other, &org), Err(CoseError::OtherKey));
    }

    #[test]
    fn every_flipped_bit_of_a_signed_message_is_noticed() {
        let org = Hash32([1; 32]);
        let (key, bytes) = signed(What::Checkpoint, org);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                let believed = Signed::parse(&other, What::Checkpoint)
                    .is_ok_and(|parsed| parsed.verify(&key, &org).is_ok());
                assert!(!believed, "byte {at} bit {bit}");
            }
        }
    }
}
