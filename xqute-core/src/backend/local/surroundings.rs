//! What does a job have of the program that it is run for? Its variables, and where a bare name is looked for.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Where programs are looked for without a `PATH`, as the C library does.
const PATH: &[u8] = b"/bin:/usr/bin";

/// The variables of the program.
#[derive(Default)]
pub(super) struct Surroundings(Vec<CString>);

impl Surroundings {
    pub(super) fn new(env: &[&CStr]) -> Self {
        Self(env.iter().map(|it| (*it).to_owned()).collect())
    }

    /// A job's variables: its own, and those of the program that it has not itself.
    pub(super) fn with<'a>(&'a self, own: &[&'a CStr]) -> Vec<&'a CStr> {
        let is_own = |it: &CStr| own.iter().any(|own| name(own) == name(it));
        self.0.iter().map(CString::as_c_str).filter(|it| !is_own(it)).chain(own.iter().copied()).collect()
    }
}

fn name(variable: &CStr) -> &[u8] {
    let bytes = variable.to_bytes();
    &bytes[..bytes.iter().position(|it| *it == b'=').unwrap_or(bytes.len())]
}

/// The files that a program may be, to be tried in order: by its name in the `PATH` that the job has, unless that is a path.
/// What leads is there; no place is left out that only the system can judge.
pub(super) fn candidates(program: &CStr, env: &[&CStr]) -> Vec<CString> {
    if program.to_bytes().contains(&b'/') || program.is_empty() {
        return vec![program.to_owned()];
    }
    let path = env.iter().rev().find_map(|it| it.to_bytes().strip_prefix(b"PATH=")).unwrap_or(PATH);
    let places = path.split(|it| *it == b':').map(|place| {
        let joined = if place.is_empty() {
            program.to_bytes().to_vec()
        } else {
            [place, b"/", program.to_bytes()].concat()
        };
        // Neither a variable nor an argument has a NUL in it.
        CString::new(joined).unwrap_or_default()
    });
    places.skip_while(|it| is_missing(it)).collect()
}

/// Whether it can be seen from here that there is no such file. What is relative is so to where the job runs.
fn is_missing(file: &CStr) -> bool {
    let path = Path::new(std::ffi::OsStr::from_bytes(file.to_bytes()));
    path.is_absolute() && matches!(access(file, Access::EXISTS), Err(Errno::NOENT | Errno::NOTDIR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_own_variables_win() {
        let all = Surroundings::new(&[c"A=1", c"AB=2", c"EMPTY"]);
        assert_eq!(all.with(&[c"A=3", c"C=4"]), [c"AB=2", c"EMPTY", c"A=3", c"C=4"]);
        assert_eq!(all.with(&[]), [c"A=1", c"AB=2", c"EMPTY"]);
    }

    #[test]
    fn a_name_is_looked_for_where_the_job_says() {
        let found = |env: &[&CStr]| candidates(c"sh", env);
        assert_eq!(found(&[c"PATH=/no/such:/bin:rel::/no"]), [c"/bin/sh", c"rel/sh", c"sh", c"/no/sh"]);
        assert_eq!(found(&[c"PATH=/no/such"]), [] as [&CStr; 0]);
        assert_eq!(found(&[])[0], c"/bin/sh");
        assert_eq!(candidates(c"./sh", &[c"PATH=/bin"]), [c"./sh"]);
    }
}
