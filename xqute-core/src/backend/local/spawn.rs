//! How is a job's process started, and in which words is told why it was not?

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};
use rustix::process::Pid;

use crate::backend::{Refused, Submission};

/// What runs a job's script.
const SHELL: &str = "bash";

/// Starts the job's process: leader of its own group, its output in its files, its standard input empty.
///
/// Nothing here may cost std its fast way (`posix_spawn`), whose price does not grow with this program's memory: no
/// `pre_exec`, no user, no group. (A `PATH` of the job's own costs it, where the program is a bare name.)
pub(super) fn spawn(job: &Submission) -> Result<Pid, Refused> {
    let (mut command, [stdout, stderr]) = match &job.script {
        None => (direct(job), [replaced(&job.files.stdout())?, replaced(&job.files.stderr())?]),
        Some(script) => {
            // The script makes them too. If it could not, that would look like a failure of its command.
            replaced(&job.files.stdout())?;
            replaced(&job.files.stderr())?;
            (scripted(job, script), log(&job.files.script_log())?)
        }
    };
    surround(&mut command, job);
    let spawned = command.process_group(0).stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
    // Dropping a `Child` neither waits nor kills.
    spawned.map(|child| Pid::from_child(&child)).map_err(|error| refused(job, command.get_program(), &error))
}

fn direct(job: &Submission) -> Command {
    let mut command = Command::new(job.argv.program());
    command.args(job.argv.args());
    command
}

fn scripted(job: &Submission, script: &Path) -> Command {
    let mut command = Command::new(shell(job));
    command.arg(script);
    command
}

/// The shell, as this program finds it: a job's own `PATH`, by which std would look for it, is for what the job runs.
fn shell(job: &Submission) -> PathBuf {
    if given_path(job).is_none() {
        return SHELL.into();
    }
    let own = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&own).map(|directory| directory.join(SHELL));
    places.find(|it| it.is_file() && access(it, Access::EXEC_OK).is_ok()).unwrap_or_else(|| SHELL.into())
}

fn given_path(job: &Submission) -> Option<&OsStr> {
    job.env.0.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str())
}

/// Environment and working directory. What xqute says of the job, it says last.
fn surround(command: &mut Command, job: &Submission) {
    command
        .envs(job.env.0.iter().map(|(name, value)| (name, value)))
        .env("XQUTE_JOB_INDEX", job.index.to_string())
        .env("XQUTE_METADIR", job.files.workdir())
        .env("XQUTE_JOB_METADIR", job.files.metadir());
    if let Some(cwd) = &job.cwd {
        command.current_dir(cwd);
    }
}

fn replaced(path: &Path) -> Result<File, Refused> {
    let opened = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    opened.map_err(|error| unwritable(path, &error))
}

/// One file for both, which keeps what it has.
fn log(path: &Path) -> Result<[File; 2], Refused> {
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    let both = opened.and_then(|file| Ok([file.try_clone()?, file]));
    both.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Refused {
    limit(error).unwrap_or_else(|| {
        Refused::Storage(format!(
            "cannot write a job's output to {}: {error}: make room there or make it writable, or choose another work directory (`workdir`, -w DIR)",
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

/// Why a process did not start, in words that say what to do.
fn refused(job: &Submission, program: &OsStr, error: &io::Error) -> Refused {
    limit(error).unwrap_or_else(|| {
        // The system gives one number for a missing directory and a missing program.
        let cwd = job.cwd.as_deref().and_then(cwd_fault);
        Refused::ForGood(cwd.unwrap_or_else(|| program_fault(job, Path::new(program), error)))
    })
}

/// What is wrong with a working directory, if something is.
fn cwd_fault(cwd: &Path) -> Option<String> {
    let why = match fs::metadata(cwd) {
        Ok(it) if !it.is_dir() => "it is no directory".to_owned(),
        Ok(_) => match access(cwd, Access::EXEC_OK) {
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
            let told = unwritable(Path::new("/w/0/job.stdout"), &of(number));
            assert!(
                matches!(&told, Refused::Later(why) if why.starts_with("too many ") && why.contains("forks"))
            );
        }
    }

    #[test]
    fn files_that_cannot_be_written_stop_the_run_and_are_named() {
        for number in [libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EIO, libc::EACCES] {
            let told = unwritable(Path::new("/w/0/job.stdout"), &of(number));
            assert!(matches!(&told, Refused::Storage(why) if why.contains("/w/0/job.stdout")), "{told}");
        }
    }

    #[test]
    fn a_directory_that_may_not_be_entered_is_told() {
        assert_eq!(no_entry(&of(libc::EACCES)), "you may not enter it (chmod +x lets you)");
        assert_eq!(cwd_fault(Path::new("/")), None);
    }
}
