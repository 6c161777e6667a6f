//! Is what jobs have written, that have no files of their own, where the index says?

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::job::bundle::{Bundle, Entry};
use crate::job::{JobFiles, Output};
use crate::store::error::WorkDirError;

use super::Finding;
use super::order::Order;

pub(super) fn check(workdir: &Path, order: &Order, findings: &mut Vec<Finding>) -> Result<(), WorkDirError> {
    let refused = |error| WorkDirError::Io { path: workdir.to_owned(), error };
    let shared: Arc<Path> = workdir.into();
    let bundle = Bundle::open(workdir).map_err(refused)?;
    let slots = bundle.as_ref().map_or(Ok(0), Bundle::len).map_err(refused)?;
    for index in 0..(order.jobs() as u64).max(slots) {
        let attempts = bundle.as_ref().map_or_else(|| Ok(Vec::new()), |it| it.attempts(index));
        let has_some = attempts.as_ref().map_or(true, |it| !it.is_empty());
        match (attempts, &bundle) {
            (Ok(attempts), Some(bundle)) => {
                findings.extend(attempts.iter().filter_map(|it| lost(bundle, it)));
            }
            (Err(error), _) => findings.push(Finding::new(
                format!("job {index}: {error}"),
                "where it was written is lost: what the job, or an earlier attempt of it, printed",
            )),
            (Ok(_), None) => {}
        }
        if !has_some && must_have_some(&shared, order, index) {
            findings.push(Finding::new(
                format!("job {index}: it ran, and what it printed is not kept"),
                "somebody removed it, or the machine lost its power: what the job printed is lost",
            ));
        }
    }
    Ok(())
}

/// Whether a job that has ended has neither files of its own nor was to have none.
fn must_have_some(workdir: &Arc<Path>, order: &Order, index: u64) -> bool {
    let Ok(index) = usize::try_from(index) else { return false };
    let is_bundled = |it: &&super::order::Job| it.has_run() && order.output(it) == Output::Bundle;
    order.job(index).filter(is_bundled).is_some()
        && !JobFiles::new(Arc::clone(workdir), index).stdout().exists()
}

/// What of an attempt's output is not there.
fn lost(bundle: &Bundle, entry: &Entry) -> Option<Finding> {
    let missing = |stream: usize| -> io::Result<bool> {
        let (Some(file), begin) = bundle.stream(entry, stream)? else { return Ok(false) };
        Ok(file.metadata()?.len() < begin.saturating_add(entry.sizes[stream]))
    };
    let names = ["standard output", "standard error"];
    let wrong = (0..2).find_map(|stream| match missing(stream) {
        Ok(false) => None,
        Ok(true) => Some(format!("its {} ends before it should", names[stream])),
        Err(error) => Some(format!("its {} is not there: {error}", names[stream])),
    })?;
    Some(Finding::new(
        format!("job {}: {wrong}", entry.index),
        "somebody removed it, or the machine lost its power: what the job printed is lost",
    ))
}
