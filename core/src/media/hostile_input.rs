//! No bytes make the readers of this room fail: random ones, photographs cut short, photographs with bytes changed.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)]

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;

use super::photo;
use super::{RenditionOutcome, read_facts, render};

/// Small photographs of every kind, so that a case takes a few milliseconds.
static PHOTOGRAPHS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let layouts = [
        photo::ScanLayout::Interleaved,
        photo::ScanLayout::NonInterleaved,
        photo::ScanLayout::Progressive,
    ];
    let mut files: Vec<_> = layouts
        .map(|layout| {
            photo::PhotoSpec {
                layout,
                ..photo::PhotoSpec::new(96, 64, 3)
            }
            .to_jpeg()
        })
        .into();
    files.extend([
        photo::png(24, 16, 3),
        photo::png_half_transparent(24, 16),
        photo::heic_like(),
        photo::heic_edited(),
        photo::heic_meta_last(),
        photo::dng_like(),
        photo::PhotoSpec {
            restart_interval: 6,
            ..photo::PhotoSpec::new(96, 64, 3)
        }
        .to_jpeg(),
        photo::display_p3(),
        photo::exif_bomb(),
        photo::exif_loop(),
        photo::cmyk(),
        photo::grey(),
    ]);
    files
});

fn photograph() -> impl Strategy<Value = Vec<u8>> {
    any::<Index>().prop_map(|index| PHOTOGRAPHS[index.index(PHOTOGRAPHS.len())].clone())
}

/// Bytes with the beginning of a known format, so that more than sniffing is reached.
fn random_bytes() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(&b""[..]),
        Just(&b"\xFF\xD8\xFF"[..]),
        Just(&b"\xFF\xD8\xFF\xE1\x40\0Exif\0\0II\x2A\0\x08\0\0\0"[..]),
        Just(&b"\x89PNG\r\n\x1a\n"[..]),
        Just(&b"\0\0\0\x10ftypheic\0\0\0\0\0\0\x01\0meta\0\0\0\0"[..]),
    ];
    (start, vec(any::<u8>(), 0..2_000)).prop_map(|(start, rest)| [start, &rest].concat())
}

/// Reads and renders.
fn survives(file: &[u8]) {
    let facts = read_facts(file);
    let range = facts.thumbnail.known();
    assert!(range.is_none_or(|range| range.cut(file).is_some()));
    let renditions = render(file, &facts);
    for (outcome, side) in [(renditions.thumbnail, 320), (renditions.preview, 1280)] {
        if let RenditionOutcome::Made(rendition) = outcome {
            assert!(rendition.width.max(rendition.height) <= side);
            assert!(rendition.width.min(rendition.height) >= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_survived(file in random_bytes()) {
        survives(&file);
    }

    #[test]
    fn photographs_cut_short_are_survived(file in photograph(), at in any::<Index>()) {
        survives(&file[..at.index(file.len())]);
    }

    #[test]
    fn photographs_with_changed_bytes_are_survived(
        mut file in photograph(),
        changes in vec((any::<Index>(), any::<u8>()), 1..12),
    ) {
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        survives(&file);
    }

    /// Headers decide on memory and time, so most changes go there.
    #[test]
    fn photographs_with_changed_headers_are_survived(
        mut file in photograph(),
        changes in vec((0..1_500_usize, any::<u8>()), 1..12),
    ) {
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        survives(&file);
    }
}
