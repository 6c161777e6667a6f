//! Does what `xqute script` prints do again what the job did, and nothing else?

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::desk::{Desk, desk};

/// Everything below a folder, each file with its bytes; the socket of a supervisor that is about to end is none.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(path, Vec::new());
        } else if path.is_file() {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// `xqute script … | sh`, from another directory.
fn by_hand(script: &str, variables: &[(&str, &str)]) -> Output {
    let mut shell = Command::new("sh");
    shell.current_dir("/").envs(variables.iter().copied()).stdin(Stdio::piped());
    let mut shell = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    shell.wait_with_output().unwrap()
}

#[test]
fn a_script_does_again_what_the_job_did() {
    let desk = desk();
    let script = desk.told(&["script", "0"]);
    assert!(script.ends_with(" \\\necho \"a  b\" </dev/null\n"), "{script}");
    let ran = by_hand(&desk.told(&["script", "1"]), &[]);
    assert_eq!((ran.status.code(), &*ran.stdout, &*ran.stderr), (Some(3), &b"out\n"[..], &b"err\n"[..]));
    desk.output(&["run", "-w", "other", "if", "A=b"]);
    let script = desk.told(&["script", "-w", "other", "0"]);
    assert!(script.ends_with("\n'if' A=b </dev/null\n"), "no word is a shell's grammar: {script}");
}

#[test]
fn a_program_is_not_what_the_shell_has_of_its_name() {
    let desk = Desk::new();
    let echo = desk.path().join("echo");
    fs::write(&echo, "#!/bin/sh\nprintf 'mine %s' \"$@\"\n").unwrap();
    fs::set_permissions(&echo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", desk.path().display(), std::env::var("PATH").unwrap());
    let ran = desk.xqute(&["run", "-q", "echo", r"a\tb"]).env("PATH", &path).output().unwrap();
    assert_eq!(ran.stdout, br"mine a\tb");
    assert_eq!(by_hand(&desk.told(&["script", "0"]), &[("PATH", &path)]).stdout, ran.stdout);
}

#[test]
fn by_hand_a_job_does_the_same_and_its_files_stay_as_they_are() {
    let around = ["--prescript", "echo noise; export A=it\\'s", "--postscript", "echo post $rc"];
    for (around, value, noise) in [(&[][..], "", ["", ""]), (&around, "it's", ["noise\n", "post 3\n"])] {
        let desk = Desk::new();
        fs::create_dir(desk.path().join("a b")).unwrap();
        let args = [&["--cwd", "a b", "-e", "TOKEN=hidden"][..], around].concat();
        let command =
            "sh -c 'echo $A $TOKEN $PWD $XQUTE_JOB_INDEX $XQUTE_JOB_METADIR; cat; echo err >&2; exit 3'";
        desk.run(&args, &[command]);
        let before = files(desk.path());
        let script = desk.told(&["script", "0"]);
        assert!(
            script.starts_with(
                "# The job was given variables whose values are not kept; set them first: TOKEN\n"
            )
        );
        assert!(!script.contains("hidden"), "{script}");
        let ran = by_hand(&script, &[("TOKEN", "hidden")]);
        let read = |name: &str| fs::read_to_string(desk.path().join(".xqute/0").join(name)).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(text(ran.stdout), read("job.stdout"));
        assert!(
            read("job.stdout").starts_with(&format!("{value} hidden ").trim_start().to_owned()),
            "{}",
            read("job.stdout")
        );
        assert!(read("job.stdout").contains("/a b 0 "), "{}", read("job.stdout"));
        assert_eq!((ran.status.code(), text(ran.stderr)), (Some(3), noise.join("err\n")));
        assert_eq!(files(desk.path()), before);
    }
}

#[test]
fn without_a_directory_of_its_own_a_job_runs_where_its_run_began() {
    let desk = Desk::new();
    desk.run(&["-w", "there"], &["pwd"]);
    let ran = by_hand(&desk.told(&["script", "0", "-w", "there"]), &[]);
    assert_eq!(ran.stdout, fs::read(desk.path().join("there/0/job.stdout")).unwrap());
    assert!(!ran.stdout.is_empty());
}

#[test]
fn a_script_of_another_version_is_shown_as_it_is() {
    let desk = desk();
    fs::write(desk.path().join(".xqute/1/job.wrapped.local"), "#!/bin/bash\nsomething around it\n").unwrap();
    assert_eq!(
        desk.told(&["script", "1"]),
        "#!/bin/bash\n# As it ran. If you run it again, it replaces this job's output and exit code.\nsomething around it\n"
    );
}
