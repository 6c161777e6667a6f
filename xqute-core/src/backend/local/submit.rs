//! How are jobs handed to a supervisor, and to the next one where that is lost meanwhile? Each is started once, or not at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::link::{About, Answer as Said};
use super::log::{Fate, History};
use super::orphans::recorded;
use super::record::Attempt;
use super::stranger::Stranger;
use super::{Shared, start};
use crate::backend::{Accepted, Process, Refused, Submission};

/// How often in a row a supervisor may be lost while jobs are submitted.
const TRIES: usize = 3;
/// How long this program may have too many files open while none of its jobs runs, whose end would close some.
const PATIENCE: Duration = Duration::from_secs(3);

impl Shared {
    /// Has jobs started. A supervisor that is lost meanwhile is followed by another, which starts those that the first had not.
    pub(super) async fn submit(self: &Arc<Self>, jobs: &[Submission]) -> Vec<Result<Accepted, Refused>> {
        let mut answers: Vec<Option<Result<Accepted, Refused>>> = jobs.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..jobs.len()).collect();
        let mut is_short = false;
        for again in 0..TRIES {
            let Some(first) = open.first() else { break };
            let link = match self.link(jobs[*first].files.workdir()).await {
                Ok(link) => link,
                Err(error) => {
                    is_short |= error.raw_os_error() == Some(libc::EMFILE);
                    let why = start::unreached(jobs[*first].files.workdir(), &error);
                    open.drain(..).for_each(|at| answers[at] = Some(Err(why.clone())));
                    break;
                }
            };
            if again > 0 {
                // Only now no process of the one before is about to become a job.
                open = self.settle(jobs, open, &mut answers).await;
            }
            // Only now: who has another way than before knows of the orphans.
            if self.has_orphans.load(Ordering::Acquire) {
                open.retain(|at| jobs[*at].at_once.is_none());
            }
            let mut requests = Vec::new();
            open.retain(|at| match start::ask(&jobs[*at], &mut requests) {
                Ok(()) => true,
                Err(why) => {
                    answers[*at] = Some(Err(why));
                    false
                }
            });
            let asked = link.ask(&requests, About::Starts, open.len());
            let mut lost = Vec::new();
            for (at, answer) in open.into_iter().zip(asked) {
                match answer.await {
                    Ok(Said::Started(accepted)) => answers[at] = Some(Ok(accepted)),
                    Ok(Said::Refused(why)) => {
                        is_short |= why.errno == libc::EMFILE;
                        answers[at] = Some(Err(start::refused(&jobs[at], why)));
                    }
                    Ok(Said::Withdrawn) => answers[at] = Some(Err(Refused::Withdrawn)),
                    Ok(Said::Signalled) | Err(_) => lost.push(at),
                }
            }
            open = self.settle(jobs, lost, &mut answers).await;
        }
        let lost = || Err(Refused::Later("its supervisor is lost again and again".to_owned()));
        let starves = self.starves(is_short).await;
        let answers = answers.into_iter().zip(jobs);
        let told = |(answer, job): (Option<_>, &Submission)| match answer {
            Some(answer) => start::at_last(answer, starves),
            None if job.at_once.is_some() => Err(Refused::Withdrawn),
            None => start::at_last(lost(), starves),
        };
        answers.map(told).collect()
    }

    /// Whether to wait for open files is in vain.
    async fn starves(&self, is_short: bool) -> bool {
        let mut starved = self.starved.lock().await;
        *starved = starved.or_else(|| Some(Instant::now())).filter(|_| is_short && !self.jobs.has_live());
        starved.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Answers those of these jobs that a supervisor has started that did not come to say so. Gives the others.
    async fn settle(
        self: &Arc<Self>,
        jobs: &[Submission],
        mut open: Vec<usize>,
        answers: &mut [Option<Result<Accepted, Refused>>],
    ) -> Vec<usize> {
        if let Some(first) = open.first() {
            let history = recorded(jobs[*first].files.workdir()).await;
            open.retain(|at| {
                answers[*at] = self.inherited(&jobs[*at], &history).map(Ok);
                answers[*at].is_none()
            });
        }
        open
    }

    fn inherited(self: &Arc<Self>, job: &Submission, history: &History) -> Option<Accepted> {
        let attempt = Attempt::new(&job.run, job.index, job.attempt);
        let known = history.get(attempt).filter(|it| !matches!(it.fate, Some(Fate::NotExecuted(_))))?;
        let start = Stranger::find(known.pid, known.start).map_or(known.start, |it| it.start);
        let process = Process { pid: known.pid, start };
        let accepted = self.jobs.adopt(attempt, process, true);
        self.follow(job.files.workdir(), (accepted.jid.clone(), attempt, process), history);
        Some(accepted)
    }
}
