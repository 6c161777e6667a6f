//! What runs on the node? Text in, text out: nothing here touches a file or a process.

mod quote;
mod wrapper;

#[cfg(test)]
mod tests;

pub(crate) use wrapper::{Fragments, Script, render};
