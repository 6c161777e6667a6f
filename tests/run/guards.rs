//! Which defects of other tools must not come back? Those that a library shows: each test is named for the one that it guards
//! against. The others are in `xqute-cli/tests/weather/guards.rs`, those of the original in `original.rs`.

use std::collections::BTreeMap;

use xqute::{Entries, Fact};

use crate::{run_of, workdir};

/// flux-core #4036: of ten thousand jobs that took no time, hundreds were called failed, because their end came before their
/// start was known.
#[tokio::test]
async fn flux_core_4036_of_ten_thousand_jobs_that_take_no_time_none_is_called_failed() {
    const JOBS: usize = 10_000;
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(64).build().unwrap();
    for _ in 0..JOBS {
        run.feed(["true"]).await.unwrap();
    }
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.succeeded, counts.total()), (JOBS, JOBS), "{counts}");
    // What is told of each, in the order in which it was told.
    let mut told: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for entry in Entries::open(workdir(&dir)).unwrap() {
        let entry = entry.unwrap();
        let word = match entry.fact {
            Fact::Started => "started",
            Fact::Ended { .. } => "ended",
            Fact::Failed { .. } | Fact::Excused { .. } => "failed",
            _ => continue,
        };
        told.entry(entry.index.unwrap()).or_default().push(word);
    }
    assert_eq!(told.len(), JOBS);
    for (job, told) in told {
        assert_eq!(told, ["started", "ended"], "job {job}");
    }
}
