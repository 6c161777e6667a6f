//! What if the numbers of processes mean others than they did: after a reboot, in another container, or because time went by?

use std::fs;
use std::process::Command;

use super::scene::{Bystander, Scene, kill};

/// The size of a record of `local.log`; where its checksum stands, and what it is of.
const SIZE: usize = 64;
const SUM: std::ops::Range<usize> = 2..6;
/// Where a record has its kind, the boot that a supervisor's is of, a start's process and when that began.
const KIND: usize = 6;
const BOOT: usize = 8;
const PID: usize = 28;
const START: usize = 40;
const SUPERVISOR: u8 = 1;
const STARTED: u8 = 2;

/// Writes the log anew, with other records of this kind in it.
fn forge(scene: &Scene, kind: u8, change: impl Fn(&mut [u8])) {
    let path = scene.path("w/local.log");
    let mut log = fs::read(&path).unwrap();
    let mut changed = 0;
    for record in log.chunks_exact_mut(SIZE).filter(|it| it[KIND] == kind) {
        change(record);
        let sum = crc32fast::hash(&record[KIND..]);
        record[SUM].copy_from_slice(&sum.to_le_bytes());
        changed += 1;
    }
    assert!(changed > 0, "the log has such records");
    fs::write(&path, log).unwrap();
}

/// Both jobs are now written down as this process.
fn blame(scene: &Scene, pid: u32, start: u64) {
    forge(scene, STARTED, |record| {
        record[PID..PID + 4].copy_from_slice(&pid.to_le_bytes());
        record[START..START + 8].copy_from_slice(&start.to_le_bytes());
    });
}

/// Runs again what nobody knows the end of, tells why, and leaves the stranger alone who has the number now.
fn runs_again(scene: &Scene, bystander: &mut Bystander, why: &str) {
    let (code, told) = scene.again();
    assert_eq!(code, Some(0), "{told}");
    let unknown = format!("its own end is not known: {why}");
    assert_eq!(told.matches(&unknown).count(), 2, "{told}");
    let twice = format!(
        "2 times a job ran again that may have done its work, because its end is not known; the first: job 0: {why}"
    );
    assert!(told.contains(&twice), "{told}");
    assert!(told.contains("2 jobs: 2 succeeded"), "{told}");
    scene.assert_each(2, 1);
    assert!(bystander.is_untouched());
}

#[test]
fn after_a_reboot_a_number_of_before_is_nobodys_and_the_jobs_run_again() {
    let (scene, mut bystander) = (Scene::new(), Bystander::new());
    scene.power_cut(scene.start(&[], &[]));
    // All but the boot says that it is the job.
    blame(&scene, bystander.pid(), bystander.start());
    forge(&scene, SUPERVISOR, |record| record[BOOT] ^= 1);
    let why = "the machine was started anew while it ran, or it ran on another one";
    runs_again(&scene, &mut bystander, why);
}

/// xqute X9: a stale `job.jid` whose number was another process's: "already running", and the run waited for ever.
#[test]
fn xqute_x9_a_number_that_is_another_processs_now_is_neither_waited_for_nor_killed() {
    let (scene, mut bystander) = (Scene::new(), Bystander::new());
    scene.power_cut(scene.start(&[], &[]));
    blame(&scene, bystander.pid(), bystander.start() - 1);
    let why =
        "it was started and is gone, and who looked after it was killed before it could see how it ended";
    runs_again(&scene, &mut bystander, why);
}

/// A container: a namespace of process numbers, in which the run is the first process.
const CONTAINER: [&str; 6] = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];

#[test]
fn after_a_container_is_gone_its_numbers_are_nobodys_and_the_jobs_run_again() {
    let (scene, mut bystander) = (Scene::new(), Bystander::new());
    let container = [&CONTAINER[..], &["--kill-child"]].concat();
    let mut program = scene.start(&container, &[]);
    program.kill().unwrap();
    program.wait().unwrap();
    scene.supervisor_is_gone();
    blame(&scene, bystander.pid(), bystander.start());
    let why = "it ran in another container (process namespace), which cannot be seen from here";
    runs_again(&scene, &mut bystander, why);
}

/// The program inside dies, its supervisor serves the next one, which is outside; then that one is killed too, and the
/// processes that have the numbers of its jobs outside are not theirs.
#[test]
fn jobs_of_a_supervisor_in_another_container_are_lost_with_it_and_nobody_is_taken_for_them() {
    let (scene, mut bystander) = (Scene::new(), Bystander::new());
    // The first process of the container has to outlive the program.
    let inside = "\"$@\" & echo $! >program; wait; until test -e over; do sleep 0.02; done";
    let mut container = scene.start(&[&CONTAINER[..], &["sh", "-c", inside, "sh"]].concat(), &[]);
    let supervisor = scene.supervisor();
    let parents = Command::new("pgrep").args(["-P", &container.id().to_string()]).output().unwrap();
    let first = String::from_utf8(parents.stdout).unwrap();
    let programs = Command::new("pgrep").args(["-P", first.trim(), "-x", "xqute"]).output().unwrap();
    kill(String::from_utf8(programs.stdout).unwrap().trim().parse().unwrap());
    let told = fs::File::create(scene.path("told")).unwrap();
    let mut next = scene.run(&[], &[]).stderr(told).spawn().unwrap();
    let told = || fs::read_to_string(scene.path("told")).unwrap();
    scene.wait("both to be adopted", || scene.journal().matches("adopted").count() == 2);
    blame(&scene, bystander.pid(), bystander.start());
    kill(supervisor);
    scene.wait("both to run again", || scene.processes().len() == 4);
    scene.go();
    assert!(next.wait().unwrap().success(), "{}", told());
    assert!(told().contains("its own end is not known"), "{}", told());
    assert!(bystander.is_untouched());
    fs::write(scene.path("over"), "").unwrap();
    container.wait().unwrap();
}
