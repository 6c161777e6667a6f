//! Does what the guide says compile and run? `docs/guide/` as documentation tests, and the run that their snippets are shown in.

use std::path::Path;

use xqute::{BoxError, Summary, Xqute, XquteBuilder};

#[doc = include_str!("../../docs/guide/plugins.md")]
pub mod plugins {}

#[cfg(feature = "examples")]
#[doc = include_str!("../../docs/guide/examples.md")]
pub mod examples {}

/// A run with these plugins alone, in a directory of its own: `echo hello`, a job that fails, and `echo bye`, one after the other.
///
/// # Errors
///
/// What [`Xqute`] says, and what keeps it from having a directory.
pub fn run(plugins: &[&str]) -> Result<Summary, BoxError> {
    run_as(plugins, |it| it)
}

/// The same, with a builder that is changed first.
///
/// # Errors
///
/// What [`Xqute`] says, and what keeps it from having a directory.
pub fn run_as(
    plugins: &[&str],
    change: impl FnOnce(XquteBuilder) -> XquteBuilder,
) -> Result<Summary, BoxError> {
    run_in(tempfile::tempdir()?.path(), plugins, change)
}

/// The same, in this directory.
///
/// # Errors
///
/// What [`Xqute`] says, and what keeps it from having a directory.
pub fn run_in(
    directory: &Path,
    plugins: &[&str],
    change: impl FnOnce(XquteBuilder) -> XquteBuilder,
) -> Result<Summary, BoxError> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let builder = Xqute::builder().workdir(directory.join("work")).select(plugins.iter().copied());
        let xqute = change(builder).build()?;
        for job in [["echo", "hello"], ["ls", "/nowhere"], ["echo", "bye"]] {
            xqute.feed(job).await?;
        }
        Ok(xqute.run_until_complete().await?)
    })
}
