//! In which order can jobs be fed that wait for each other?

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use thiserror::Error;

use super::after::JobRef;
use super::spec::JobSpec;

/// Jobs that wait for each other and can never all run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A job waits for one that there is not.
    #[error("job {index} of the list waits for {job}, and there is none: it has {known}")]
    Unknown {
        /// The place of the job in the list, from 0.
        index: usize,
        /// What it waits for.
        job: JobRef,
        /// What there is.
        known: String,
    },
    /// Jobs wait for each other in a circle.
    #[error("these jobs of the list wait for each other in a circle, so none of them can ever run: {0}")]
    Cycle(String),
}

/// Brings a list of jobs into an order in which each comes after those that it waits for, so that they can be
/// [fed](crate::Xqute::feed) one after the other, as the first of a run. What is in order stays as it is. Indices in
/// [`JobSpec::after`] are places in the list, from 0, before and afterwards.
///
/// ```
/// # use xqute_core as xqute;
/// use xqute::{JobSpec, in_order};
/// let link = JobSpec::new(["ld"]).name("link").after("compile");
/// let compile = |file| JobSpec::new(["cc", file]).tag("compile");
/// let jobs = in_order(vec![link, compile("a.c"), compile("b.c")])?;
/// assert_eq!(jobs[2].argv().unwrap().program(), "ld");
/// # Ok::<(), xqute::GraphError>(())
/// ```
///
/// # Errors
///
/// A job waits for one that the list does not have, or for itself, be it by way of others.
pub fn in_order(jobs: Vec<JobSpec>) -> Result<Vec<JobSpec>, GraphError> {
    let waits = resolve(&jobs)?;
    let order = sort(&waits).map_err(|circle| GraphError::Cycle(tell(&jobs, &circle)))?;
    let mut place = vec![0; jobs.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
    let mut jobs: Vec<Option<JobSpec>> = jobs.into_iter().map(Some).collect();
    let moved = order.into_iter().filter_map(|old| jobs[old].take());
    Ok(moved.map(|job| job.renumbered(&place)).collect())
}

/// For each job the places of those that it waits for.
fn resolve(jobs: &[JobSpec]) -> Result<Vec<Vec<usize>>, GraphError> {
    let mut words: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
    for (index, job) in jobs.iter().enumerate() {
        job.words().for_each(|word| words.entry(word).or_default().push(index));
    }
    let find = |job: &JobRef| match job {
        JobRef::Index(index) => (*index < jobs.len()).then(|| vec![*index]),
        JobRef::Word(word) => words.get(word).cloned(),
    };
    let of = |(index, job): (usize, &JobSpec)| {
        let mut all = Vec::new();
        for (wanted, _) in job.given_after() {
            let unknown =
                || GraphError::Unknown { index, job: wanted.clone(), known: known(jobs.len(), &words) };
            all.extend(find(wanted).ok_or_else(unknown)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    };
    jobs.iter().enumerate().map(of).collect()
}

fn known(jobs: usize, words: &HashMap<Arc<str>, Vec<usize>>) -> String {
    let mut names: Vec<&str> = words.keys().map(|it| &**it).collect();
    names.sort_unstable();
    let more = if names.len() > 10 { ", …" } else { "" };
    names.truncate(10);
    let names = if names.is_empty() { "no names or tags".to_owned() } else { names.join(", ") + more };
    format!("{jobs} jobs, numbered from 0, and {names}")
}

/// The places in order: of those that wait for nothing any more, the first one is next. An error: the jobs of a circle.
fn sort(waits: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut left: Vec<usize> = waits.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); waits.len()];
    for (index, all) in waits.iter().enumerate() {
        all.iter().for_each(|it| dependents[*it].push(index));
    }
    let mut free: BinaryHeap<Reverse<usize>> =
        (0..waits.len()).filter(|it| left[*it] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(Reverse(index)) = free.pop() {
        order.push(index);
        for dependent in &dependents[index] {
            left[*dependent] -= 1;
            if left[*dependent] == 0 {
                free.push(Reverse(*dependent));
            }
        }
    }
    if order.len() == waits.len() { Ok(order) } else { Err(circle(waits, &left)) }
}

/// Of jobs that can never run, some that wait for each other: from any of them, back until one comes twice.
fn circle(waits: &[Vec<usize>], left: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut next = left.iter().position(|it| *it > 0);
    while let Some(index) = next {
        if let Some(begin) = path.iter().position(|it| *it == index) {
            return path.split_off(begin);
        }
        path.push(index);
        next = waits[index].iter().copied().find(|it| left[*it] > 0);
    }
    path
}

fn tell(jobs: &[JobSpec], circle: &[usize]) -> String {
    let name = |index: usize| match jobs[index].given_name() {
        Some(name) => format!("`{name}`"),
        None => format!("job {index}"),
    };
    let all: Vec<String> = circle.iter().chain(circle.first()).map(|it| name(*it)).collect();
    all.join(" after ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job(name: &str, after: &[&str]) -> JobSpec {
        after.iter().fold(JobSpec::new(["true"]).name(name), |job, it| job.after(*it))
    }

    fn names(jobs: Vec<JobSpec>) -> Vec<String> {
        in_order(jobs).unwrap().iter().map(|it| it.given_name().unwrap().to_owned()).collect()
    }

    #[test]
    fn each_comes_after_those_it_waits_for_and_else_nothing_moves() {
        assert_eq!(names(vec![job("a", &[]), job("b", &["a"]), job("c", &[])]), ["a", "b", "c"]);
        assert_eq!(names(vec![job("a", &["c"]), job("b", &[]), job("c", &[])]), ["b", "c", "a"]);
        let by_place = vec![job("a", &[]).after_any(2), job("b", &[]), job("c", &[])];
        let moved = in_order(by_place).unwrap();
        assert_eq!(moved[2].given_after()[0].0, JobRef::Index(1), "it is the same job in another place");
    }

    #[test]
    fn what_can_never_run_is_told() {
        let told = |jobs| in_order(jobs).unwrap_err().to_string();
        let circle = told(vec![job("x", &[]), job("a", &["c"]), job("b", &["a", "x"]), job("c", &["b"])]);
        assert!(circle.ends_with("can ever run: `a` after `c` after `b` after `a`"), "{circle}");
        assert!(told(vec![job("a", &["a"])]).ends_with("`a` after `a`"));
        let unknown = told(vec![job("a", &[]), job("b", &["d"])]);
        assert_eq!(
            unknown,
            "job 1 of the list waits for `d`, and there is none: it has 2 jobs, numbered from 0, and a, b"
        );
        assert!(told(vec![job("a", &[]).after(7)]).contains("waits for job 7"));
    }

    proptest! {
        #[test]
        fn any_list_without_a_circle_is_ordered(edges in proptest::collection::vec((0_usize..20, 0_usize..20), 0..60), seed in any::<u64>()) {
            // Names in a shuffled order; each edge leads from a larger rank to a smaller one, so there is no circle.
            let rank = |it: usize| (it as u64).wrapping_mul(seed | 1).rotate_left(17);
            let mut jobs: Vec<JobSpec> = (0..20).map(|it| job(&it.to_string(), &[])).collect();
            for (one, other) in edges {
                let (late, early) = if rank(one) > rank(other) { (one, other) } else { (other, one) };
                if late != early && rank(late) != rank(early) {
                    jobs[late] = jobs[late].clone().after(&*early.to_string());
                }
            }
            let ordered = in_order(jobs).unwrap();
            prop_assert_eq!(ordered.len(), 20);
            for (at, job) in ordered.iter().enumerate() {
                for (wanted, _) in job.given_after() {
                    let JobRef::Word(word) = wanted else { unreachable!() };
                    prop_assert!(ordered[..at].iter().any(|it| it.given_name() == Some(&**word)));
                }
            }
        }
    }
}
