//! How is a hook called? One indirect call each, panics caught, and an async hook awaited in place.
//!
//! [`entry`] holds all that is `unsafe`: functions of different types behind entries of one type, and the seat that a
//! future of any type is awaited in. [`sync`] and [`future`] go through a table of entries with it.

mod entry;
mod future;
mod sync;
#[cfg(test)]
mod tests;

pub use entry::{AsyncEntry, BUFFER_BYTES, SyncEntry};
pub use future::Dispatch;
