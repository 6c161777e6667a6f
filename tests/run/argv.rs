//! Does what was asked for arrive? Any words, variables and directories, directly and through a script, wherever the work
//! directory is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use xqute::{JobSpec, Xqute, XquteBuilder};

/// How many commands go into one run, and how many runs there are for each work directory.
const BATCH: usize = 90;
const RUNS: u32 = 2;

/// What a work directory may be called.
const NAMES: [&[u8]; 3] = [b"work", b" it's \"a\"\n$(touch x)`id` \\ work ", b"-w\xff\xc3(\x01;&|*?[~]#"];

/// What shells, quoting and text are tripped up by.
const PARTS: [&[u8]; 28] = [
    b"'",
    b"\"",
    b"`id`",
    b"$(id)",
    b"$HOME",
    b"${HOME}",
    b"\\",
    b"\n",
    b"\r",
    b"\t",
    b" ",
    b"*",
    b"~",
    b"!",
    b"#",
    b";",
    b"&",
    b"|",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff\xfe",
    b"\xe4\xbd\xa0",
    b"--",
    b"-n",
    b"%s",
    b"{a,b}",
    b"\\0",
];

fn word() -> impl Strategy<Value = OsString> {
    let part = prop_oneof![
        4 => prop::sample::select(&PARTS[..]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(1..=255_u8, 0..12),
        1 => "[a-z0-9]{0,6}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| OsString::from_vec(parts.concat()))
}

fn argv() -> impl Strategy<Value = Vec<OsString>> {
    prop::collection::vec(word(), 1..8)
}

/// A run in a directory of this name.
fn run_in(dir: &Path, name: &[u8], wrapped: bool) -> (PathBuf, XquteBuilder) {
    let workdir = dir.join(OsStr::from_bytes(name));
    let builder = Xqute::builder().workdir(&workdir).forks(4);
    (workdir, if wrapped { builder.prescript(":") } else { builder })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn read(workdir: &Path, job: usize, file: &str) -> Vec<u8> {
    fs::read(workdir.join(job.to_string()).join(file)).unwrap()
}

fn with_ends(words: &[OsString]) -> Vec<u8> {
    words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect()
}

/// Runs a list of commands, each of which prints its arguments; a script too prints them as they are.
async fn arrive(argvs: &[Vec<OsString>], name: &[u8], wrapped: bool) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let (workdir, builder) = run_in(dir.path(), name, wrapped);
    let run = builder.build().unwrap();
    for argv in argvs {
        let words = ["/usr/bin/printf", "%s\\0"].into_iter().map(OsString::from);
        run.feed(JobSpec::new(words.chain(argv.iter().cloned()))).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    for (job, argv) in argvs.iter().enumerate() {
        let errors = || String::from_utf8_lossy(&read(&workdir, job, "job.stderr")).into_owned();
        prop_assert_eq!(read(&workdir, job, "job.stdout"), with_ends(argv), "{:?}: {}", argv, errors());
    }
    prop_assert!(summary.is_success(), "{}", summary);
    prop_assert_eq!(workdir.join("0/job.wrapped.local").exists(), wrapped);
    Ok(())
}

/// 540 commands.
fn any_argv_arrives(wrapped: bool) {
    for name in NAMES {
        let config = Config { cases: RUNS, failure_persistence: None, ..Config::default() };
        let argvs = prop::collection::vec(argv(), BATCH);
        TestRunner::new(config)
            .run(&argvs, |argvs| block_on(arrive(&argvs, name, wrapped)))
            .unwrap_or_else(|error| panic!("{}: {error}", OsStr::from_bytes(name).display()));
    }
}

#[test]
fn any_argv_arrives_directly() {
    any_argv_arrives(false);
}

#[test]
fn any_argv_arrives_through_a_script() {
    any_argv_arrives(true);
}

/// A program may be called anything too, in a directory that may.
#[tokio::test]
async fn any_program_is_found() {
    for wrapped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (workdir, builder) = run_in(dir.path(), NAMES[1], wrapped);
        let run = builder.build().unwrap();
        let programs: Vec<PathBuf> = PARTS
            .iter()
            .map(|part| dir.path().join(OsStr::from_bytes(&[b"p", *part, b"'q"].concat())))
            .filter(|path| !path.as_os_str().as_bytes().ends_with(b"/"))
            .collect();
        for program in &programs {
            symlink("/usr/bin/printf", program).unwrap();
            run.feed([program.as_os_str(), OsStr::new("%s"), OsStr::new("it's")]).await.unwrap();
        }
        let summary = run.run_until_complete().await.unwrap();
        for (job, program) in programs.iter().enumerate() {
            assert_eq!(read(&workdir, job, "job.stdout"), b"it's", "{}", program.display());
        }
        assert!(summary.is_success(), "{summary}");
    }
}

/// What a shell would not take for a variable too.
#[tokio::test]
async fn any_variable_and_any_directory_arrives() {
    for wrapped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (workdir, builder) = run_in(dir.path(), NAMES[2], wrapped);
        let run = builder.build().unwrap();
        let mut expected: Vec<Vec<u8>> = Vec::new();
        let mut job = JobSpec::new(["/usr/bin/env", "-0"]);
        for (n, part) in PARTS.iter().enumerate() {
            let value = [b"<", *part, b">"].concat();
            expected.push([format!("V{n}=").as_bytes(), &value].concat());
            job = job.env(format!("V{n}"), OsString::from_vec(value));
        }
        for name in [&b"a.b"[..], b"a-b", b"\xff", b"1"] {
            expected.push([name, b"=x y"].concat());
            job = job.env(OsStr::from_bytes(name), "x y");
        }
        expected.push(b"V0=other".to_vec());
        expected.retain(|it| !it.starts_with(b"V0=<"));
        run.feed(job.env("V0", "other")).await.unwrap();
        for part in PARTS {
            let cwd = dir.path().join(OsStr::from_bytes(&[b"c", part, b"d "].concat()));
            fs::create_dir(&cwd).unwrap();
            run.feed(JobSpec::new(["/bin/pwd", "-P"]).cwd(&cwd)).await.unwrap();
        }
        assert!(run.run_until_complete().await.unwrap().is_success());
        let printed = read(&workdir, 0, "job.stdout");
        let seen: Vec<&[u8]> = printed.split(|byte| *byte == 0).collect();
        for it in expected {
            let times = seen.iter().filter(|seen| **seen == it).count();
            assert_eq!(times, 1, "{:?}; wrapped: {wrapped}", String::from_utf8_lossy(&it));
        }
        for (n, part) in PARTS.iter().enumerate() {
            let cwd =
                dir.path().canonicalize().unwrap().join(OsStr::from_bytes(&[b"c", *part, b"d "].concat()));
            assert_eq!(read(&workdir, n + 1, "job.stdout"), [cwd.as_os_str().as_bytes(), b"\n"].concat());
        }
    }
}

/// The paths that a job is told are those of its files, whatever they are called.
#[tokio::test]
async fn a_job_is_told_where_its_files_are() {
    for (name, wrapped) in NAMES.into_iter().flat_map(|name| [(name, false), (name, true)]) {
        let dir = tempfile::tempdir().unwrap();
        let (workdir, builder) = run_in(dir.path(), name, wrapped);
        let run = builder.build().unwrap();
        run.feed(["true"]).await.unwrap();
        let text = "printf '%s\\0' \"$XQUTE_JOB_INDEX\" \"$XQUTE_METADIR\" \"$XQUTE_JOB_METADIR\"";
        run.feed(["sh", "-c", text]).await.unwrap();
        assert!(run.run_until_complete().await.unwrap().is_success());
        let told = ["1".into(), workdir.clone().into_os_string(), workdir.join("1").into_os_string()];
        assert_eq!(read(&workdir, 1, "job.stdout"), with_ends(&told), "wrapped: {wrapped}");
    }
}

/// What the program's own path is to a job's `PATH`: a script's shell is the program's, and its commands are the job's.
#[tokio::test]
async fn a_jobs_own_path_is_where_its_program_is_looked_for() {
    for wrapped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (workdir, builder) = run_in(dir.path(), NAMES[0], wrapped);
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink("/usr/bin/printf", bin.join("says")).unwrap();
        let run = builder.build().unwrap();
        run.feed(JobSpec::new(["says", "%s", "it"]).env("PATH", &bin)).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        let errors = || String::from_utf8_lossy(&read(&workdir, 0, "job.stderr")).into_owned();
        assert!(summary.is_success(), "wrapped: {wrapped}: {}", errors());
        assert_eq!(read(&workdir, 0, "job.stdout"), b"it");
    }
}

/// Nothing of the program's own comes with it: no descriptor that a program started by it would not have, no signal that
/// is blocked, and SIGPIPE ends it.
#[tokio::test]
async fn a_job_has_its_three_files_and_signals_as_programs_expect() {
    let list = "for it in /proc/$$/fd/*; do echo ${it##*/} $(readlink $it); done";
    let plain = Command::new("sh").args(["-c", list]).stdin(Stdio::null()).output().unwrap();
    let numbers = |text: &[u8]| -> Vec<String> {
        let lines = String::from_utf8_lossy(text).into_owned();
        lines.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    for wrapped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (workdir, builder) = run_in(dir.path(), NAMES[0], wrapped);
        let run = builder.build().unwrap();
        run.feed(["sh", "-c", list]).await.unwrap();
        run.feed(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]).await.unwrap();
        assert!(run.run_until_complete().await.unwrap().is_success());
        let files = read(&workdir, 0, "job.stdout");
        assert_eq!(numbers(&files), numbers(&plain.stdout), "wrapped: {wrapped}");
        let (files, metadir) = (String::from_utf8(files).unwrap(), workdir.join("0").canonicalize().unwrap());
        for (number, name) in [(0, "/dev/null".to_owned()), (1, format!("{}/job.stdout", metadir.display()))]
        {
            assert!(files.contains(&format!("{number} {name}\n")), "{files}");
        }
        assert!(files.contains(&format!("2 {}/job.stderr\n", metadir.display())), "{files}");
        let told = String::from_utf8(read(&workdir, 1, "job.stdout")).unwrap();
        let mask = |name: &str| {
            let hex = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(hex.trim(), 16).unwrap()
        };
        assert_eq!((mask("SigBlk:"), mask("SigIgn:") & (1 << 12)), (0, 0), "{told}");
    }
}
