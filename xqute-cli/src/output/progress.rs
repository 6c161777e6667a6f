//! How far is the run? A thread looks from time to time, and the run pays nothing for it.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use xqute::Xqute;

use super::{Progress, screen};

/// A line that is drawn over is drawn so often.
const REDRAWN: Duration = Duration::from_millis(100);
/// A shorter run draws nothing.
const FIRST_DRAWN: Duration = Duration::from_millis(500);
/// Jobs that ended so long ago count little for the rate.
const MEMORY: f64 = 10.0;
/// No estimate is told beyond a year, in seconds.
const LONGEST: f64 = 365.0 * 86_400.0;

/// How many jobs end in a second, lately.
#[derive(Debug, Default)]
struct Pace {
    at: f64,
    done: usize,
    rate: f64,
}

impl Pace {
    /// `done` jobs have ended, `at` seconds after the start.
    fn now(&mut self, at: f64, done: usize) -> f64 {
        let passed = at - self.at;
        if passed > 0.0 {
            let new = done.saturating_sub(self.done) as f64 / passed;
            // In the beginning all that there is counts alike.
            let share = (passed / at).max(1.0 - (-passed / MEMORY).exp());
            self.rate += share * (new - self.rate);
            (self.at, self.done) = (at, done);
        }
        self.rate
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
struct State {
    done: usize,
    total: Option<usize>,
    running: usize,
    held: usize,
    failed: usize,
    cancelled: usize,
    rate: f64,
}

impl State {
    fn of(now: &xqute::Progress, rate: f64) -> Self {
        let counts = now.counts;
        Self {
            done: counts.total() - counts.cancelled,
            total: (!now.is_feeding).then_some(now.fed),
            running: now.live,
            held: now.held,
            failed: counts.failed + counts.killed,
            cancelled: counts.cancelled,
            rate,
        }
    }

    /// As a line that is drawn over: `120/5000 · 8 running · 3 failed · 40/s · 95 s left`.
    fn short(&self) -> String {
        let total = self.total.map_or_else(|| "?".to_owned(), |total| total.to_string());
        self.list(format!("{}/{total}", self.done), " · ")
    }

    /// As a line of its own: `1200 of 5000 jobs done, 8 running, 3 failed, 40/s, 95 s left`.
    fn long(&self) -> String {
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let plural = if self.total.unwrap_or(self.done) == 1 { "" } else { "s" };
        self.list(format!("{}{of} job{plural} done", self.done), ", ")
    }

    fn list(&self, mut text: String, between: &str) -> String {
        // Writing to a text cannot fail.
        let _ = write!(text, "{between}{} running", self.running);
        for (count, word) in [(self.held, "held"), (self.failed, "failed"), (self.cancelled, "cancelled")] {
            if count > 0 {
                let _ = write!(text, "{between}{count} {word}");
            }
        }
        if self.rate > 0.0 {
            let _ = write!(text, "{between}{}", pace(self.rate));
        }
        if let Some(left) = self.left() {
            let _ = write!(text, "{between}{} left", span(left));
        }
        text
    }

    /// In seconds.
    fn left(&self) -> Option<f64> {
        let left = self.total?.checked_sub(self.done + self.cancelled).filter(|left| *left > 0)?;
        // Where nothing has ended for long, nobody knows.
        (self.rate > 0.0).then(|| left as f64 / self.rate).filter(|it| *it < LONGEST)
    }
}

fn pace(rate: f64) -> String {
    match rate {
        10.0.. => format!("{rate:.0}/s"),
        0.1.. => format!("{rate:.1}/s"),
        0.01.. => format!("{:.1}/min", rate * 60.0),
        _ => format!("{:.1}/h", rate * 3600.0),
    }
}

fn span(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{:.0} s", seconds.ceil()),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// What fits into a line of the terminal, less the last column, at which some terminals begin a new line.
pub(super) fn cut(line: &str, columns: usize) -> String {
    line.chars().take(columns.saturating_sub(1)).collect()
}

pub(super) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}

/// How the progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// In one line, drawn over.
    Drawn,
    /// A line now and then: after 10 s, 20 s, 40 s, then each minute.
    Rarely,
    /// A line each second.
    Often,
}

impl Manner {
    fn of(progress: Progress) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match progress {
            Progress::Never => None,
            _ if io::stderr().is_terminal() && !dumb => Some(Self::Drawn),
            Progress::Auto => Some(Self::Rarely),
            Progress::Always => Some(Self::Often),
        }
    }

    /// How long until the next look, after so many.
    fn wait(self, looks: u32) -> Duration {
        match (self, looks) {
            (Self::Drawn, 0) => FIRST_DRAWN,
            (Self::Drawn, _) => REDRAWN,
            (Self::Rarely, 0 | 1) => Duration::from_secs(10),
            (Self::Rarely, 2) => Duration::from_secs(20),
            (Self::Rarely, 3) => Duration::from_secs(40),
            (Self::Rarely, _) => Duration::from_secs(60),
            (Self::Often, _) => Duration::from_secs(1),
        }
    }
}

/// The thread that shows the progress. Dropped, it ends, and its line is gone.
#[derive(Debug)]
pub(crate) struct Drawer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drawer {
    /// `None`: nothing is to be shown, or no thread can be had. The run does without.
    pub(super) fn start(progress: Progress, run: &Xqute) -> Option<Self> {
        let manner = Manner::of(progress)?;
        let (stop, stopped) = mpsc::channel();
        let run = run.clone();
        let show = move || show(manner, &run, &stopped);
        let thread = thread::Builder::new().name("xqute-progress".to_owned()).spawn(show).ok()?;
        Some(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drawer {
    /// Does not wait for the thread, which may be writing to a terminal that takes nothing.
    pub(crate) fn leave(mut self) {
        self.thread = None;
    }
}

impl Drop for Drawer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It never waits for its turn on the screen. A panic there has been told, and costs no job.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn show(manner: Manner, run: &Xqute, stopped: &mpsc::Receiver<()>) {
    let start = Instant::now();
    let mut pace = Pace::default();
    let mut looks = 0;
    while stopped.recv_timeout(manner.wait(looks)) == Err(RecvTimeoutError::Timeout) {
        looks = looks.saturating_add(1);
        let now = run.run().progress();
        // Those that an earlier run has ended cost this one no time.
        let state = State::of(&now, pace.now(start.elapsed().as_secs_f64(), now.counts.ended()));
        match manner {
            Manner::Drawn => screen::draw(&cut(&state.short(), columns())),
            Manner::Rarely | Manner::Often => screen::say(format_args!("{}", state.long())),
        }
    }
    screen::clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_told_in_a_line() {
        let near = State { done: 2, total: None, running: 2, held: 0, failed: 1, cancelled: 0, rate: 0.0 };
        assert_eq!(near.short(), "2/? · 2 running · 1 failed");
        assert_eq!(near.long(), "2 jobs done, 2 running, 1 failed");
        let known = State { total: Some(5), rate: 0.5, held: 1, cancelled: 1, ..near };
        assert_eq!(known.short(), "2/5 · 2 running · 1 held · 1 failed · 1 cancelled · 0.5/s · 4 s left");
        let far =
            State { done: 1200, total: Some(5000), running: 8, held: 0, failed: 3, cancelled: 0, rate: 40.0 };
        assert_eq!(far.long(), "1200 of 5000 jobs done, 8 running, 3 failed, 40/s, 95 s left");
        let stuck = State { rate: 1e-18, ..far };
        assert!(!stuck.long().contains("left"), "{}", stuck.long());
    }

    #[test]
    fn numbers_stay_short() {
        assert_eq!([123_456.7, 2.5, 0.05, 0.001].map(pace), ["123457/s", "2.5/s", "3.0/min", "3.6/h"]);
        let told = ["2 s", "2 min", "2.0 h", "3.0 days"];
        assert_eq!([1.2, 120.0, 7200.0, 259_200.0].map(span), told);
    }

    #[test]
    fn the_rate_is_the_mean_at_first_and_then_follows() {
        let mut pace = Pace::default();
        assert!((pace.now(1.0, 10) - 10.0).abs() < 1e-9);
        assert!((pace.now(2.0, 40) - 20.0).abs() < 1e-9, "{pace:?}");
        for second in 3..100 {
            pace.now(f64::from(second), 40);
        }
        assert!(pace.rate < 0.1, "{pace:?}");
        assert!((pace.now(99.0, 40) - pace.rate).abs() < 1e-9, "no time has passed");
    }

    #[test]
    fn lines_of_their_own_become_rare() {
        let times: Vec<u64> = (0..6)
            .scan(0, |at, looks| {
                *at += Manner::Rarely.wait(looks).as_secs();
                Some(*at)
            })
            .collect();
        assert_eq!(times, [10, 20, 40, 80, 140, 200]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_at_a_character() {
        assert_eq!(cut("1/2 · 3", 6), "1/2 ·");
        assert_eq!(cut("1/2", 80), "1/2");
    }
}
