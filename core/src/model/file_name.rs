//! The name that an imported file had, to the last byte.
//!
//! Names on memory cards and old disks are in whatever encoding a machine once had. What is no UTF-8 is kept as bytes; it is never guessed at.

use crate::encoding::Value;

/// A file's name as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(Vec<u8>);

impl FileName {
    /// Takes a name as the system gives it.
    #[must_use]
    pub fn from_os(name: &std::ffi::OsStr) -> Self {
        Self(name.as_encoded_bytes().to_vec())
    }

    /// Takes a name as bytes.
    #[must_use]
    pub fn from_bytes(name: impl Into<Vec<u8>>) -> Self {
        Self(name.into())
    }

    /// The name, if it is UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The name as it was.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name for a person: bytes that are no UTF-8 stand as `\xNN`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        for chunk in self.0.utf8_chunks() {
            shown.push_str(chunk.valid());
            for byte in chunk.invalid() {
                shown.push_str(&format!("\\x{byte:02X}"));
            }
        }
        shown
    }

    /// What stands behind the last dot, if it is text.
    #[must_use]
    pub fn ending(&self) -> Option<&str> {
        let dot = self.0.iter().rposition(|byte| *byte == b'.')?;
        std::str::from_utf8(self.0.get(dot.checked_add(1)?..)?).ok()
    }

    /// As it stands in an entry: text, or a byte string where it is no UTF-8.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.as_text()
            .map_or_else(|| Value::Bytes(self.0.clone()), Value::text)
    }

    /// Reads field 13.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let bytes = value
            .as_text()
            .map(str::as_bytes)
            .or_else(|| value.as_bytes());
        bytes.map(Self::from_bytes)
    }
}

/// Text where it is text, else the bytes in hex, under a key that says so.
impl serde::Serialize for FileName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        if let Some(text) = self.as_text() {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("bytes_hex", &data_encoding::HEXLOWER.encode(&self.0))?;
        map.end()
    }
}

impl From<&str> for FileName {
    fn from(name: &str) -> Self {
        Self::from_bytes(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_kept_to_the_last_byte_and_shown_with_what_is_no_text() {
        for name in [
            &b"IMG_0001.JPG"[..],
            "\u{445}\u{440}\u{435}\u{441}\u{442}.jpg".as_bytes(),
            b"\xF4\xEE\xF2\xEE 1.jpg",
            b"a.\xFF",
            b"",
        ] {
            let kept = FileName::from_bytes(name);
            assert_eq!(
                FileName::from_value(&kept.to_value()).unwrap().as_bytes(),
                name
            );
        }
        let old = FileName::from_bytes(b"\xF4\xEE\xF2\xEE 1.jpg".to_vec());
        assert!(matches!(old.to_value(), Value::Bytes(_)));
        assert_eq!(old.shown(), "\\xF4\\xEE\\xF2\\xEE 1.jpg");
        assert_eq!(old.ending(), Some("jpg"));
    }
}
