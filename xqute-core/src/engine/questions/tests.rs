//! Is who wants no more heard, whatever else is answered?

use std::sync::Mutex;

use super::*;
use crate::backend::{Answer, Env, Process};
use crate::job::{Argv, JobFiles, Output};

/// Starts what it is given, but answers only when that is to be taken back: then it is too late.
#[derive(Debug, Default)]
struct Late {
    withdrawn: tokio::sync::Notify,
    done: Mutex<Vec<String>>,
}

impl Late {
    fn does(&self, what: String) {
        self.done.lock().unwrap().push(what);
    }

    fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
}

impl Backend for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        self.does("withdraw".to_owned());
        self.withdrawn.notify_one();
        Box::pin(ready(()))
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move {
            self.withdrawn.notified().await;
            let process = Some(Process { pid: 7, start: 1 });
            jobs.iter().map(|_| Ok(Accepted { jid: "7".into(), running: true, process })).collect()
        })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        self.does(format!("{how:?} {}", jids.join(" ")));
        Box::pin(ready(Ok(())))
    }
}

fn questions() -> (Arc<Late>, Questions) {
    let backend = Arc::new(Late::default());
    let questions = Questions::new(Arc::<Late>::clone(&backend), Path::new("/w").into(), Vec::new());
    (backend, questions)
}

#[tokio::test]
async fn however_much_there_is_to_tell_who_wants_no_more_is_heard() {
    let (backend, mut questions) = questions();
    questions.killing = Some(Box::pin(kill(Arc::clone(&questions.backend), vec![("1".into(), Kill::Term)])));
    questions.withdrawing = Some(Box::pin(withdraw(Arc::clone(&questions.backend))));
    for _ in 0..2 {
        questions.observing = Some(Box::pin(ready(Ok(Vec::new()))));
        questions.answered().await;
    }
    assert_eq!(backend.done(), ["withdraw", "Term 1"], "or what is killed makes room for another");
}

#[tokio::test]
async fn a_job_that_starts_while_the_run_is_left_is_killed_too() {
    let (backend, mut questions) = questions();
    questions.submit(Submission {
        index: 0,
        attempt: 0,
        argv: Argv::new(["true"]).unwrap(),
        env: Env::default(),
        cwd: None,
        files: JobFiles::new(Path::new("/w").into(), 0),
        output: Output::Files,
        script: None,
        run: "run".into(),
        at_once: Some(1),
    });
    questions.submit_now();
    questions.kill("1".into(), Kill::Kill);
    questions.kill_at_once().await;
    assert_eq!(backend.done(), ["withdraw", "Kill 1", "Kill 7"]);
}
