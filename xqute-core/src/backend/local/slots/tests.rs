//! Is a pair that the next job gets empty, and nobody else's?

use std::fs;

use super::*;

const ATTEMPT: Attempt = Attempt { run: 1, index: 2, number: 0 };

fn write(dir: &Path, name: &str, text: &str) -> File {
    let path = dir.join("slots.0").join(name);
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    file
}

fn sizes(dir: &Path, slot: usize) -> [u64; 2] {
    slot_names(slot).map(|it| fs::metadata(dir.join("slots.0").join(it)).unwrap().len())
}

/// Nobody is in it: it is no process's number.
fn nobody() -> Pid {
    Pid::from_raw(i32::MAX).unwrap()
}

/// What is written behind what was kept, by somebody who is gone when the pair is emptied.
#[test]
fn what_comes_late_is_not_the_next_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let mut slots = Slots::new(dir.path()).unwrap();
    for early in ["", "early"] {
        let slot = slots.take(ATTEMPT).unwrap();
        drop(write(dir.path(), "0.out", early));
        slots.keep(&[Ended { slot, attempt: ATTEMPT, status: Some(0) }]).unwrap();
        drop([write(dir.path(), "0.out", "late"), write(dir.path(), "0.err", "late")]);
        slots.free(slot, nobody());
        assert_eq!(slots.take(ATTEMPT).unwrap(), slot);
        assert_eq!(sizes(dir.path(), slot), [0, 0], "after {early:?}");
        slots.give_back(slot);
    }
}

#[test]
fn who_still_writes_keeps_the_files_and_the_next_job_gets_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut slots = Slots::new(dir.path()).unwrap();
    let slot = slots.take(ATTEMPT).unwrap();
    let mut writes = write(dir.path(), "0.out", "early");
    slots.keep(&[Ended { slot, attempt: ATTEMPT, status: Some(0) }]).unwrap();
    slots.free(slot, nobody());
    assert_eq!(slots.take(ATTEMPT).unwrap(), slot);
    io::Write::write_all(&mut writes, b"late").unwrap();
    assert_eq!(sizes(dir.path(), slot), [0, 0]);
}
