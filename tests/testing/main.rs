//! The test kit, tested: plugins that veto, judge, hang and panic, each alone, in virtual time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ends;
mod plugins;
mod random;
mod text;
mod time;
mod told;

use std::time::Duration;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
