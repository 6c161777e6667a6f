//! What is the backend being asked? One observation and one kill at a time, and one submission unless it looks ahead; each until
//! it has answered, whatever else happens meanwhile.

use std::future::{poll_fn, ready};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::dispatcher::Dispatcher;
use crate::backend::{
    Accepted, Backend, Found, Jid, Kill, Left, Observation, Refused, Submission, Unreachable,
};

/// A question that has not been answered yet.
type Question<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the scheduler said to each job.
pub(super) type Submitted = Vec<(usize, Result<Accepted, Refused>)>;

/// The first wait after a scheduler could not be asked; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a last kill may take, when a run is left at once.
const LAST_KILL: Duration = Duration::from_secs(2);

/// The questions to the backend: under way, and to be asked next.
pub(super) struct Questions {
    backend: Arc<dyn Backend>,
    to_submit: Vec<Submission>,
    to_kill: Vec<(Jid, Kill)>,
    submitting: Option<Question<Submitted>>,
    /// Jobs given ahead, in their order.
    ahead: Vec<Question<Submitted>>,
    /// What has not started is to be taken back.
    withdraws: bool,
    withdrawing: Option<Question<()>>,
    killing: Option<Question<()>>,
    observing: Option<Question<Result<Vec<Observation>, Unreachable>>>,
    recovering: Option<Question<Result<Vec<Found>, Unreachable>>>,
    /// What earlier runs left, until the scheduler has told what became of it.
    to_recover: Arc<[Left]>,
    workdir: Arc<Path>,
    /// How often in a row the scheduler could not be asked.
    unreachable: u32,
}

/// What was answered.
pub(super) enum Answered {
    Submitted(Submitted),
    Seen(Vec<Observation>),
    Recovered(Vec<Found>),
    /// Nothing that the dispatcher wants to know.
    Nothing,
}

impl Questions {
    /// `left`: what earlier runs left in the work directory. That is asked first.
    pub(super) fn new(backend: Arc<dyn Backend>, workdir: Arc<Path>, left: Vec<Left>) -> Self {
        Self {
            backend,
            to_submit: Vec::new(),
            to_kill: Vec::new(),
            submitting: None,
            ahead: Vec::new(),
            withdraws: false,
            withdrawing: None,
            killing: None,
            observing: None,
            recovering: None,
            to_recover: left.into(),
            workdir,
            unreachable: 0,
        }
    }

    pub(super) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    pub(super) fn submit(&mut self, job: Submission) {
        match job.at_once {
            None => self.to_submit.push(job),
            Some(_) => self.ahead.push(Box::pin(submit(Arc::clone(&self.backend), vec![job]))),
        }
    }

    pub(super) fn withdraw(&mut self) {
        self.withdraws = true;
    }

    pub(super) fn kill(&mut self, jid: Jid, how: Kill) {
        self.to_kill.push((jid, how));
    }

    /// What was not submitted yet never will be.
    pub(super) fn forget_submissions(&mut self) {
        self.to_submit.clear();
    }

    /// Whether nothing is under way that somebody must hear the answer of.
    pub(super) fn are_answered(&self) -> bool {
        self.submitting.is_none() && self.to_submit.is_empty() && self.ahead.is_empty()
    }

    /// Hands over what is to be submitted, as far as that needs no waiting.
    pub(super) fn submit_now(&mut self) {
        self.ask_to_submit();
        // Who waits for the answer later asks to be woken.
        let mut context = Context::from_waker(Waker::noop());
        for question in self.submitting.iter_mut().chain(&mut self.ahead) {
            if let Poll::Ready(answers) = question.as_mut().poll(&mut context) {
                *question = Box::pin(ready(answers));
            }
        }
    }

    fn ask_to_submit(&mut self) {
        if self.submitting.is_none() && !self.to_submit.is_empty() {
            let jobs = std::mem::take(&mut self.to_submit);
            self.submitting = Some(Box::pin(submit(Arc::clone(&self.backend), jobs)));
        }
    }

    /// Asks what there is to ask.
    pub(super) fn ask(&mut self, dispatcher: &Dispatcher) {
        self.ask_to_submit();
        if self.withdraws && self.withdrawing.is_none() {
            self.withdraws = false;
            self.withdrawing = Some(Box::pin(withdraw(Arc::clone(&self.backend))));
        }
        if self.killing.is_none() && !self.to_kill.is_empty() {
            let kills = std::mem::take(&mut self.to_kill);
            self.killing = Some(Box::pin(kill(Arc::clone(&self.backend), kills)));
        }
        if self.recovering.is_none() && !self.to_recover.is_empty() {
            let (backend, workdir) = (Arc::clone(&self.backend), Arc::clone(&self.workdir));
            let (left, wait) = (Arc::clone(&self.to_recover), wait(self.unreachable));
            self.recovering = Some(Box::pin(async move {
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                backend.recover(&workdir, &left).await
            }));
        }
        if self.observing.is_none() {
            let (backend, live, wait) =
                (Arc::clone(&self.backend), dispatcher.observed_jids(), wait(self.unreachable));
            if live.is_empty() {
                return;
            }
            self.observing = Some(Box::pin(async move {
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                backend.observe(&live).await
            }));
        }
    }

    /// The next answer. May be dropped at any time: the questions stay.
    pub(super) async fn answered(&mut self) -> Answered {
        tokio::select! {
            biased;
            // These first, for they wait for nobody else: however many jobs start and end, whoever wants no more is heard. And what is
            // taken back before what is killed, which would make room for it.
            () = answer(&mut self.withdrawing) => {
                self.withdrawing = None;
                Answered::Nothing
            }
            () = answer(&mut self.killing) => {
                self.killing = None;
                Answered::Nothing
            }
            // Before the starts: what ends makes room for what starts.
            seen = answer(&mut self.observing) => {
                self.observing = None;
                self.known(seen).map_or(Answered::Nothing, Answered::Seen)
            }
            answers = answer(&mut self.submitting) => {
                self.submitting = None;
                Answered::Submitted(answers)
            }
            answers = answers(&mut self.ahead) => Answered::Submitted(answers),
            found = answer(&mut self.recovering) => {
                self.recovering = None;
                self.known(found).map_or(Answered::Nothing, |found| {
                    self.to_recover = Arc::default();
                    Answered::Recovered(found)
                })
            }
        }
    }

    /// What the scheduler said, where it could be asked.
    fn known<T>(&mut self, answer: Result<T, Unreachable>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.unreachable = 0;
                Some(answer)
            }
            Err(why) => {
                self.unreachable += 1;
                let wait = wait(self.unreachable);
                tracing::warn!(
                    "the scheduler cannot be asked; nothing is known of its jobs until it answers (again in {wait:?}): {why}"
                );
                None
            }
        }
    }

    /// Kills what is to be killed, and waits for no more than that.
    pub(super) async fn kill_at_once(&mut self) {
        let mut kills = std::mem::take(&mut self.to_kill);
        let last = async {
            // Or what is killed makes room for them.
            withdraw(Arc::clone(&self.backend)).await;
            answer_if_any(&mut self.killing).await;
            kill(Arc::clone(&self.backend), std::mem::take(&mut kills)).await;
            // Some had started by then, and nobody knew what they are called.
            while !self.ahead.is_empty() {
                let started =
                    answers(&mut self.ahead).await.into_iter().filter_map(|(_, answer)| answer.ok());
                kills.extend(started.map(|it| (it.jid, Kill::Kill)));
            }
            kill(Arc::clone(&self.backend), kills).await;
        };
        if tokio::time::timeout(LAST_KILL, last).await.is_err() {
            tracing::error!("the jobs could not be killed in time: they may still run");
        }
    }
}

/// How long to let a scheduler be that could not be asked so often in a row.
fn wait(unreachable: u32) -> Duration {
    match unreachable.checked_sub(1) {
        None => Duration::ZERO,
        Some(again) => FIRST_WAIT.saturating_mul(2_u32.saturating_pow(again)).min(LONGEST_WAIT),
    }
}

async fn submit(backend: Arc<dyn Backend>, jobs: Vec<Submission>) -> Submitted {
    let mut answers = backend.submit(&jobs).await;
    let silent = || Err(Refused::ForGood("the backend gave no answer to its submission".to_owned()));
    answers.resize_with(jobs.len(), silent);
    jobs.iter().map(|job| job.index).zip(answers).collect()
}

async fn withdraw(backend: Arc<dyn Backend>) {
    backend.withdraw().await;
}

async fn kill(backend: Arc<dyn Backend>, kills: Vec<(Jid, Kill)>) {
    for how in [Kill::Term, Kill::Kill] {
        let jids: Vec<Jid> =
            kills.iter().filter(|(_, it)| *it == how).map(|(jid, _)| Arc::clone(jid)).collect();
        if jids.is_empty() {
            continue;
        }
        if let Err(why) = backend.kill(&jids, how).await {
            // The grace goes on: it is tried again, harder.
            tracing::warn!("{} jobs could not be killed: {why}", jids.len());
        }
    }
}

/// The answer, where there is a question; else it never comes.
async fn answer<T>(question: &mut Option<Question<T>>) -> T {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

/// All answers that are there, and one at least.
async fn answers(questions: &mut Vec<Question<Submitted>>) -> Submitted {
    poll_fn(|context| {
        let mut told = Vec::new();
        questions.retain_mut(|question| match question.as_mut().poll(context) {
            Poll::Ready(answers) => {
                told.extend(answers);
                false
            }
            Poll::Pending => true,
        });
        if told.is_empty() { Poll::Pending } else { Poll::Ready(told) }
    })
    .await
}

async fn answer_if_any(question: &mut Option<Question<()>>) {
    if let Some(question) = question.take() {
        question.await;
    }
}

#[cfg(test)]
mod tests;
