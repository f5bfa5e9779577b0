//! `uniffi-bindgen generate LIBRARY --language kotlin|swift|python …`; `cargo xtask bindings` calls it with everything it needs.

fn main() {
    uniffi::uniffi_bindgen_main();
}
