//! Which jobs is a rule for? By index, name, tag and environment, as a plugin's configuration says it.
//!
//! ```
//! use xqute::{BoxError, Job, JobSpec, Run, Submit, Xqute, backend::Null, hook};
//! use xqute_plugins::filter::Filter;
//!
//! xqute::plugin!(name = "choose", enabled = false);
//!
//! #[hook]
//! fn on_init(run: &Run) -> Result<(), BoxError> {
//!     Ok(run.init_state(run.config::<Filter>("choose")?.unwrap_or_default())?)
//! }
//!
//! #[hook]
//! fn on_job_submitting(run: &Run, job: &Job) -> Submit {
//!     match run.state::<Filter>() {
//!         Some(filter) if !filter.matches(job) => Submit::veto("it is not among those that were chosen"),
//!         _ => Submit::Proceed,
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     # let dir = std::env::temp_dir().join(format!("xqute-filter-{}", std::process::id()));
//!     # let work = || dir.clone();
//!     // What a file says as [plugins.choose]
//!     let filter: Filter = toml::from_str(
//!         r#"
//!         index = "0-9"
//!         name = ["train-*", "test-*"]
//!         env = { GPU = "[12]" }
//!         not = { tag = "broken" }
//!         "#,
//!     )?;
//!     let builder = Xqute::builder().workdir(work()).backend(Null::new());
//!     let xqute = builder.config("choose", filter).build()?;
//!     let job = |name: &str, gpu: &str| JobSpec::new(["true"]).name(name).env("GPU", gpu);
//!     xqute.feed(job("train-a", "1")).await?;
//!     xqute.feed(job("train-b", "3")).await?;
//!     xqute.feed(job("train-c", "2").tag("broken")).await?;
//!     xqute.feed(job("other", "1")).await?;
//!     let counts = xqute.run_until_complete().await?.counts;
//!     assert_eq!((counts.succeeded, counts.cancelled), (1, 3));
//!     # std::fs::remove_dir_all(dir)?;
//!     Ok(())
//! }
//! ```

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use xqute::Job;

pub use glob::{Glob, Globs};
pub use indices::{Indices, indices};

mod glob;
mod indices;
#[cfg(test)]
mod tests;

/// Which jobs: those of which all that is said here is true. One that says nothing takes every job.
#[xqute::config]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its index is among these: `"3,7-9"`, or a number. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Indices>,
    /// Its name is one of these, each a pattern as `train-*`; a job without a name has none of them. A text or a list. Default: any, or none.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub name: Globs,
    /// One of its tags is one of these, each a pattern. A text or a list. Default: any, or none.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub tag: Globs,
    /// These variables were given to the job (`-e`), with a value that the pattern is like;
    /// `"*"`: with any. What a job inherits from the program is not asked. Default: any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Glob>,
    /// Not those jobs of which all of this is true. Default: no exception.
    #[serde(deserialize_with = "exception", skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Self>>,
}

impl Filter {
    /// Whether it means this job.
    #[must_use]
    pub fn matches(&self, job: &Job) -> bool {
        self.takes(&Facts {
            index: job.index(),
            name: job.name(),
            tags: &|globs| job.tags().any(|it| globs.have(it)),
            env: &|name| job.env(name),
        })
    }

    /// Whether it says nothing, and so means every job.
    #[must_use]
    pub fn is_every_job(&self) -> bool {
        *self == Self::default()
    }

    fn takes(&self, job: &Facts<'_>) -> bool {
        self.index.as_ref().is_none_or(|it| it.contains(job.index))
            && (self.name.is_empty() || job.name.is_some_and(|it| self.name.have(it)))
            && (self.tag.is_empty() || (job.tags)(&self.tag))
            && self.env.iter().all(|(name, glob)| {
                (job.env)(name.as_ref()).is_some_and(|value| glob.is_like(&value.to_string_lossy()))
            })
            && !self.not.as_ref().is_some_and(|it| it.takes(job))
    }
}

/// What a filter asks of a job.
struct Facts<'a> {
    index: usize,
    name: Option<&'a str>,
    tags: &'a dyn Fn(&Globs) -> bool,
    env: &'a dyn Fn(&OsStr) -> Option<&'a OsStr>,
}

/// An exception that says something: an empty one would be of all jobs, and the rule for none.
fn exception<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Filter>>, D::Error> {
    let filter = Box::<Filter>::deserialize(deserializer)?;
    if filter.is_every_job() {
        return Err(D::Error::custom("`not` is empty, and so excepts every job: say which, or leave it out"));
    }
    Ok(Some(filter))
}
