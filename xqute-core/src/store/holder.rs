//! Whose run is it? The process, by what no other process of any machine has.

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

/// The process that holds a work directory. Where the system does not tell a part of it, that is empty or 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder<'a> {
    /// The machine's name, for people.
    #[serde(borrow)]
    pub(crate) host: Cow<'a, str>,
    /// The identifier of its boot.
    #[serde(borrow)]
    pub(crate) boot: Cow<'a, str>,
    /// The namespace that process ids are of: containers of one machine have one each.
    pub(crate) namespace: u64,
    /// The process id.
    pub(crate) pid: u32,
    /// When it started, in clock ticks since boot.
    pub(crate) start: u64,
}

impl Holder<'_> {
    /// This process.
    pub(crate) fn this_process() -> Holder<'static> {
        let pid = std::process::id();
        Holder {
            host: read_line("/proc/sys/kernel/hostname").into(),
            boot: read_line("/proc/sys/kernel/random/boot_id").into(),
            namespace: fs::metadata("/proc/self/ns/pid").map_or(0, |it| it.ino()),
            pid,
            start: start(pid).unwrap_or(0),
        }
    }

    pub(super) fn into_owned(self) -> Holder<'static> {
        let Self { host, boot, namespace, pid, start } = self;
        let (host, boot) = (host.into_owned().into(), boot.into_owned().into());
        Holder { host, boot, namespace, pid, start }
    }

    /// Whether it can be seen from here that it has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.is_alive() == Some(false)
    }

    /// Whether it is there; `None`: that cannot be seen from here.
    pub(super) fn is_alive(&self) -> Option<bool> {
        let here = Holder::this_process();
        let is_near = self.boot == here.boot && self.namespace == here.namespace;
        is_near.then(|| start(self.pid) == Some(self.start))
    }
}

fn read_line(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// When a process started: field 22 of its `stat`, counted from behind the name, which may have anything in it. One that has ended
/// is gone, though nobody has asked how, which in many a container nobody ever does.
fn start(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X");
    fields.nth(22 - 4)?.parse().ok().filter(|_| !is_dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_and_lives() {
        let here = Holder::this_process();
        assert!(!here.host.is_empty() && here.boot.len() == 36 && here.start > 0 && here.namespace > 0);
        assert!(!here.is_gone());
    }

    #[test]
    fn a_process_is_gone_if_its_id_is_free_or_anothers() {
        let here = Holder::this_process();
        assert!(Holder { start: here.start + 1, ..here.clone() }.is_gone());
        assert!(Holder { pid: u32::MAX, ..here.clone() }.is_gone());
        assert!(!Holder { pid: u32::MAX, boot: "another".into(), ..here.clone() }.is_gone());
        assert!(!Holder { pid: u32::MAX, namespace: 0, ..here }.is_gone());
    }

    /// Who starts a container's first process often waits for nobody: a program that was killed there is never asked how it ended.
    #[test]
    fn a_process_that_has_ended_is_gone_though_nobody_has_asked_how() {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let here = Holder::this_process();
        let holder = Holder { pid: child.id(), start: start(child.id()).unwrap(), ..here };
        assert!(!holder.is_gone());
        child.kill().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert!(holder.is_gone());
        child.wait().unwrap();
    }
}
