//! Who sees the end of a job whose program has no supervisor, if the program is killed? A guardian: a process of each job's own,
//! which starts it, waits, writes its end down, and is gone.
//!
//! It is a copy of the program, made by `fork`, so that it costs more the more memory the program has. The program may have other
//! threads, which the copy lacks, and any lock may be held by one of them: it makes system calls, and allocates nothing.
//!
//! One of the files with `unsafe`.
#![expect(unsafe_code, reason = "fork")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::child::{Errand, NotStarted, Stage, append, clone_process};
use super::forget::Environment;
use super::log::History;
use super::record::{self, Attempt, Record, SIZE};
use super::system;

/// Between two tries to write down what the disk did not take.
const RETRY_SECONDS: u32 = 1;
/// The first of its words: four numbers of eight bytes.
const BEGUN: usize = 32;

/// A job that has a guardian.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) pid: Pid,
    pub(super) guardian: Pid,
    /// Where the guardian says how the job ended. Readable, too, when the guardian is gone.
    pub(super) end: OwnedFd,
    /// When the job wrote its start down, in ticks since boot.
    pub(super) latest: u64,
}

/// What a guardian is told.
pub(super) struct Ward<'a> {
    pub(super) attempt: Attempt,
    pub(super) log: BorrowedFd<'a>,
    pub(super) null: BorrowedFd<'a>,
    pub(super) environment: Option<&'a Environment>,
}

/// Starts a job by a guardian. The thread has blocked all signals: so has the guardian.
pub(super) fn start(
    stack: &mut [u128],
    errand: &mut Errand<'_>,
    ward: &Ward<'_>,
) -> Result<Guarded, NotStarted> {
    let failed = |errno: Errno| NotStarted { stage: Stage::Process, errno: errno.raw_os_error() };
    let (end, says) = pipe().map_err(|it| failed(Errno::from_io_error(&it).unwrap_or(Errno::AGAIN)))?;
    // SAFETY: the copy is this thread alone. It runs `guard`, which makes system calls and does not return.
    let guardian = match unsafe { libc::fork() } {
        0 => guard(stack, errand, ward, &says),
        pid => Pid::from_raw(pid.max(0)).ok_or_else(|| failed(last_error()))?,
    };
    drop(says);
    let mut begun = [0; BEGUN];
    match read_all(&end, &mut begun) {
        Ok(true) => {}
        // It was killed. Whatever it has begun has come to its program or to its end: that would have the pipe too.
        Ok(false) => {
            if let Some((pid, latest)) = unsaid(ward) {
                return Ok(Guarded { pid, guardian, end, latest });
            }
            let _ = waitpid(Some(guardian), WaitOptions::empty());
            return Err(failed(Errno::SRCH));
        }
        Err(errno) => return Err(failed(errno)),
    }
    let [pid, stage, errno, latest] = words(&begun);
    if let (Some(stage), Ok(errno)) = (Stage::from_number(stage.to_le_bytes()[0]), i32::try_from(errno)) {
        // If somebody else took its end, that is as good.
        let _ = waitpid(Some(guardian), WaitOptions::empty());
        return Err(NotStarted { stage, errno });
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| failed(Errno::SRCH))?;
    rustix::io::ioctl_fionbio(&end, true).map_err(failed)?;
    Ok(Guarded { pid, guardian, end, latest })
}

/// The job that its guardian has started and did not come to tell of, as the log tells.
fn unsaid(ward: &Ward<'_>) -> Option<(Pid, u64)> {
    let history = History::of_log(ward.log).ok()?;
    let known = history.get(ward.attempt).filter(|it| it.fate.is_none())?;
    Some((Pid::from_raw(known.pid.max(0))?, known.start))
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (end, says) = io::pipe()?;
    Ok((system::apart(end.into())?, system::apart(says.into())?))
}

/// What a guardian has said of its job's end, if it has, and whether that is written down; an error if it is gone without a word.
pub(super) fn end(said: BorrowedFd<'_>) -> io::Result<Option<(Record, bool)>> {
    let mut bytes = [0; SIZE + 1];
    match rustix::io::read(said, &mut bytes) {
        // A pipe takes so few bytes at once.
        Ok(size @ SIZE..) => {
            let record = bytes.first_chunk().and_then(Record::decode);
            record.map(|it| Some((it, size == SIZE))).ok_or_else(|| io::ErrorKind::InvalidData.into())
        }
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// The guardian, from its first moment to its last.
fn guard(stack: &mut [u128], errand: &mut Errand<'_>, ward: &Ward<'_>, says: &OwnedFd) -> ! {
    system::default_signals();
    // Away from the program's terminal, whose end is not the end of the job.
    let _ = rustix::process::setsid();
    system::name_process(c"xqute-guard");
    // The job is given its own.
    ward.environment.into_iter().for_each(Environment::forget);
    let (pid, _pidfd) = clone_process(stack, errand);
    let number = |it: i32| u64::from(it.max(0).cast_unsigned());
    let (stage, errno) = match (Pid::from_raw(pid.max(0)), errand.failed()) {
        (None, _) => (Stage::Process as u64, number(last_error().raw_os_error())),
        (_, Some(NotStarted { stage, errno })) => (stage as u64, number(errno)),
        (Some(_), None) => (0, 0),
    };
    let begun = [number(pid), stage, errno, errand.latest()].map(u64::to_le_bytes);
    tell(says, begun.as_flattened());
    let Some(pid) = Pid::from_raw(pid.max(0)).filter(|_| stage == 0) else { system::end_process(0) };
    // The job has what a program inherits. Who looks after it holds nothing of the program open; nor the lock, as the start is
    // written down.
    let _ = rustix::stdio::dup2_stdin(ward.null);
    let _ = rustix::stdio::dup2_stdout(ward.null);
    let _ = rustix::stdio::dup2_stderr(ward.null);
    system::close_all_but(&mut [ward.log, says.as_fd()].map(|it| it.as_raw_fd()));
    let end = see(pid, ward.attempt);
    let mut is_written = append(ward.log, &end).is_ok();
    // A program that lives knows it now. A byte more says that it is not to be waited for.
    let mut told = [0; SIZE + 1];
    told[..SIZE].copy_from_slice(&end);
    tell(says, &told[..SIZE + usize::from(!is_written)]);
    // What the program knows, it may not have written down itself when it dies.
    while !is_written {
        system::pause(RETRY_SECONDS);
        is_written = append(ward.log, &end).is_ok();
    }
    // Only now may the system forget it.
    let _ = waitpid(Some(pid), WaitOptions::empty());
    system::end_process(0)
}

/// Waits for the job's end, which the system goes on to keep.
fn see(pid: Pid, attempt: Attempt) -> [u8; SIZE] {
    let floor = system::own_peak();
    loop {
        let (number, when) = (pid.as_raw_nonzero().get(), record::now());
        match system::wait(pid, floor) {
            Ok(Some(end)) => {
                return Record::Ended { attempt, pid: number, end, when: record::now() }.encode();
            }
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(0);
                return Record::Lost { attempt, pid: number, errno, when }.encode();
            }
        }
    }
}

/// The program may be gone. Then there would be SIGPIPE, which is blocked.
fn tell(says: &OwnedFd, words: &[u8]) {
    let _ = rustix::io::write(says.as_fd(), words);
}

/// Whether they came; not, if the other side is gone.
fn read_all(from: &OwnedFd, bytes: &mut [u8]) -> Result<bool, Errno> {
    let mut at = 0;
    while at < bytes.len() {
        match rustix::io::read(from, &mut bytes[at..]) {
            Ok(0) => return Ok(false),
            Ok(size) => at += size,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}

fn words(bytes: &[u8; BEGUN]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

fn last_error() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::local::log::Log;

    #[test]
    fn a_job_of_which_its_guardian_did_not_come_to_tell_is_in_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let (log, null) = (Log::open(dir.path()).unwrap(), std::fs::File::open("/dev/null").unwrap());
        let attempt = Attempt { run: 1, index: 2, number: 0 };
        let ward = Ward { attempt, log: log.as_fd(), null: null.as_fd(), environment: None };
        assert_eq!(unsaid(&ward), None);
        log.append(&Record::Started { attempt, pid: 7, start: 5, when: 1 }.encode()).unwrap();
        assert_eq!(unsaid(&ward), Pid::from_raw(7).map(|it| (it, 5)));
        log.append(&Record::NotExecuted { attempt, pid: 7, errno: 2, when: 1 }.encode()).unwrap();
        assert_eq!(unsaid(&ward), None);
    }
}
