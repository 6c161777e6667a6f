//! What is a disk that is full? A small file system in memory, with room for so much and no more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The size of a block: a page.
const BLOCK: u64 = 4096;
/// Blocks and inodes that no test needs.
const PLENTY: u64 = 1 << 16;

/// What is mounted, by name.
const SOURCE: &str = "xqute-test";

/// What may still be taken; `None`: as much as anybody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Room {
    pub(crate) blocks: Option<u64>,
    pub(crate) inodes: Option<u64>,
}

/// A mounted file system, which goes with this.
#[derive(Debug)]
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// With plenty of room.
    pub(crate) fn mount(at: &Path) -> Self {
        fs::create_dir(at).unwrap();
        let options = options(PLENTY, PLENTY);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, SOURCE]).arg(at);
        let made = mount.output().expect("there is a `mount`");
        assert!(
            made.status.success(),
            "this test fills a disk of its own and cannot mount one: run it as root, or where user namespaces are allowed ({})",
            String::from_utf8_lossy(&made.stderr).trim()
        );
        let mounted = Self(at.to_owned());
        // A size of 0 would be none: there is always something.
        fs::write(at.join("ballast"), [0]).unwrap();
        mounted
    }

    /// Leaves so much room beside what is taken now.
    pub(crate) fn leave(&self, room: Room) {
        let [blocks, free, inodes, free_inodes] = self.figures();
        let size = room.blocks.map_or(PLENTY, |more| blocks - free + more);
        let number = room.inodes.map_or(PLENTY, |more| inodes - free_inodes + more);
        let options = format!("remount,{}", options(size, number));
        // With its source named, `mount` adds no option of its own to these.
        let done = Command::new("mount").args(["-o", &options, SOURCE]).arg(&self.0).status().unwrap();
        assert!(done.success(), "the room is set to {room:?}");
    }

    /// From now on nothing can be written, or again.
    pub(crate) fn read_only(&self, only: bool) {
        // A process that another test starts has the files of this one, too, until it is a program of its own.
        while only && self.is_open() {
            std::thread::yield_now();
        }
        let options = if only { "remount,ro" } else { "remount,rw" };
        let done = Command::new("mount").args(["-o", options, SOURCE]).arg(&self.0).status().unwrap();
        assert!(done.success(), "{options}");
    }

    /// Whether a process has a file open in it.
    fn is_open(&self) -> bool {
        let here = |file: PathBuf| fs::read_link(file).is_ok_and(|it| it.starts_with(&self.0));
        let list = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|it| it.path());
        list("/proc".into()).any(|process| list(process.join("fd")).any(here))
    }

    /// Blocks and inodes, each all and then those that are free.
    fn figures(&self) -> [u64; 4] {
        let told = Command::new("stat").args(["-f", "-c", "%b %f %c %d %S"]).arg(&self.0).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let numbers: Vec<u64> = told.split_whitespace().map(|it| it.parse().unwrap()).collect();
        let [blocks, free, inodes, free_inodes, BLOCK] = numbers[..] else { panic!("{told}") };
        [blocks, free, inodes, free_inodes]
    }
}

fn options(blocks: u64, inodes: u64) -> String {
    format!("size={},nr_inodes={inodes},mode=0700", blocks * BLOCK)
}

/// Who is not root may not mount, but is root in a namespace of his own: the test is run again in one. Whether that was done.
pub(crate) fn passes_as_root() -> bool {
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout == b"0\n" {
        return false;
    }
    let test = std::thread::current().name().unwrap().to_owned();
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
    let done = again.args(["--exact", &test]).output().expect("there is an `unshare`");
    let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success() && told.contains("1 passed"), "in a namespace of its own: {told}");
    true
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a test that fails may have left something running. If that fails too, the test's own message is worth more.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
