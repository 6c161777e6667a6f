//! What does the machine do to a run, and what does the run say of it? Reboots, other processes with a job's number, locks that
//! are left, disks, clocks, limits: each with the message that it gives, and counted from what the jobs themselves wrote.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anew;
mod clock;
mod disk;
mod doors;
mod guards;
mod scene;
