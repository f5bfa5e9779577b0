//! What can be said: ids, codes, positions and the value objects of the domain.
//!
//! Owns shapes and their parsing. Does not decide what is asked for or recorded (`record/`).

pub mod circumstances;
pub mod codes;
pub mod display;
pub mod file_name;
pub mod ids;
pub mod letters;
pub mod moment;
pub mod position;
