//! What survives? The work directory and what is in it.

mod workdir;

pub use workdir::WorkDirError;
pub(crate) use workdir::{WorkDir, make_metadir};
