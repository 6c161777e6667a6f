//! When are two jobs the same job? When this is the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::argv::Argv;

/// The first half of a SHA-256 over command, given environment and working directory. On disk for ever: what goes in,
/// and in which order, is part of the journal's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 16]);

impl Digest {
    pub(super) fn new<'a>(
        argv: &Argv,
        env: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
        cwd: Option<&Path>,
    ) -> Self {
        let mut hash = Sha256::new();
        // Each part with its kind and its length, so that no two lists of parts are one text.
        let mut part = |kind: u8, bytes: &[u8]| {
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        argv.words().iter().for_each(|word| part(b'a', word.as_bytes()));
        env.for_each(|(name, value)| {
            part(b'n', name.as_bytes());
            part(b'v', value.as_bytes());
        });
        if let Some(cwd) = cwd {
            part(b'd', cwd.as_os_str().as_bytes());
        }
        let whole = hash.finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(half)
    }
}

#[cfg(test)]
mod tests {
    use crate::job::JobSpec;

    #[test]
    fn what_makes_a_job_another_makes_its_digest_another() {
        let digest = |spec: JobSpec| spec.digest(None).unwrap().0;
        let specs = [
            JobSpec::new(["a", "b"]),
            JobSpec::new(["ab"]),
            JobSpec::new(["a", "b"]).env("a", "b"),
            JobSpec::new(["a", "b"]).env("ab", ""),
            JobSpec::new(["a", "b"]).cwd("/"),
            JobSpec::new(["a", "b"]).cwd("/").env("a", "b"),
        ];
        for (at, spec) in specs.iter().enumerate() {
            for (other, it) in specs.iter().enumerate() {
                assert_eq!(digest(spec.clone()) == digest(it.clone()), at == other, "{at} and {other}");
            }
        }
        let in_order = |one, other| digest(JobSpec::new(["a"]).env(one, "1").env(other, "1"));
        assert_eq!(in_order("A", "B"), in_order("B", "A"));
        assert_eq!(digest(JobSpec::new(["a"]).name("n").tag("t")), digest(JobSpec::new(["a"])));
        let there = JobSpec::new(["a"]).digest(Some("/".as_ref())).unwrap().0;
        assert_eq!(
            there,
            digest(JobSpec::new(["a"]).cwd("/")),
            "where the program runs is where the job does"
        );
    }

    #[test]
    fn it_is_what_it_was_in_the_first_journal() {
        let digest = JobSpec::new(["echo", "a b"]).env("K", "V").cwd("/tmp").digest(None).unwrap();
        let told: String = digest.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(told, "612e9edb311df586693ab7a80e374463");
    }
}
