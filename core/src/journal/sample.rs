//! Entries of chains that need no vault: what tests of this crate begin with.
#![allow(clippy::unwrap_used)]

use super::{Body, Entry, HEADER_VERSION, Header, Op, SALT_BYTES_MAX, Touches};
use crate::encoding::{Hash32, Map};
use crate::environment::ClockReading;
use crate::model::circumstances::Circumstances;
use crate::model::ids::{DeviceId, OrgId, SubjectId};
use crate::vocabulary::Kind;

/// What every sample is about unless a test says otherwise.
pub const SUBJECT: SubjectId = SubjectId([4; 16]);

/// A header that makes a site.
pub fn header(device: DeviceId, seq: u64, prev: Hash32) -> Header {
    Header {
        version: HEADER_VERSION,
        org: OrgId(Hash32([9; 32])),
        device,
        seq,
        prev,
        kind: Kind::Site,
        subject: SUBJECT,
        op: Op::Create,
        parents: Vec::new(),
        touches: Touches::new(),
        lamport: seq,
        clock: ClockReading {
            wall_ms: -5,
            offset_min: 180,
            mono_ns: 7,
            boot_id: [1; 16],
        },
        hub_seen: None,
        body_sha256: Hash32::ZERO,
        body_len: 0,
    }
}

/// A body with nothing but fields.
pub fn body(fields: Map) -> Body {
    Body {
        random: [2; SALT_BYTES_MAX],
        fields,
        operator: None,
        position: None,
        gnss_ms: None,
        app_version: "test".into(),
        circumstances: Circumstances::default(),
    }
}

/// An entry that makes a site.
pub fn entry(device: DeviceId, seq: u64, prev: Hash32, fields: Map) -> Entry {
    Entry::compose(header(device, seq, prev), &body(fields)).unwrap()
}
