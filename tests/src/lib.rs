//! What do the tests share?

pub mod outside;
