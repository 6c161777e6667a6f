//! How does a trace look? A block for the run, one for each job, and its end.

use std::fmt::Write;

use xqute_plugin_trace::Call;

use crate::Played;
use crate::check::read;

/// Calls as they came, for whoever looks for a mistake.
pub fn calls<'a>(calls: impl IntoIterator<Item = &'a Call>) -> String {
    let mut out = String::new();
    for Call { hook, job, seen, said, counter } in calls {
        let job = job.as_ref().map_or_else(|| "the run".to_owned(), |job| format!("job {}", job.index()));
        let counter = counter.map(|it| format!(" poll {it}")).unwrap_or_default();
        line(&mut out, hook, &format!("{job}: {seen}{said}{counter}"));
    }
    out
}

/// All blocks of a scenario.
pub fn all(name: &str, played: &Played) -> String {
    let mut out = format!("=== {name}, {}\n", if played.wrapped { "wrapped" } else { "direct" });
    for job in 0..played.jobs() {
        writeln!(out, "--- job {job}").unwrap();
        for call in played.of_job(job).iter().filter(|call| call.hook != "on_job_polling") {
            line(&mut out, call.hook, &format!("{}{}", call.seen, call.said));
        }
        files(&mut out, played, job);
    }
    writeln!(out, "--- run").unwrap();
    for call in played.calls.iter().filter(|call| call.job.is_none()) {
        line(&mut out, call.hook, &call.seen);
    }
    line(&mut out, "attempts", &played.summary.attempts.to_string());
    line(&mut out, "counts", &played.summary.counts.to_string());
    let stopped = played.summary.stopped.map_or_else(|| "no".to_owned(), |it| it.to_string());
    line(&mut out, "stopped", &stopped);
    out.push('\n');
    out
}

fn line(out: &mut String, what: &str, told: &str) {
    writeln!(out, "{what:<18} {told}").unwrap();
}

/// What each attempt has left: exit code, status, and what the fragments of its script said.
fn files(out: &mut String, played: &Played, job: usize) {
    let (attempts, files) = (played.attempts(job), played.files(job));
    if attempts.is_empty() {
        line(out, "no attempt", "no files");
    }
    for (nth, directory) in attempts.iter().enumerate() {
        let mut told =
            format!("rc {} status {}", read(directory, &files.rc()), read(directory, &files.status()));
        if played.wrapped {
            let log = read(directory, &files.script_log()).replace('\n', ", ");
            write!(told, " script: {log}").unwrap();
        }
        line(out, &format!("attempt {nth}"), &told);
    }
}
