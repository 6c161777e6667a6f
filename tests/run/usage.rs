//! What did a job use of its machine, as hooks and the summary tell it?

use std::time::Duration;

use xqute::{JobSpec, Moment, Outcome, PeakMemory, RetryPolicy, Usage};

use crate::plugins::gauge::Gauge;
use crate::run_of;
use crate::stage::{rest, until};

/// Ends when the system says that it has used a tenth of a second: fields 14 and 15 are in hundredths.
const BURNS: &str = "while :; do read -ra it </proc/$$/stat; (( it[13] + it[14] < 10 )) || exit $1; done";

#[tokio::test]
async fn cpu_time_is_told_at_each_end_and_adds_up() {
    for wrapped in [false, true] {
        let (_dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let run = builder.forks(2).build().unwrap();
        let mut events = run.events();
        run.feed(["bash", "-c", BURNS, "bash", "0"]).await.unwrap();
        let again = RetryPolicy::new(1).delay(Duration::ZERO);
        run.feed(JobSpec::new(["bash", "-c", BURNS, "bash", "7"]).retry(again)).await.unwrap();
        run.feed(["true"]).await.unwrap();
        run.feed(["no-such-program"]).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        let told = rest(&mut events).await;
        let ends = |moment| matches!(moment, Moment::Succeeded | Moment::Failed);
        let all: Vec<_> = told.iter().filter(|(moment, _)| ends(*moment)).map(|(_, job)| job).collect();
        let burnt: Vec<Duration> =
            all.iter().filter(|job| job.index() < 2).map(|job| job.usage().unwrap().cpu()).collect();
        assert_eq!(burnt.len(), 3);
        assert!(burnt.iter().all(|it| *it >= Duration::from_millis(90)), "{burnt:?}");
        let sum: Duration = all.iter().filter_map(|job| job.usage()).map(Usage::cpu).sum();
        assert_eq!(summary.cpu, sum, "wrapped: {wrapped}");
        let nobody = all.iter().filter(|job| job.usage().is_none()).count();
        assert_eq!(nobody, usize::from(!wrapped), "what never started used nothing");
        let started = told.iter().filter(|(moment, _)| *moment == Moment::Started);
        assert!(started.clone().count() >= 4 && started.clone().all(|(_, job)| job.usage().is_none()));
    }
}

/// Its hooks may still be running: what they count comes later.
#[tokio::test]
async fn a_gate_reads_each_end_that_made_room_for_it() {
    let (_dir, builder) = run_of(&["gauge"]);
    let run = builder.forks(1).build().unwrap();
    for _ in 0..4 {
        run.feed(["bash", "-c", BURNS, "bash", "7"]).await.unwrap();
    }
    run.run_until_complete().await.unwrap();
    let read = run.run().state::<Gauge>().unwrap().0.lock().unwrap();
    let ended: Vec<_> = read.iter().map(|(index, progress)| (*index, progress.counts.ended())).collect();
    assert_eq!(ended, [(0, 0), (1, 1), (2, 2), (3, 3)]);
    for ((_, progress), jobs) in read.iter().zip(0..) {
        assert!(progress.cpu >= Duration::from_millis(90) * jobs, "{progress:?}");
    }
}

#[tokio::test]
async fn a_small_jobs_memory_is_a_bound_and_a_large_ones_is_exact() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let mut events = run.events();
    run.feed(["true"]).await.unwrap();
    let small = until(&mut events, 0, Moment::Succeeded).await;
    let peak = small.usage().unwrap().peak_memory;
    let PeakMemory::AtMost(bound) = peak else { panic!("`true` is said to have held {peak}") };
    assert!(bound <= own_peak(), "{bound}");
    assert!(peak.to_string().starts_with("<="), "{peak}");
    // More than this process holds: a buffer that is read into.
    let bytes = own_peak() + (64 << 20);
    let size = format!("bs={bytes}");
    run.feed(["dd", "if=/dev/zero", "of=/dev/null", "count=1", "iflag=fullblock", &size]).await.unwrap();
    let large = until(&mut events, 1, Moment::Succeeded).await;
    assert_eq!(large.outcome(), Some(&Outcome::Succeeded));
    let peak = large.usage().unwrap().peak_memory;
    assert!(matches!(peak, PeakMemory::Exactly(held) if held >= bytes), "{peak} of {bytes}");
    assert!(run.run_until_complete().await.unwrap().is_success());
}

/// The most that this process has held.
fn own_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}
