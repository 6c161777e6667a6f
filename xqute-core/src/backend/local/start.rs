//! What is a supervisor asked for to start a job, and in which words is told why it did not?

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::child::{NotStarted, Stage};
use super::log;
use super::record::Attempt;
use super::wire::{LONGEST, Request, Start, To};
use crate::backend::{Accepted, Refused, Submission};
use crate::job::{LOCAL_OUTPUT, Output};

/// What runs a job's script.
const SHELL: &str = "bash";
/// What takes everything and keeps nothing.
const NOWHERE: &str = "/dev/null";

/// Adds the request to start a job: leader of its own group, its output where it is to go, its standard input empty.
pub(super) fn ask(job: &Submission, to: &mut Vec<u8>) -> Result<(), Refused> {
    let begin = to.len();
    let output = output(job)?;
    let carried = || -> Option<_> {
        let argv: Option<Vec<_>> = words(job).iter().map(|it| text(it)).collect();
        let cwd = job.cwd.as_ref().map_or_else(|| Some(CString::default()), |it| text(it.as_os_str()))?;
        let [stdout, stderr] = output.map(|it| text(it.as_os_str()));
        Some((argv?, variables(job)?, cwd, stdout?, stderr?))
    };
    let Some((argv, env, cwd, stdout, stderr)) = carried() else {
        return Err(Refused::ForGood(
            "a variable or a path of the job has a NUL byte in it: no program can be given one".into(),
        ));
    };
    let attempt = Attempt::new(&job.run, job.index, job.attempt);
    let (argv, env) =
        (argv.iter().map(CString::as_c_str).collect(), env.iter().map(CString::as_c_str).collect());
    let output = match (&job.script, job.output) {
        (None, Output::Bundle) => To::Bundle { directory: &stdout },
        (script, _) => To::Files { stdout: &stdout, stderr: &stderr, append: script.is_some() },
    };
    // Where it need not wait, no number is too many.
    let at_once = job.at_once.and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX);
    Request::Start(Start { attempt, at_once, argv, env, cwd: &cwd, output }).encode(to);
    if to.len() - begin > LONGEST {
        to.truncate(begin);
        return Err(refused(job, NotStarted { stage: Stage::Program, errno: libc::E2BIG }));
    }
    Ok(())
}

/// Where its standard output and standard error go; where they go to the files of all jobs, the directory of those.
fn output(job: &Submission) -> Result<[PathBuf; 2], Refused> {
    match (&job.script, job.output) {
        (Some(_), _) => {
            // The script makes them too. If it could not, that would look like a failure of its command.
            make_empty(&job.files.stdout())?;
            make_empty(&job.files.stderr())?;
            Ok([job.files.script_log(), job.files.script_log()])
        }
        (None, Output::Files) => Ok([job.files.stdout(), job.files.stderr()]),
        (None, Output::None) => Ok([NOWHERE.into(), NOWHERE.into()]),
        (None, Output::Bundle) => {
            let directory = job.files.workdir().join(LOCAL_OUTPUT);
            Ok([directory.clone(), directory])
        }
    }
}

fn text(text: &OsStr) -> Option<CString> {
    CString::new(text.as_bytes()).ok()
}

/// The program and its arguments.
fn words(job: &Submission) -> Vec<OsString> {
    match &job.script {
        None => job.argv.words().to_vec(),
        Some(script) => vec![shell(job).into_os_string(), script.as_os_str().to_owned()],
    }
}

fn program(job: &Submission) -> PathBuf {
    if job.script.is_some() { shell(job) } else { job.argv.program().into() }
}

/// The variables that a job has of its own, each once. What xqute says of it, it says last.
fn variables(job: &Submission) -> Option<Vec<CString>> {
    let index = job.index.to_string();
    let told: [(&OsStr, &OsStr); 3] = [
        ("XQUTE_JOB_INDEX".as_ref(), index.as_ref()),
        ("XQUTE_METADIR".as_ref(), job.files.workdir().as_os_str()),
        ("XQUTE_JOB_METADIR".as_ref(), &job.files.metadir().into_os_string()),
    ];
    let given = job.env.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()));
    let all: Vec<_> = given.chain(told).collect();
    let is_last = |at: usize| !all[at + 1..].iter().any(|(name, _)| *name == all[at].0);
    let last = (0..all.len()).filter(|at| is_last(*at)).map(|at| all[at]);
    last.map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()).collect()
}

/// The shell, as this program finds it: a job's own `PATH`, by which a bare name would be looked for, is for what the job runs.
fn shell(job: &Submission) -> PathBuf {
    if given_path(job).is_none() {
        return SHELL.into();
    }
    let own = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&own).map(|directory| directory.join(SHELL));
    places.find(|it| it.is_file() && access(it, Access::EXEC_OK).is_ok()).unwrap_or_else(|| SHELL.into())
}

fn given_path(job: &Submission) -> Option<&OsStr> {
    job.env.0.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str())
}

fn make_empty(path: &Path) -> Result<(), Refused> {
    let opened = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    opened.map(|_: File| ()).map_err(|error| unwritable("a job's output", path, &error))
}

/// Why a job did not start, in words that say what to do.
pub(super) fn refused(job: &Submission, NotStarted { stage, errno }: NotStarted) -> Refused {
    let error = io::Error::from_raw_os_error(errno);
    let output = |own: PathBuf| match (&job.script, job.output) {
        (Some(_), _) => job.files.script_log(),
        (None, Output::Bundle) => job.files.workdir().join(LOCAL_OUTPUT),
        (None, _) => own,
    };
    match stage {
        Stage::Stdout => unwritable("a job's output", &output(job.files.stdout()), &error),
        Stage::Stderr => unwritable("a job's output", &output(job.files.stderr()), &error),
        Stage::Log => unwritable("the start of a job", &log::path(job.files.workdir()), &error),
        Stage::Process | Stage::Directory | Stage::Program => limit(&error).unwrap_or_else(|| {
            // The system gives one number for a missing directory and a missing program.
            let cwd = job.cwd.as_deref().and_then(|it| cwd_fault(it, stage, &error));
            Refused::ForGood(cwd.unwrap_or_else(|| match stage {
                Stage::Process => format!("the system makes no process: {error}"),
                _ => program_fault(job, &program(job), &error),
            }))
        }),
    }
}

/// Nobody could be asked to start jobs.
pub(super) fn unreached(workdir: &Path, error: &io::Error) -> Refused {
    limit(error).unwrap_or_else(|| {
        let what = format!("cannot start jobs from the work directory {}: {error}", workdir.display());
        Refused::Storage(match error.kind() {
            // Whoever answers there has said what to do.
            io::ErrorKind::InvalidData => what,
            _ => format!(
                "{what}: is there room, and may sockets be made there? Or choose another (`workdir`, -w DIR)"
            ),
        })
    })
}

fn unwritable(what: &str, path: &Path, error: &io::Error) -> Refused {
    limit(error).unwrap_or_else(|| {
        Refused::Storage(format!(
            "cannot write {what} to {}: {error}: make room there or make it writable, or choose another work directory (`workdir`, -w DIR)",
            path.display()
        ))
    })
}

/// What is no fault of the job: there are too many of something.
fn limit(error: &io::Error) -> Option<Refused> {
    let (what, todo) = match error.raw_os_error()? {
        libc::EAGAIN => ("processes", "raise `ulimit -u`"),
        libc::EMFILE => ("open files in this program", "raise `ulimit -n`"),
        libc::ENFILE => ("open files on this machine", "raise the sysctl fs.file-max"),
        libc::ENOMEM => ("jobs for the memory", "lower what each job takes"),
        _ => return None,
    };
    Some(Refused::Later(format!("too many {what}: {error}: {todo}, or run fewer jobs at once (`forks`)")))
}

/// Nothing is left to wait for: what was put off for want of open files is the run's trouble, and no job's.
pub(super) fn at_last(answer: Result<Accepted, Refused>, starves: bool) -> Result<Accepted, Refused> {
    match answer {
        Err(Refused::Later(why)) if starves => {
            Err(Refused::Storage(format!("not even one job can be started: {why}")))
        }
        answer => answer,
    }
}

/// What is wrong with a working directory, if something is.
fn cwd_fault(cwd: &Path, stage: Stage, error: &io::Error) -> Option<String> {
    let why = match fs::metadata(cwd) {
        Ok(it) if !it.is_dir() => "it is no directory".to_owned(),
        Ok(_) => match access(cwd, Access::EXEC_OK) {
            Ok(()) if stage == Stage::Directory => error.to_string(),
            Ok(()) => return None,
            Err(error) => no_entry(&error.into()),
        },
        Err(error) => no_entry(&error),
    };
    Some(format!("cannot run in the working directory {}: {why}", cwd.display()))
}

fn no_entry(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such directory: make it first".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not enter it (chmod +x lets you)".to_owned(),
        _ => error.to_string(),
    }
}

fn program_fault(job: &Submission, program: &Path, error: &io::Error) -> String {
    let name = program.display();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EACCES) if is_in_no_path(job, program) => {
            format!("`{name}`: command not found in PATH")
        }
        Some(libc::ENOENT) => {
            format!("`{name}`: no such file, or the interpreter that its first line names is missing")
        }
        Some(libc::EACCES) => format!("`{name}`: not executable (chmod +x makes a script so)"),
        Some(libc::ENOEXEC) => format!(
            "`{name}`: neither a program for this machine nor a script whose first line names its interpreter (#!/bin/sh)"
        ),
        Some(libc::ETXTBSY) => format!("`{name}`: it is open for writing: close it before a job runs it"),
        Some(libc::E2BIG) => format!("`{name}`: {}", too_long(job)),
        _ => format!("`{name}`: {error}"),
    }
}

/// Whether a program is a bare name that no directory of `PATH` has. The system does not say so where it may not look into
/// one of them.
fn is_in_no_path(job: &Submission, program: &Path) -> bool {
    let path = given_path(job).map(OsStr::to_owned).or_else(|| env::var_os("PATH")).unwrap_or_default();
    let is_bare = !program.as_os_str().as_bytes().contains(&b'/');
    is_bare && !env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn too_long(job: &Submission) -> String {
    let words = job.argv.words();
    let all: usize = words.iter().map(|it| it.len() + 1).sum();
    let longest = words.iter().map(|it| it.len() + 1).max().unwrap_or(0);
    let own: usize = job.env.0.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    format!(
        "argument list too long: {all} bytes in {} words, the longest of {longest}, and {own} in its own variables; \
         the system takes 131072 in one, and `getconf ARG_MAX` in all: write them to a file and give the job its name",
        words.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    #[test]
    fn a_limit_is_no_fault_of_the_job_nor_of_the_files() {
        for number in [libc::EAGAIN, libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
            let told = unwritable("a job's output", Path::new("/w/0/job.stdout"), &of(number));
            assert!(
                matches!(&told, Refused::Later(why) if why.starts_with("too many ") && why.contains("forks"))
            );
        }
    }

    #[test]
    fn files_that_cannot_be_written_stop_the_run_and_are_named() {
        for number in [libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EIO, libc::EACCES] {
            let told = unwritable("a job's output", Path::new("/w/0/job.stdout"), &of(number));
            assert!(matches!(&told, Refused::Storage(why) if why.contains("/w/0/job.stdout")), "{told}");
        }
    }

    #[test]
    fn a_directory_that_may_not_be_entered_is_told() {
        assert_eq!(no_entry(&of(libc::EACCES)), "you may not enter it (chmod +x lets you)");
        let fault = |stage| cwd_fault(Path::new("/"), stage, &of(libc::EIO));
        assert_eq!(fault(Stage::Program), None);
        assert!(fault(Stage::Directory).is_some());
    }
}
