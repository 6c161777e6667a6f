//! `xqute check`: is what runs leave sound, and is damage told, and mended once?

use std::fs;
use std::path::PathBuf;

use super::desk::{Desk, desk};

fn check(desk: &Desk, args: &[&str]) -> (Option<i32>, String) {
    let (code, told, errors) = desk.output(&[&["check"], args].concat());
    assert_eq!(errors, "");
    (code, told)
}

fn sound(desk: &Desk) {
    let (code, told) = check(desk, &[]);
    assert!(code == Some(0) && told.starts_with("sound: ") && told.lines().count() == 1, "{told}");
}

fn journal(desk: &Desk) -> PathBuf {
    desk.path().join(".xqute/journal")
}

#[test]
fn what_runs_leave_is_sound() {
    let lines = ["true", "sh -c 'exit 3'", "sh -c 'kill -9 $$'", "no-such-program", "sleep 1000"];
    for args in [
        &["-j2", "--timeout", "200ms"][..],
        &["-j1", "--timeout", "100ms", "--num-retries", "2", "--retry-delay", "1ms"],
        &["-j5", "--halt", "now,fail=1"],
        &["-j1", "--halt", "soon,fail=1"],
        &["-j3", "--timeout", "300ms", "--prescript", "echo before", "--postscript", "echo after"],
        &["-s", "null"],
    ] {
        let desk = Desk::new();
        desk.run(&[&["-q"], args].concat(), &lines);
        sound(&desk);
        desk.run(&["-q", "--timeout", "100ms", "--retry-failed"], &lines);
        sound(&desk);
        desk.run(&["-q", "--halt", "now,fail=1", "--retry-failed"], &lines);
        sound(&desk);
    }
}

#[test]
fn what_a_killed_run_leaves_is_sound_and_so_is_what_follows() {
    let desk = Desk::new();
    let (up, go) = (desk.pipe("up"), desk.pipe("go"));
    let lines = ["true", "sh -c 'test -e again || { echo up >up; read line <go; }'", "true"];
    let mut program = desk.start(&["-j1"], &lines);
    fs::read_to_string(up).unwrap();
    desk.refused(&["check"], &format!("is in use by process {} on host ", program.id()));
    desk.refused(&["check", "--repair"], "is in use by process ");
    program.kill().unwrap();
    program.wait().unwrap();
    sound(&desk);
    fs::write(desk.path().join("again"), "").unwrap();
    fs::write(go, "go\n").unwrap();
    desk.run(&["-q"], &lines);
    sound(&desk);
}

#[test]
fn damage_is_told_and_mended_once() {
    let desk = desk();
    let mut bytes = fs::read(journal(&desk)).unwrap();
    bytes[100] ^= 1;
    fs::write(journal(&desk), &bytes).unwrap();
    fs::write(desk.path().join(".xqute/1/job.rc"), "0\n").unwrap();
    let (code, told) = check(&desk, &[]);
    assert_eq!(code, Some(1), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].contains(" bytes of the journal from byte 48 on cannot be read: records are lost: "),
        "{told}"
    );
    assert!(lines.iter().any(|it| it.contains("job.rc says \"0\", the journal says 3: ")), "{told}");
    assert_eq!(fs::read(journal(&desk)).unwrap(), bytes);

    let (_, told) = check(&desk, &["--repair", ".xqute"]);
    assert!(told.contains(": mended: the journal was written anew without it; the old one is "), "{told}");
    assert!(told.contains(": mended: it was written anew"), "{told}");
    assert_eq!(fs::read(desk.path().join(".xqute/journal.damaged-1")).unwrap(), bytes);
    assert_eq!(fs::read_to_string(desk.path().join(".xqute/1/job.rc")).unwrap(), "3\n");
    // What became of the jobs is told as before, and the list goes on.
    assert!(desk.told(&["status"]).starts_with("2 jobs: 1 succeeded, 1 failed\n"));
    assert!(!check(&desk, &["--repair"]).1.contains("mended"));
}

#[test]
fn a_torn_tail_is_mended_and_a_lost_directory_cannot_be() {
    let desk = desk();
    let mut bytes = fs::read(journal(&desk)).unwrap();
    let whole = bytes.len();
    bytes.extend(b"\xF5\xC0torn");
    fs::write(journal(&desk), &bytes).unwrap();
    let (code, told) = check(&desk, &["--repair"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("mended: it was cut off\nall of it was mended: 2 jobs, 1 run, "), "{told}");
    assert_eq!(fs::metadata(journal(&desk)).unwrap().len(), whole as u64);
    fs::remove_dir_all(desk.path().join(".xqute/0")).unwrap();
    let (code, told) = check(&desk, &["--repair"]);
    assert!(
        code == Some(1) && told.contains("job 0: it ran, and its directory ") && told.contains("\n1 wrong: "),
        "{told}"
    );
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let desk = Desk::new();
    fs::create_dir(desk.path().join(".xqute")).unwrap();
    fs::write(journal(&desk), "Dear diary").unwrap();
    desk.refused(&["check", "--repair"], "is no journal of xqute");
    assert_eq!(fs::read_to_string(journal(&desk)).unwrap(), "Dear diary");
}
