//! How is a message told to people, as text?

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::path::Path;

use super::message::{Ended, Group, LongJob, Message};

impl Message {
    /// What it is about, in a line, with the work directory.
    pub(crate) fn subject(&self) -> String {
        format!("{} ({})", self.title(), self.workdir)
    }

    /// What it is about, in a line.
    pub(crate) fn title(&self) -> String {
        let Self { host, failed, long_jobs, other_long_jobs, ended, .. } = self;
        let long = long_jobs.len() as u64 + other_long_jobs;
        let what = match ended {
            Some(Ended { success: true, .. }) => "the run has succeeded".to_owned(),
            Some(Ended { stopped: Some(why), .. }) => format!("the run was {why}"),
            Some(ended) => format!("the run has ended: {}", without_success(ended)),
            None if *failed > 0 => format!("{} failed", jobs(*failed)),
            None => format!(
                "{} for long",
                if long == 1 { "1 job runs".to_owned() } else { format!("{long} jobs run") }
            ),
        };
        format!("xqute on {host}: {what}")
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let Self { host, workdir, run, created, .. } = self;
        if let Some(ended) = &self.ended {
            writeln!(text, "{}\n", ended.text)?;
        }
        if self.failed > 0 {
            let since = if self.ended.is_some() { " since the last message" } else { "" };
            writeln!(text, "{} failed{since}:\n", jobs(self.failed))?;
        }
        self.failures.iter().try_for_each(|it| it.write(text))?;
        if self.other_failures > 0 {
            let see = see(&["status", "--failed"], Path::new(workdir));
            writeln!(text, "{} otherwise; all: {see}\n", jobs(self.other_failures))?;
        }
        self.long_jobs.iter().try_for_each(|it| it.write(text))?;
        if self.other_long_jobs > 0 {
            writeln!(text, "and {} more that run for long", self.other_long_jobs)?;
        }
        write!(text, "\nRun {run} on {host}, in {workdir}; {}\n", xqute::utc(*created))
    }
}

impl Group {
    /// Which jobs, and why they failed, in a line.
    pub(crate) fn headline(&self) -> String {
        let Self { jobs: count, cause, index, command, .. } = self;
        let name = named(self.name.as_deref());
        match count {
            1 => format!("job {index}{name}: {cause}: {command}"),
            _ => format!("{}: {cause}, e.g. job {index}{name}: {command}", jobs(*count)),
        }
    }

    /// Which others of the group there are, in a line, if there are some.
    pub(crate) fn others(&self) -> Option<String> {
        let named: Vec<String> = self.also.iter().map(ToString::to_string).collect();
        let more = self.jobs.saturating_sub(1 + named.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| format!("also: {}{more}", named.join(", ")))
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "{}", self.headline())?;
        self.stderr.iter().try_for_each(|line| writeln!(text, "    | {line}"))?;
        self.others().iter().try_for_each(|line| writeln!(text, "    {line}"))?;
        writeln!(text, "    see: {}\n", self.see)
    }
}

impl LongJob {
    /// Which job, and for how long it has run, in a line.
    pub(crate) fn headline(&self) -> String {
        let Self { index, name, command, seconds } = self;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!(
            "job {index}{} runs for {hours}:{minutes:02}:{:02}: {command}",
            named(name.as_deref()),
            seconds % 60
        )
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "{}", self.headline())
    }
}

fn named(name: Option<&str>) -> String {
    name.map(|it| format!(" ({it})")).unwrap_or_default()
}

/// What became of the jobs that did not succeed.
fn without_success(ended: &Ended) -> String {
    let all = [
        (ended.failed, "failed"),
        (ended.killed, "killed"),
        (ended.cancelled, "cancelled"),
        (ended.failed_before, "failed before"),
    ];
    let told: Vec<String> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    told.join(", ")
}

/// A number of jobs.
pub(super) fn jobs(count: u64) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}

/// A command of xqute about this work directory.
pub(super) fn see(words: &[&str], workdir: &Path) -> String {
    let words = ["xqute"].iter().chain(words).chain(&["-w"]).map(OsStr::new).chain([workdir.as_os_str()]);
    let words: Vec<String> =
        words.map(|it| String::from_utf8_lossy(&xqute::script::word(it)).into_owned()).collect();
    words.join(" ")
}
