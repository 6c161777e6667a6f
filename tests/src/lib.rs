//! What do the tests share?

pub mod ledger;
pub mod outside;
