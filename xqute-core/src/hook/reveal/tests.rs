//! Is a secret found where it is said to be, and what is told where it is not?

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

fn why(secret: &Secret) -> String {
    secret.fetch().unwrap_err().to_string()
}

fn command(words: &[&str]) -> Secret {
    Secret::Command(words.iter().map(ToString::to_string).collect())
}

fn shell(script: &str) -> Secret {
    command(&["sh", "-c", script])
}

fn file(text: &[u8], mode: u32) -> (tempfile::TempDir, Secret) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (dir, Secret::File(path))
}

#[test]
fn a_variable_is_found_or_named() {
    // Every process has one.
    let path = env::var("PATH").unwrap();
    assert_eq!(Secret::Env("PATH".into()).fetch().unwrap().expose(), path);
    assert_eq!(
        why(&Secret::Env("XQ_NO_SUCH".into())),
        "the secret in the environment variable `XQ_NO_SUCH`: it is not set: set and export it where xqute is started"
    );
}

#[test]
fn the_text_of_a_file_is_the_secret_without_the_end_of_its_line() {
    for text in ["a b", "a b\n", "a b\r\n\n"] {
        let (_dir, secret) = file(text.as_bytes(), 0o400);
        assert_eq!(secret.fetch().unwrap().expose(), "a b");
    }
}

#[test]
fn a_file_that_others_may_read_is_refused_with_what_to_do() {
    for mode in [0o640, 0o604, 0o660, 0o601] {
        let (dir, secret) = file(b"hunter2", mode);
        let told = why(&secret);
        let todo = format!("chmod 600 {}", dir.path().join("secret").display());
        assert!(told.contains(&todo) && told.contains(&format!("{mode:03o}")), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn what_is_no_file_is_told_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    assert!(why(&Secret::File(dir.path().join("none"))).contains("No such file"));
    assert!(why(&Secret::File(dir.path().into())).contains("that is no file"));
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(why(&Secret::File(pipe)).contains("that is no file"));
}

#[test]
fn what_cannot_be_a_secret_is_refused() {
    for (text, told) in [
        (&b"\n"[..], "it is empty"),
        (b"a\0b", "there is a NUL"),
        (b"\xff", "no text"),
        (&[b'a'; 70_000], "longer than 64 KiB"),
    ] {
        let (_dir, secret) = file(text, 0o600);
        assert!(why(&secret).contains(told), "{}", why(&secret));
    }
}

#[test]
fn a_program_prints_it_and_no_shell_reads_its_words() {
    assert_eq!(command(&["printf", "%s\n", "$HOME `a` b"]).fetch().unwrap().expose(), "$HOME `a` b");
    // Somebody whom it has left behind holds its output.
    assert_eq!(shell("sleep 5 & echo a").fetch().unwrap().expose(), "a");
    assert!(why(&shell("cat")).contains("it is empty"));
}

#[test]
fn a_program_that_fails_is_told_with_what_it_said() {
    let told = why(&shell("echo hun''ter2; printf 'no such\nentry\n' >&2; exit 3"));
    assert!(told.ends_with("the program ended with exit status: 3: no such entry"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(why(&command(&["/no/such/program"])).contains("cannot be started"));
}

#[test]
fn a_program_is_not_waited_for_longer_than_it_may_take_nor_for_more_than_a_secret() {
    let late = from_command(&["sleep".into(), "60".into()], Duration::from_millis(50)).unwrap_err();
    assert!(late.contains("has not ended within 0 seconds, and was killed"), "{late}");
    assert!(why(&command(&["yes"])).contains("longer than 64 KiB"));
}

#[test]
fn what_a_program_started_is_killed_with_it() {
    if File::open("/dev/tty").is_ok() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let mut held = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(&pipe)
        .unwrap();
    let script = format!("sleep 60 > '{}' & wait", pipe.display());
    from_command(&["sh".into(), "-c".into(), script], Duration::from_secs(2)).unwrap_err();
    // Nobody holds the other end any more.
    let begun = Instant::now();
    while !matches!(held.read(&mut [0]), Ok(0)) {
        assert!(begun.elapsed() < Duration::from_secs(30), "`sleep` lives on");
        thread::sleep(PAUSE);
    }
}
