//! What if the disk is full while jobs run, or read-only before they do? `tests/disk` has each write of a run; this is the
//! binary, whose supervisor goes on.

#[path = "../../../tests/disk/tmpfs.rs"]
mod tmpfs;

use super::scene::Scene;

use tmpfs::{Room, Tmpfs, passes_as_root};

/// A work directory on a disk of its own; the last of two options counts.
const WORKDIR: [&str; 2] = ["-w", "m/w"];

fn again(scene: &Scene) -> (Option<i32>, String) {
    let run = scene.run(&["timeout", "60"], &WORKDIR).output().unwrap();
    (run.status.code(), String::from_utf8(run.stderr).unwrap())
}

#[test]
fn a_disk_that_fills_up_while_jobs_run_stops_the_run_and_the_next_knows_how_they_ended() {
    if passes_as_root() {
        return;
    }
    let scene = Scene::new();
    let disk = Tmpfs::mount(&scene.path("m"));
    let mut program = scene.start(&[], &WORKDIR);
    disk.leave(Room { blocks: Some(0), inodes: Some(0) });
    scene.go();
    let code = program.wait().unwrap().code();
    let told = std::fs::read_to_string(scene.path("told")).unwrap();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("No space left on device") && told.contains("free space"), "{told}");
    scene.assert_each(1, 1);
    disk.leave(Room::default());
    let (code, told) = again(&scene);
    assert_eq!(code, Some(0), "{told}");
    scene.assert_each(1, 1);
}

#[test]
fn a_read_only_disk_is_one_clear_error() {
    if passes_as_root() {
        return;
    }
    let scene = Scene::new();
    let disk = Tmpfs::mount(&scene.path("m"));
    disk.read_only(true);
    scene.go();
    let (code, told) = again(&scene);
    assert_eq!((code, told.lines().count()), (Some(2), 1), "{told}");
    assert!(told.contains("m/w") && told.contains("is not writable: choose another"), "{told}");
    disk.read_only(false);
    let (code, told) = again(&scene);
    assert_eq!(code, Some(0), "{told}");
    scene.assert_each(1, 1);
}
