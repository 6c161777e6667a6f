//! Whose output comes next? Indices only, so that a million jobs that wait for the first cost next to nothing.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of indices, kept as ranges that do not touch.
#[derive(Debug, Default)]
struct Ranges(BTreeMap<usize, usize>);

impl Ranges {
    fn insert(&mut self, index: usize) {
        let mut range = index..index + 1;
        if let Some((&start, &end)) = self.0.range(..=index).next_back() {
            if end > index {
                return;
            }
            if end == index {
                range.start = start;
            }
        }
        if let Some(end) = self.0.remove(&range.end) {
            range.end = end;
        }
        self.0.insert(range.start, range.end);
    }

    /// Takes those below `limit` out, in order.
    fn take_below(&mut self, limit: usize) -> Vec<Range<usize>> {
        let mut taken = Vec::new();
        while let Some((start, end)) = self.0.pop_first() {
            if start >= limit {
                self.0.insert(start, end);
                break;
            }
            taken.push(start..end.min(limit));
            if end > limit {
                self.0.insert(limit, end);
            }
        }
        taken
    }
}

/// The order of the indices: a job's turn comes when all before it have ended for good.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// All below it have had their turn.
    next: usize,
    ended: Ranges,
    /// Those among the ended that have something to print.
    held: Ranges,
}

impl Order {
    /// A job has ended for good, or was over before. Returns those whose turn has come, in order.
    pub(super) fn ended(&mut self, index: usize, prints: bool) -> Vec<Range<usize>> {
        if index < self.next {
            return Vec::new();
        }
        self.ended.insert(index);
        if prints {
            self.held.insert(index);
        }
        if index > self.next {
            return Vec::new();
        }
        let Some((_, end)) = self.ended.0.pop_first() else { return Vec::new() };
        self.next = end;
        self.held.take_below(end)
    }

    /// No more will end: those that are held yet, in order.
    pub(super) fn rest(&mut self) -> Vec<Range<usize>> {
        self.held.take_below(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn ended(order: &mut Order, index: usize, prints: bool) -> Vec<usize> {
        order.ended(index, prints).into_iter().flatten().collect()
    }

    #[test]
    fn a_job_waits_for_those_before_it() {
        let mut order = Order::default();
        assert_eq!(ended(&mut order, 2, true), NONE);
        assert_eq!(ended(&mut order, 0, true), [0]);
        assert_eq!(ended(&mut order, 4, true), NONE);
        assert_eq!(ended(&mut order, 1, true), [1, 2]);
        assert_eq!(ended(&mut order, 3, true), [3, 4]);
    }

    #[test]
    fn what_prints_nothing_still_has_its_turn() {
        let mut order = Order::default();
        assert_eq!(ended(&mut order, 1, true), NONE);
        assert_eq!(ended(&mut order, 2, false), NONE);
        assert_eq!(ended(&mut order, 3, true), NONE);
        assert_eq!(ended(&mut order, 0, false), [1, 3]);
    }

    #[test]
    fn a_job_that_is_told_of_twice_prints_once() {
        let mut order = Order::default();
        assert_eq!(ended(&mut order, 1, true), NONE);
        assert_eq!(ended(&mut order, 1, false), NONE);
        assert_eq!(ended(&mut order, 0, true), [0, 1]);
        assert_eq!(ended(&mut order, 1, false), NONE);
        assert!(order.rest().is_empty());
    }

    #[test]
    fn what_waits_at_the_end_is_not_lost() {
        let mut order = Order::default();
        assert_eq!(ended(&mut order, 5, true), NONE);
        assert_eq!(ended(&mut order, 3, true), NONE);
        assert_eq!(order.rest().into_iter().flatten().collect::<Vec<_>>(), [3, 5]);
    }

    #[test]
    fn a_million_that_wait_are_one_range() {
        let mut order = Order::default();
        for index in (1..1_000_000).rev() {
            assert!(order.ended(index, true).is_empty());
        }
        assert_eq!((order.ended.0.len(), order.held.0.len()), (1, 1));
        assert_eq!(order.ended(0, false), vec![1..1_000_000]);
    }
}
