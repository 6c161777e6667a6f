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

/// When a process started: field 22 of its `stat`, counted from behind the name, which may have anything in it.
fn start(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(22 - 3)?.parse().ok()
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
}
