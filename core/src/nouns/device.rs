//! Device: a phone or tablet as it named itself when it joined.

use super::noun::noun;
use super::values::{Bytes, Text};
use crate::vocabulary::Kind;

noun! {
    /// A phone or tablet.
    Device: Kind::Device, "device" "пристрій",
        title [NAME], subtitle [MODEL];

    Keeping {
        DEVICE: Bytes = 1 "device" "device" "пристрій" .only_by("join");
        NAME:   Text  = 2 "name" "name" "назва" .only_by("join");
        MODEL:  Text  = 3 "model" "model" "модель" .only_by("join");
    }
}
