//! What goes between a phone and a hub.

pub mod wire;
