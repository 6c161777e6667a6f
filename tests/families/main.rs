//! Are hooks of a family of one's own as good as the engine's? Declared anywhere, re-exported, renamed, called.

mod across;
mod alike;
mod own;
mod targets;

use std::path::Path;

use xqute_tests::outside::Outside;

/// A package outside of the workspace. It is beside those of the linking tests, so that both build the dependencies once.
fn package(name: &str, files: &[(&str, &str)]) -> Outside {
    Outside::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking").join(name), files)
}
