//! From nothing to a plugin: does what `xqute new-plugin` makes hold, and does `xqute build` put it into a binary?
//!
//! What is compiled is kept in the target directory; nothing is fetched.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod desk;
mod guide;
mod made;
