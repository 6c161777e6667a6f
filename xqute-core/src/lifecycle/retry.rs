//! Is a failed attempt followed by another, and after which wait?

use std::time::Duration;

use crate::job::{Failure, RetryPolicy};

/// The most attempts that cost none: a job whose machine fails each time ends after so many.
pub(crate) const MOST_FREE: u32 = 20;

/// The failed attempts of a job before the one that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tried {
    /// Those that count.
    pub(crate) paid: u32,
    /// Those that cost no attempt.
    pub(crate) free: u32,
}

impl Tried {
    /// How often the job has been tried again.
    pub(crate) fn count(self) -> u32 {
        self.paid + self.free
    }

    /// One more has failed.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        if failure.costs_no_attempt() {
            self.free += 1;
        } else {
            self.paid += 1;
        }
    }
}

/// The wait before the next attempt; `None`: there is none. `dice` is random: it is what jitter is made of.
pub(super) fn wait(policy: &RetryPolicy, tried: Tried, failure: &Failure, dice: u32) -> Option<Duration> {
    let left = if failure.costs_no_attempt() { tried.free < MOST_FREE } else { tried.paid < policy.retries };
    (left && policy.covers(failure)).then(|| back_off(policy, tried.count(), dice))
}

fn back_off(policy: &RetryPolicy, before: u32, dice: u32) -> Duration {
    let factor = 2_u32.checked_pow(before).unwrap_or(u32::MAX);
    let whole = policy.delay.saturating_mul(factor).min(policy.max_delay);
    if policy.jitter { whole - whole.mul_f64(f64::from(dice) / f64::from(u32::MAX) / 2.0) } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::FailureKind;
    use proptest::prelude::*;

    const FAILED: Failure = Failure::ExitCode(1);

    fn seconds(policy: &RetryPolicy, paid: u32) -> Option<f64> {
        wait(policy, Tried { paid, free: 0 }, &FAILED, 0).map(|it| it.as_secs_f64())
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy::new(50).delay(Duration::from_secs(2)).max_delay(Duration::from_secs(10));
        let waits: Vec<_> = (0..5).filter_map(|paid| seconds(&policy, paid)).collect();
        assert_eq!(waits, [2.0, 4.0, 8.0, 10.0, 10.0]);
        assert_eq!((seconds(&policy, 49), seconds(&policy, 50)), (Some(10.0), None));
        assert_eq!(seconds(&RetryPolicy::new(1).delay(Duration::ZERO), 0), Some(0.0));
    }

    #[test]
    fn a_policy_looks_at_the_cause() {
        let policy = RetryPolicy::new(3).only([FailureKind::ExitCode(75), FailureKind::TimedOut]);
        let again = |failure: Failure| wait(&policy, Tried::default(), &failure, 0).is_some();
        assert!(again(Failure::ExitCode(75)) && again(Failure::TimedOut(Duration::ZERO)));
        assert!(!again(Failure::ExitCode(1)) && !again(Failure::OutOfMemory));
        let policy = RetryPolicy::new(3).except([FailureKind::AnySignal]);
        assert!(wait(&policy, Tried::default(), &Failure::Signal(crate::job::Signal(9)), 0).is_none());
    }

    #[test]
    fn a_lost_machine_costs_no_attempt_but_not_for_ever() {
        let (never, lost) = (RetryPolicy::never(), Failure::NodeFailed("n1".into()));
        let mut tried = Tried::default();
        while wait(&never, tried, &lost, 0).is_some() {
            tried.failed(&lost);
        }
        assert_eq!(tried, Tried { paid: 0, free: MOST_FREE });
    }

    proptest! {
        #[test]
        fn jitter_takes_off_half_at_most(before in 0..1000_u32, dice: u32, seconds in 0..1_000_000_u64) {
            let policy = RetryPolicy::new(u32::MAX).delay(Duration::from_secs(seconds));
            let whole = back_off(&policy.clone().jitter(false), before, dice);
            let some = back_off(&policy, before, dice);
            prop_assert!(some <= whole && some + Duration::from_nanos(2) >= whole / 2, "{some:?} of {whole:?}");
        }
    }
}
