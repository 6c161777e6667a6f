//! Which files does a job read and write? Those that it was said to: nobody watches what it opens.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::spec::{JobSpec, SpecError};
use super::view::Job;

/// The files that a job was said to read and to write.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    inputs: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
}

impl Declared {
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }

    /// Whether each of them can be the name of a file.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let is_none =
            |path: &&PathBuf| path.as_os_str().is_empty() || path.as_os_str().as_bytes().contains(&0);
        match self.inputs.iter().chain(&self.outputs).find(is_none) {
            Some(path) => Err(SpecError::File(path.clone())),
            None => Ok(()),
        }
    }
}

impl JobSpec {
    /// Says that the job reads this file or directory; a relative path is in the directory that the job runs in. May be said
    /// several times. The engine does nothing with it: plugins find it with [`Job::inputs`].
    #[must_use]
    pub fn input(mut self, path: impl Into<PathBuf>) -> Self {
        self.declared_mut().inputs.push(path.into());
        self
    }

    /// Says that the job writes this file or directory; a relative path is in the directory that the job runs in. May be said
    /// several times. The engine does nothing with it: plugins find it with [`Job::outputs`], and the plugin `outputs`, where
    /// that is linked, verifies that it is there when the job has exited with 0.
    #[must_use]
    pub fn output(mut self, path: impl Into<PathBuf>) -> Self {
        self.declared_mut().outputs.push(path.into());
        self
    }

    pub(crate) fn given_inputs(&self) -> &[PathBuf] {
        self.declared().map_or(&[], |it| &it.inputs)
    }

    pub(crate) fn given_outputs(&self) -> &[PathBuf] {
        self.declared().map_or(&[], |it| &it.outputs)
    }
}

impl Job {
    /// The files that it was said to read ([`JobSpec::input`]), as they were given: see [`resolve`](Self::resolve).
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.asked.spec.given_inputs().iter().map(PathBuf::as_path)
    }

    /// The files that it was said to write ([`JobSpec::output`]), as they were given: see [`resolve`](Self::resolve).
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.asked.spec.given_outputs().iter().map(PathBuf::as_path)
    }

    /// Where a path is that was given for the job: a relative one is in the directory that the job runs in. Where it runs in the
    /// program's own, the path stays relative.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.cwd().map_or_else(|| path.to_path_buf(), |cwd| cwd.join(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_file_is_told() {
        let spec = || JobSpec::new(["true"]).input("in");
        assert!(spec().output("out").check().is_ok());
        for path in ["", "a\0b"] {
            assert_eq!(spec().output(path).check(), Err(SpecError::File(path.into())));
            assert_eq!(spec().input(path).check(), Err(SpecError::File(path.into())));
        }
    }

    #[test]
    fn files_are_no_part_of_what_tells_a_job_from_others() {
        let bare = JobSpec::new(["true"]);
        let spec = bare.clone().input("in").output("out");
        assert_eq!(spec.digest(None), bare.digest(None));
        assert!(spec.has_more() && !bare.has_more());
    }
}
