//! What is asked of the system that no safe library asks?
//!
//! One of the files with `unsafe`, for system calls.
#![expect(
    unsafe_code,
    reason = "waitid with usage, getrusage, leases, signals, fork, and a descriptor for the reactor"
)]

use std::ffi::CStr;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::process::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::record::End;

/// Most files that are closed one by one.
const MOST_FILES: i32 = 65_535;

/// How a child has ended, which the system still keeps; `None` while it has not. `floor`: the peak of memory that it began
/// with.
pub(super) fn look(child: Pid, floor: u32) -> io::Result<Option<End>> {
    see(child, floor, libc::WNOHANG)
}

/// The same, and waits until it has.
pub(super) fn wait(child: Pid, floor: u32) -> io::Result<Option<End>> {
    see(child, floor, 0)
}

fn see(child: Pid, floor: u32, options: libc::c_int) -> io::Result<Option<End>> {
    let (mut info, mut usage) = (no_info(), no_usage());
    let options = libc::WEXITED | libc::WNOWAIT | options;
    // SAFETY: both pointers are to values of the types that are written, which live longer than the call.
    let told = unsafe {
        libc::syscall(
            libc::SYS_waitid,
            libc::P_PID,
            child.as_raw_nonzero().get(),
            &raw mut info,
            options,
            &raw mut usage,
        )
    };
    if told == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled these fields, or left them zero.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    let status = match info.si_code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    };
    let peak = u32::try_from(usage.ru_maxrss).unwrap_or(u32::MAX);
    let (user, system) = (micros(usage.ru_utime), micros(usage.ru_stime));
    Ok(Some(End { status, user, system, peak, exact: peak > floor }))
}

fn micros(time: libc::timeval) -> u64 {
    let (seconds, micros) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_usec));
    seconds.unwrap_or(0) * 1_000_000 + micros.unwrap_or(0)
}

/// The most memory that this process has held, in kilobytes. A process that it starts begins with that figure.
pub(super) fn own_peak() -> u32 {
    let mut usage = no_usage();
    // SAFETY: the pointer is to a value of the type that is written, which lives longer than the call.
    match unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } {
        0 => u32::try_from(usage.ru_maxrss).unwrap_or(u32::MAX),
        // Then no figure is above it.
        _ => u32::MAX,
    }
}

fn no_usage() -> libc::rusage {
    // SAFETY: it is made of numbers alone, and zero is one.
    unsafe { mem::zeroed() }
}

fn no_info() -> libc::siginfo_t {
    // SAFETY: it is made of numbers and pointers, and zero is one.
    unsafe { mem::zeroed() }
}

/// What `PIDFD_GET_INFO` fills in: `struct pidfd_info` of Linux 6.15.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

const INFO_EXIT: u64 = 1 << 3;
/// `_IOWR(0xFF, 11, struct pidfd_info)`.
const GET_INFO: u32 = 0xC040_FF0B;

/// The status of a process that has ended, which need not be a child. Linux tells it from 6.15 on, when the process is reaped.
pub(super) fn status_of_stranger(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let mut info = PidfdInfo { mask: INFO_EXIT, ..PidfdInfo::default() };
    const { assert!(size_of::<PidfdInfo>() == 64) };
    // SAFETY: the pointer is to a value of the size that the request names, which lives longer than the call.
    let told = unsafe { libc::ioctl(pidfd.as_raw_fd(), GET_INFO as _, &raw mut info) };
    (told == 0 && info.mask & INFO_EXIT != 0).then_some(info.exit_code)
}

/// A descriptor, to be waited for.
pub(super) fn watched(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open as long as it lives, stays the same descriptor, and is owned by the `AsyncFd`.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, interest) }?)
}

/// Whether no other descriptor of a file is open but this, which was opened to read and write; `None`: the system does not tell.
pub(super) fn is_only_one(file: BorrowedFd<'_>) -> Option<bool> {
    let lease = |kind: libc::c_int| {
        // SAFETY: the call takes no pointer.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) }
    };
    // A lease to write is given only where that is so.
    if lease(libc::F_WRLCK) == 0 {
        lease(libc::F_UNLCK);
        return Some(true);
    }
    (io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock).then_some(false)
}

/// A descriptor that is none of the three which a job's process puts in place: one may be free, in a program that has closed its own.
pub(super) fn apart(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    match descriptor.as_raw_fd() {
        0..=2 => Ok(rustix::io::fcntl_dupfd_cloexec(&descriptor, 3)?),
        _ => Ok(descriptor),
    }
}

/// Blocks every signal in this thread. What a program runs has its own mask: see `child`.
pub(super) fn block_signals() {
    // SAFETY: the set is filled before it is used, and lives longer than the calls.
    unsafe {
        let mut all = mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
}

/// Handles signals as a process does that nobody told anything: `SIGPIPE`, which std has ignored in this one, and `SIGCHLD`,
/// because the ends of children that are ignored are told to nobody.
pub(super) fn default_signals() {
    // SAFETY: no handler is installed.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}

/// Whether this program has rights that its caller has not.
pub(super) fn is_privileged() -> bool {
    // SAFETY: the call reads what the system gave the process when it began.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Goes on as another process, whose parent is nobody's concern; this one ends.
pub(super) fn leave_the_parent() -> io::Result<()> {
    // SAFETY: the caller has not started threads that hold what this one needs: the program has just begun. Where a runtime's
    // threads are there already, they wait for work, and the C library's own locks are kept sound across a fork.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(()),
        _ => end_process(0),
    }
}

/// Closes every file from 3 on but these.
pub(super) fn close_all_but(kept: &mut [RawFd]) {
    kept.sort_unstable();
    let mut first = 3;
    for kept in kept.iter().copied().chain([RawFd::MAX]) {
        close_range(first, kept - 1);
        first = first.max(kept.saturating_add(1));
    }
}

fn close_range(first: RawFd, last: RawFd) {
    // SAFETY: whoever closes all uses none of them any more.
    if first <= last && unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == -1 {
        // Before Linux 5.9.
        for it in first..=last.min(MOST_FILES) {
            // SAFETY: the same.
            let _ = unsafe { libc::close(it) };
        }
    }
}

/// What others see of a process.
pub(super) fn name_process(name: &CStr) {
    // SAFETY: the call reads a text that ends with NUL.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Waits, by the system alone.
pub(super) fn pause(seconds: u32) {
    let time = libc::timespec { tv_sec: seconds.into(), tv_nsec: 0 };
    // SAFETY: the time lives longer than the call.
    unsafe { libc::nanosleep(&raw const time, std::ptr::null_mut()) };
}

/// Ends the process, and runs nothing that the program has registered for its end.
pub(super) fn end_process(code: i32) -> ! {
    // SAFETY: it does not return, and touches nothing of the program.
    unsafe { libc::_exit(code) }
}
