//! How is it written down when a job of its own mind is tried again?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{FailureKind, RetryPolicy, Signal};

/// A [`RetryPolicy`]. As everything in a record, its fields and their order are the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(super) retries: u32,
    pub(super) delay: Duration,
    pub(super) max_delay: Duration,
    pub(super) jitter: bool,
    /// Kinds of failures by their numbers, and what goes with some.
    pub(super) only: Option<Vec<(u8, i32)>>,
    pub(super) except: Vec<(u8, i32)>,
}

/// Those that nothing goes with. Their places are their numbers on disk, from 2 on: a new one goes to the end.
const KINDS: [FailureKind; 11] = [
    FailureKind::AnyExitCode,
    FailureKind::AnySignal,
    FailureKind::TimedOut,
    FailureKind::OutOfMemory,
    FailureKind::SubmitRejected,
    FailureKind::Lost,
    FailureKind::Unknown,
    FailureKind::NodeFailed,
    FailureKind::Preempted,
    FailureKind::Verify,
    FailureKind::Hook,
];

impl Policy {
    pub(crate) fn of(policy: &RetryPolicy) -> Self {
        let numbers = |kinds: &[FailureKind]| kinds.iter().map(|it| number(*it)).collect();
        let (only, except) = policy.kinds();
        Self {
            retries: policy.retries,
            delay: policy.delay,
            max_delay: policy.max_delay,
            jitter: policy.jitter,
            only: only.map(numbers),
            except: numbers(except),
        }
    }

    /// A kind that this version does not know is none.
    pub(crate) fn policy(&self) -> RetryPolicy {
        let kinds = |numbers: &[(u8, i32)]| numbers.iter().filter_map(|it| kind(*it)).collect::<Vec<_>>();
        let policy = RetryPolicy::new(self.retries).delay(self.delay).max_delay(self.max_delay);
        let policy = policy.jitter(self.jitter).except(kinds(&self.except));
        match &self.only {
            Some(only) => policy.only(kinds(only)),
            None => policy,
        }
    }
}

fn number(kind: FailureKind) -> (u8, i32) {
    match kind {
        FailureKind::ExitCode(code) => (0, code),
        FailureKind::Signal(signal) => (1, signal.0),
        other => {
            let place = KINDS.iter().position(|it| *it == other).unwrap_or(KINDS.len());
            (u8::try_from(place + 2).unwrap_or(u8::MAX), 0)
        }
    }
}

fn kind((number, with): (u8, i32)) -> Option<FailureKind> {
    match number {
        0 => Some(FailureKind::ExitCode(with)),
        1 => Some(FailureKind::Signal(Signal(with))),
        other => KINDS.get(usize::from(other) - 2).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_was() {
        let all = KINDS.into_iter().chain([FailureKind::ExitCode(75), FailureKind::Signal(Signal(9))]);
        let policies = [
            RetryPolicy::new(3),
            RetryPolicy::never().delay(Duration::from_nanos(1)).max_delay(Duration::MAX).jitter(false),
            RetryPolicy::new(1).only(all.clone()).except(all),
            RetryPolicy::new(1).only([]),
        ];
        for policy in policies {
            assert_eq!(Policy::of(&policy).policy(), policy);
        }
    }
}
