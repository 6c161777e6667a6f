//! What does a job cost when there is nothing to run? A run on the null backend: journal, life-cycle and hooks stay in the
//! path. `null-run JOBS [FORKS] [IMPLEMENTATIONS]` prints microseconds and allocations a job, and the peak of memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use xqute::Xqute;
use xqute::backend::Null;
use xqute_benches::plugins;

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator that counts")]
// SAFETY: all is the system's doing; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse::<usize>());
    let (Some(Ok(jobs)), forks, implementations) = (
        numbers.next(),
        numbers.next().and_then(Result::ok).unwrap_or(64),
        numbers.next().and_then(Result::ok).unwrap_or(0),
    ) else {
        println!("usage: null-run JOBS [FORKS] [IMPLEMENTATIONS of each hook: 0 to 16]");
        return ExitCode::from(2);
    };
    let workdir = std::env::temp_dir().join(format!("xqute-null-run-{}", std::process::id()));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (begun, allocated) = (Instant::now(), ALLOCATIONS.load(Relaxed));
    let summary = runtime.block_on(async {
        let builder = Xqute::builder().backend(Null::new()).forks(forks).workdir(&workdir);
        let run = builder.select(plugins::selection(implementations)).build()?;
        for _ in 0..jobs {
            run.feed(["true"]).await?;
        }
        run.run_until_complete().await
    });
    let (took, allocated) = (begun.elapsed(), ALLOCATIONS.load(Relaxed) - allocated);
    let removed = std::fs::remove_dir_all(&workdir);
    match (summary, removed) {
        (Ok(summary), Ok(())) if summary.counts.succeeded == jobs => {
            let a_job = |total: f64| total / jobs as f64;
            println!(
                "jobs {jobs} forks {forks} implementations {implementations}: {:.2} us a job, {:.2} allocations a job, peak {} MB",
                a_job(took.as_secs_f64() * 1e6),
                a_job(allocated as f64),
                peak_memory() / 1_000_000,
            );
            ExitCode::SUCCESS
        }
        other => {
            println!("{other:?}");
            ExitCode::FAILURE
        }
    }
}

/// The most resident memory that this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() * 1024
}
