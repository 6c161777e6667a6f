//! Is this the compiler whose errors `ui.rs` compares? Another words its own part of them differently.

use std::process::Command;

const PINNED: &str = "rustc 1.95.";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(pinned_compiler)");
    let rustc = std::env::var_os("RUSTC").expect("cargo names the compiler");
    let version = Command::new(rustc).arg("--version").output().expect("the compiler tells its version");
    if version.stdout.starts_with(PINNED.as_bytes()) {
        println!("cargo::rustc-cfg=pinned_compiler");
    }
}
