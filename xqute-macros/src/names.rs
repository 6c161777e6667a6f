//! What are generated things called? Slice names are global in a binary, so they say whose they are.

use proc_macro2::{Ident, Span};
use quote::format_ident;

/// What cargo says of the crate that is being compiled; empty without cargo.
pub(crate) fn cargo(variable: &str) -> String {
    std::env::var(variable).unwrap_or_default()
}

/// The program, example, test or bench that is being compiled; none is a library. It tells targets of a package apart
/// that share a name.
pub(crate) fn target() -> Option<String> {
    // Cargo names programs and examples only; this directory is for tests and benches.
    let is_test = || std::env::var("CARGO_TARGET_TMPDIR").is_ok();
    std::env::var("CARGO_BIN_NAME").ok().or_else(|| is_test().then(|| "test".to_owned()))
}

/// The crate that is being compiled, as no other of a binary is called.
pub(crate) fn own() -> Vec<String> {
    let own = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_CRATE_NAME"].map(cargo);
    own.into_iter().chain(target()).collect()
}

/// A name that no other crate, version, module or family of a binary has.
pub(crate) fn unique(parts: &[&str]) -> Ident {
    let own = own();
    let all = own.iter().map(String::as_str).chain(parts.iter().copied());
    let joined: Vec<String> = all.filter(|part| !part.is_empty()).map(plain).collect();
    Ident::new(&format!("XQUTE_{}", joined.join("__")).to_uppercase(), Span::call_site())
}

/// The hidden module of a family.
pub(crate) fn family_module(family: &Ident) -> Ident {
    format_ident!("__xqute_{}", family)
}

/// A part of an identifier.
pub(crate) fn plain(part: &str) -> String {
    part.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect()
}
