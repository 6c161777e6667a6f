//! How are times and sizes written in a plugin's configuration? As [`Time`] and [`Size`], which are read as the command line reads them.
//!
//! ```
//! use std::time::Duration;
//! use xqute::units::{Size, Time, duration, size};
//!
//! #[xqute::config]
//! pub struct Config {
//!     /// How long it waits.
//!     pub wait: Time,
//!     /// The largest file that it sends. Default: any.
//!     pub largest: Option<Size>,
//! }
//!
//! impl Default for Config {
//!     fn default() -> Self {
//!         Self { wait: Time::secs(30), largest: None }
//!     }
//! }
//!
//! // What `wait = "1m30s"` and `largest = "2K"` are read as:
//! assert_eq!(duration("1m30s").map(Time), Ok(Time(Duration::from_secs(90))));
//! assert_eq!(size("2K").map(Size), Ok(Size(2048)));
//! ```

pub use xqute_core::units::{Size, Time, duration, size};
