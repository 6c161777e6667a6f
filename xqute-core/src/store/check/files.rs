//! Do the directories of the jobs and their small files say what the journal says?

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::job::{JobFiles, Output};
use crate::store::error::WorkDirError;
use crate::store::metadata::write_line;

use super::Finding;
use super::order::{Files, Order};

pub(super) fn check(
    workdir: &Path,
    order: &Order,
    repair: bool,
    findings: &mut Vec<Finding>,
) -> Result<(), WorkDirError> {
    let there = directories(workdir, order, findings)?;
    let shared: Arc<Path> = workdir.into();
    for index in 0..order.jobs() {
        let Some((job, expected)) = order.job(index).and_then(|it| Some((it, it.files?))) else { continue };
        let files = JobFiles::new(Arc::clone(&shared), index);
        if order.output(job) != Output::Files && !files.stdout().exists() {
            continue;
        }
        if there.contains(&index) {
            small_files(&files, index, expected, repair, findings);
        } else if order.must_have_files(job) {
            findings.push(Finding::new(
                format!("job {index}: it ran, and its directory {} is not there", files.metadir().display()),
                "somebody removed it: what the job printed is lost",
            ));
        }
    }
    Ok(())
}

/// The jobs that have directories. What is not in the journal is told.
fn directories(
    workdir: &Path,
    order: &Order,
    findings: &mut Vec<Finding>,
) -> Result<BTreeSet<usize>, WorkDirError> {
    let refused = |error| WorkDirError::Io { path: workdir.to_owned(), error };
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(workdir).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name();
        let index = name.to_str().filter(|_| JobFiles::is_metadir_name(&name)).and_then(|it| it.parse().ok());
        let Some(index) = index else { continue };
        if !entry.file_type().map_err(refused)?.is_dir() {
            findings.push(Finding::new(
                format!("{} is named as a job's directory is, and is none", entry.path().display()),
                "it is not xqute's, and no run uses a directory with such a thing in it: move it away",
            ));
        } else if order.job(index).is_none() {
            findings.push(Finding::new(
                format!("{}: the journal has no job {index}", entry.path().display()),
                "its records are lost, or it is of another run: the job is run when the list has one of this number",
            ));
        } else {
            found.insert(index);
        }
    }
    Ok(found)
}

fn small_files(files: &JobFiles, index: usize, expected: Files, repair: bool, findings: &mut Vec<Finding>) {
    let status = (files.status(), i64::from(expected.status.code()));
    let rc = expected.rc.map(|rc| (files.rc(), i64::from(rc)));
    for (path, wanted) in [Some(status), rc].into_iter().flatten() {
        let says = match fs::read_to_string(&path) {
            Ok(text) if text.trim().parse() == Ok(wanted) => continue,
            Ok(text) => format!("says {:?}", text.trim()),
            Err(error) if error.kind() == ErrorKind::NotFound => "is not there".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        let what = format!("job {index}: {} {says}, the journal says {wanted}", path.display());
        let mut finding =
            Finding::new(what, "the journal is what counts; who reads the file is told something else");
        if repair {
            match write_line(&path, wanted) {
                Ok(()) => finding.mended = Some("it was written anew".to_owned()),
                Err(error) => finding.what.push_str(&format!("; {error}")),
            }
        }
        findings.push(finding);
    }
}
