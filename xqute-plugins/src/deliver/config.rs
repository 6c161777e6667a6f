//! What can those who are told be told of?

use std::time::Duration;

/// What is spoken of, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Speak {
    /// Of jobs that failed for good.
    pub(crate) failures: bool,
    /// Of the end of the run.
    pub(crate) done: bool,
    /// Of jobs that run for longer.
    pub(crate) long_jobs: Option<Duration>,
    /// So long failures are gathered, from the first, before they are told.
    pub(crate) digest: Duration,
    /// The most messages in any hour, that of the end not counted.
    pub(crate) per_hour: u32,
    /// How long the end of the run waits for what is not delivered.
    pub(crate) drain: Duration,
}

/// The defaults of what all of these plugins are configured with.
impl Default for Speak {
    fn default() -> Self {
        Self {
            failures: true,
            done: true,
            long_jobs: None,
            digest: Duration::from_secs(60),
            per_hour: 30,
            drain: Duration::from_secs(10),
        }
    }
}

/// A plugin's configuration: its own fields, and those that all have who deliver messages. (`#[serde(flatten)]` would accept keys
/// that nobody knows.)
macro_rules! config {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$doc:meta])* pub $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$about])*
        #[xqute::config]
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
            /// Whether jobs that failed for good are told, in digests. Default: true.
            pub failures: bool,
            /// Whether the end of the run is told. Default: true.
            pub done: bool,
            /// Jobs that run for longer than this are told once, while they run. Default: none are.
            pub long_jobs: Option<xqute::units::Time>,
            /// What happens within this time of the first failure is one message. Default: `"1m"`.
            pub digest: xqute::units::Time,
            /// The most messages in any hour, that of the run's end not counted; what is beyond is in the next digest. Default: 30.
            pub per_hour: u32,
            /// How long the end of the run waits for what is not delivered yet. Default: `"10s"`.
            pub drain: xqute::units::Time,
        }

        impl Default for $name {
            fn default() -> Self {
                let crate::deliver::Speak { failures, done, long_jobs, digest, per_hour, drain } =
                    Default::default();
                let (long_jobs, digest, drain) =
                    (long_jobs.map(xqute::units::Time), xqute::units::Time(digest), xqute::units::Time(drain));
                Self { $($field: $default,)* failures, done, long_jobs, digest, per_hour, drain }
            }
        }

        impl $name {
            fn speak(&self) -> crate::deliver::Speak {
                crate::deliver::Speak {
                    failures: self.failures,
                    done: self.done,
                    long_jobs: self.long_jobs.map(|it| it.0),
                    digest: self.digest.0,
                    per_hour: self.per_hour,
                    drain: self.drain.0,
                }
            }
        }
    };
}
pub(crate) use config;
