//! What were the outputs of the attempts that are under way, and which do two of them write?

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{self, Path, PathBuf};

use super::stamp::Before;

/// An output of an attempt: where it is, whatever way leads there, and what it was before.
#[derive(Debug)]
struct Output {
    place: PathBuf,
    before: Before,
}

/// The attempts that are under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    jobs: HashMap<usize, Vec<Output>>,
    /// Who writes to a place.
    writers: HashMap<PathBuf, Vec<usize>>,
}

impl UnderWay {
    /// An attempt begins. Of a file that another one writes meanwhile nobody can tell whose it is: of neither it is what the attempt has written.
    pub(super) fn begins(&mut self, index: usize, outputs: Vec<(PathBuf, Before)>) {
        self.ends(index);
        let mut own = Vec::with_capacity(outputs.len());
        for (place, before) in outputs {
            let writers = self.writers.entry(place.clone()).or_default();
            let is_shared = writers.iter().any(|other| *other != index);
            for other in writers.iter().filter(|other| **other != index) {
                let theirs = self.jobs.get_mut(other).into_iter().flatten().filter(|it| it.place == place);
                theirs.for_each(|it| it.before = Before::Unknown);
            }
            writers.push(index);
            own.push(Output { before: if is_shared { Before::Unknown } else { before }, place });
        }
        self.jobs.insert(index, own);
    }

    /// What its outputs were, in their order, where it has begun in this run.
    pub(super) fn before(&self, index: usize) -> Option<Vec<Before>> {
        self.jobs.get(&index).map(|it| it.iter().map(|it| it.before.clone()).collect())
    }

    pub(super) fn ends(&mut self, index: usize) {
        for output in self.jobs.remove(&index).into_iter().flatten() {
            if let Some(writers) = self.writers.get_mut(&output.place) {
                writers.retain(|it| *it != index);
                if writers.is_empty() {
                    self.writers.remove(&output.place);
                }
            }
        }
    }
}

/// The same for every way that leads to a file: `./x`, `a/../x`, through a link to a directory. A link in the place itself is not followed:
/// it is what a rename would move.
pub(super) fn place(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_else(|| OsStr::new(""));
    let dir = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let whole = || path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(dir).map_or_else(|_| whole(), |it| it.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_write_is_known_of_neither_and_what_one_writes_stays_known() {
        let mut under_way = UnderWay::default();
        let out = |name: &str| (PathBuf::from(name), Before::Missing);
        under_way.begins(0, vec![out("a"), out("b")]);
        under_way.begins(1, vec![out("c"), out("b")]);
        let half = vec![Before::Missing, Before::Unknown];
        assert_eq!((under_way.before(0), under_way.before(1)), (Some(half.clone()), Some(half)));
        under_way.ends(0);
        under_way.ends(1);
        under_way.begins(2, vec![out("b"), out("b")]);
        assert_eq!(under_way.before(2), Some(vec![Before::Missing; 2]));
        under_way.ends(2);
        assert!(under_way.jobs.is_empty() && under_way.writers.is_empty());
    }

    #[test]
    fn a_place_is_one_whatever_way_leads_there() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| place(&dir.path().join(path));
        fs::create_dir(dir.path().join("a")).unwrap();
        std::os::unix::fs::symlink("a", dir.path().join("link")).unwrap();
        assert!(["./a/x", "a//x", "a/../a/x", "link/x"].iter().all(|way| at(way) == at("a/x")));
        assert!(at("none/./x") == at("none/x") && at("a/x") != at("a/y") && at("link") != at("a"));
    }
}
