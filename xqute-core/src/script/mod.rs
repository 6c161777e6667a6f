//! What runs on the node? Text in, text out: nothing here touches a file or a process.

mod by_hand;
mod quote;
mod wrapper;

#[cfg(test)]
mod tests;

pub use by_hand::{by_hand, not_run};
pub use quote::{line, word};
pub(crate) use wrapper::{Fragments, Script, render};
