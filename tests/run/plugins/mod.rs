//! Which plugins do several files of these tests share, beside those of `hooks.rs`?

pub(crate) mod acts;
pub(crate) mod gauge;
pub(crate) mod keeps;
pub(crate) mod page;
