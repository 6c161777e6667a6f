//! Is what is told of a job true, and is a bound called one?

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xqute::{PeakMemory, Usage};

use super::measured::Figure;
use super::tree::{Kin, Members, members};
use super::*;

fn measured(usage: Option<Usage>, sampled: Sampled) -> Measured {
    let attempt = Attempt {
        index: 3,
        attempt: 1,
        started: Some(1_000),
        ended: 3_000,
        outcome: "succeeded",
        reason: String::new(),
        rc: Some(0),
        usage,
        jid: Some("42".to_owned()),
        name: Some("align-12".to_owned()),
        tags: Vec::new(),
        command: b"align".to_vec(),
    };
    Measured { attempt, program: "align".to_owned(), sampled }
}

fn usage(seconds: u64, peak: PeakMemory) -> Option<Usage> {
    Some(Usage::new(Duration::from_secs(seconds), Duration::ZERO, peak))
}

fn seen(cpu: u64, peak: u64) -> Sampled {
    let mut it = Sampled::default();
    (it.samples, it.cpu, it.peak) = (2, Duration::from_secs(cpu), peak);
    (it.processes, it.read, it.written) = (3, 5, 6);
    it
}

#[test]
fn what_the_system_tells_and_what_was_seen_are_bounds() {
    let it = measured(usage(4, PeakMemory::Exactly(900)), seen(3, 500));
    assert_eq!(it.cpu(), Some(Duration::from_secs(4)));
    assert_eq!((it.largest(), it.memory()), (Some(Figure::Exactly(900)), Some(900)));
    // Processes that nobody waited for used more than the system tells.
    let it = measured(usage(1, PeakMemory::AtMost(900)), seen(3, 500));
    assert_eq!(it.cpu(), Some(Duration::from_secs(3)));
    assert_eq!((it.largest(), it.memory()), (Some(Figure::AtMost(900)), Some(500)));
    // Too short to be looked at.
    let it = measured(usage(1, PeakMemory::AtMost(900)), Sampled::default());
    assert_eq!((it.cpu(), it.memory()), (Some(Duration::from_secs(1)), None));
    let it = measured(None, Sampled::default());
    assert_eq!((it.cpu(), it.largest(), it.memory()), (None, None, None));
}

#[test]
fn a_line_has_a_column_for_each_name() {
    let line = |it: &Measured| String::from_utf8(it.line()).unwrap();
    let mut it = measured(usage(4, PeakMemory::AtMost(900)), seen(3, 500));
    let columns = HEAD.split(',').count();
    assert_eq!(line(&it), "3,1,3000,1000,succeeded,align-12,,align,2.000,4.000,900,<=,500,,5,6,3,2\n");
    assert_eq!(line(&it).split(',').count(), columns);
    it.sampled = Sampled::default();
    assert_eq!(line(&it), "3,1,3000,1000,succeeded,align-12,,align,2.000,4.000,900,<=,,,,,,0\n");
    it.attempt.name = Some("a \"b\",\nc".to_owned());
    assert!(line(&it).contains(",\"a \"\"b\"\", c\",,"), "{}", line(&it));
}

#[test]
fn groups_are_told_with_what_they_were_given() {
    let mut asked = Asked::default();
    assert!(asked.tell().is_empty());
    let limit = Some(Duration::from_secs(7_200));
    for cpu in [1, 7] {
        asked.take(&measured(usage(cpu, PeakMemory::Exactly(2_500_000)), seen(0, 4_100_000_000)), limit);
    }
    let mut other = measured(usage(0, PeakMemory::AtMost(6_000_000)), Sampled::default());
    (other.attempt.name, other.attempt.tags) = (None, vec!["sort".to_owned()]);
    asked.take(&other, limit);
    asked.take(&other, None);
    let told = asked.tell();
    let words: Vec<Vec<_>> =
        told.iter().map(|it| it.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect()).collect();
    assert_eq!(words[0], ["used by", "attempts", "time limit", "longest", "cpus", "memory", "processes"]);
    assert_eq!(words[1], ["align", "2", "2h00m", "2.0s", ">= 2.0", ">= 4.1 GB", ">= 3"]);
    assert_eq!(words[2], ["sort", "2", "none", "2.0s", ">= 0.0", "<= 6.0 MB each process", "-"]);
    assert!(told.iter().all(|it| it.chars().count() == told[0].chars().count()), "{told:#?}");
    (0..20).for_each(|it| {
        other.attempt.tags = vec![format!("tag{it}")];
        asked.take(&other, None);
    });
    assert_eq!(asked.tell().last().unwrap(), "and 12 attempts of other groups");
}

fn kin(pid: i32, parent: i32, group: i32) -> Kin {
    Kin { pid, start: 1, parent, group }
}

#[test]
fn a_jobs_processes_are_its_group_its_descendants_and_those_that_were() {
    let mut all = vec![
        kin(1, 0, 1),
        kin(10, 1, 10),  // a leader
        kin(11, 10, 10), // its child
        kin(12, 11, 12), // in a group of its own
        kin(13, 12, 13),
        kin(14, 1, 10),  // an orphan of the group
        kin(20, 1, 20),  // another leader
        kin(30, 31, 30), // a circle
        kin(31, 30, 31),
        kin(40, 1, 40), // nobody's
    ];
    let leaders = |it: i32| it == 10 || it == 20;
    let before = members(&all, leaders, &Members::new());
    let of = |members: &Members| {
        let mut list: Vec<_> = members.iter().map(|((pid, _), leader)| (*pid, *leader)).collect();
        list.sort_unstable();
        list
    };
    let wanted = [(10, 10), (11, 10), (12, 10), (13, 10), (14, 10), (20, 20)];
    assert_eq!(of(&before), wanted);
    // Its parents are gone, and what had its number before is another process.
    all.retain(|it| ![11, 12].contains(&it.pid));
    all.iter_mut().find(|it| it.pid == 13).unwrap().parent = 1;
    all.push(Kin { start: 2, ..kin(12, 1, 12) });
    assert_eq!(of(&members(&all, leaders, &before)), [(10, 10), (13, 10), (14, 10), (20, 20)]);
    // Its job has ended.
    assert_eq!(of(&members(&all, |it| it == 20, &before)), [(20, 20)]);
}

/// A job's processes, led by a shell: killed with the test.
struct Tree(Child);

impl Tree {
    fn new(script: &str) -> Self {
        use std::os::unix::process::CommandExt;
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).process_group(0);
        // A pipe of the test's would be held open by what outlives it.
        shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(shell.spawn().unwrap())
    }

    fn leader(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_raw(self.leader()).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Looks until what is seen is so.
fn until(sampler: &Sampler, leader: i32, is_so: impl Fn(&Sampled) -> bool) -> Sampled {
    let begun = Instant::now();
    loop {
        let seen = sampler.seen(leader);
        if seen.as_ref().is_some_and(&is_so) {
            return seen.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{seen:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_processes_of_all_jobs_are_looked_at() {
    let sampler = Sampler::new(Duration::from_millis(10)).unwrap();
    let held = Tree::new("(head -c 50000000 /dev/zero; sleep 600) | tail -c 50000000; true");
    let busy = Tree::new("i=0; while :; do i=$((i+1)); done");
    let away =
        Tree::new("setsid sh -c \"while kill -0 $$ 2> /dev/null; do sleep 0.1; done\" & sleep 600 & wait");
    [&held, &busy, &away].iter().for_each(|it| sampler.begins(it.leader()));
    let of_held =
        until(&sampler, held.leader(), |it| it.peak > 45_000_000 && it.processes >= 3 && it.samples > 2);
    assert!(of_held.average().is_some_and(|it| it <= of_held.peak), "{of_held:?}");
    until(&sampler, busy.leader(), |it| it.cpu >= Duration::from_millis(50) && it.processes == 1);
    // One that has a session of its own is a child still.
    until(&sampler, away.leader(), |it| it.processes >= 4);
    let ended = sampler.ends(held.leader());
    assert!(ended.samples >= of_held.samples && sampler.seen(held.leader()).is_none());
    assert_eq!(sampler.ends(held.leader()), Sampled::default());
}
