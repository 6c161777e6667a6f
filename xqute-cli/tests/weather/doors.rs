//! What if something is left of who had the work directory, or somebody has it, or cannot come in?

use std::fs;

use super::scene::Scene;

#[test]
fn locks_and_sockets_of_who_is_gone_hold_nobody_up() {
    let scene = Scene::new();
    scene.kill_both(scene.start(&[], &[]));
    for left in ["local.lock", "local.sock", "control.sock", "journal"] {
        assert!(scene.path("w").join(left).exists(), "{left}");
    }
    // What a file system that knows no sockets would make of one.
    fs::remove_file(scene.path("w/local.sock")).unwrap();
    fs::write(scene.path("w/local.sock"), "stale").unwrap();
    let (code, told) = scene.again();
    // A system that tells strangers nothing leaves their ends unknown, and they run again.
    assert_eq!(code, Some(0), "{told}");
    assert!(scene.happened().values().all(|(starts, ends)| starts == ends), "{told}");
    let left = |name: &str| scene.path("w").join(name).exists();
    assert!(!left("control.sock"), "{told}");
}

#[test]
fn a_work_directory_that_somebody_has_is_refused_with_his_name() {
    let scene = Scene::new();
    let mut program = scene.start(&[], &[]);
    let refused = scene.run(&[], &[]).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains(&format!("process {}", program.id())), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    scene.go();
    assert!(program.wait().unwrap().success());
    scene.assert_each(1, 1);
}

/// It has a directory of its own mount namespace, and jobs that run elsewhere, so that they are the same jobs.
#[test]
fn a_program_where_the_supervisor_cannot_be_is_told_so_and_waits_for_its_jobs() {
    let scene = Scene::new();
    let here = scene.path(".").canonicalize().unwrap();
    let here = here.to_str().unwrap();
    let mut program = scene.start(&[], &["--cwd", here]);
    program.kill().unwrap();
    program.wait().unwrap();
    fs::create_dir(scene.path("m")).unwrap();
    let hidden = "mount -t tmpfs none m && mkdir m/hidden && cd m/hidden && exec \"$0\" \"$@\"";
    let workdir = scene.path("w");
    let before = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", hidden];
    let mut next = scene.run(&before, &["--cwd", here, "-w", workdir.to_str().unwrap()]);
    let told = fs::File::create(scene.path("told")).unwrap();
    let mut next = next.stderr(told).spawn().unwrap();
    let told = || fs::read_to_string(scene.path("told")).unwrap();
    let why = "cannot enter this program's working directory (No such file or directory";
    scene.wait("the reason", || told().contains(why));
    scene.go();
    assert!(next.wait().unwrap().success(), "{}", told());
    scene.assert_each(1, 1);
}

/// Nothing runs that could close a file: to wait for that is in vain.
#[test]
fn too_few_open_files_for_any_job_are_an_error_that_says_what_to_do() {
    for most in 17..=19 {
        let scene = Scene::new();
        scene.go();
        let limit = format!("ulimit -n {most}; exec timeout 60 \"$0\" \"$@\"");
        let run = scene.run(&["sh", "-c", &limit], &[]).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(
            told.contains("not even one job can be started") && told.contains("raise `ulimit -n`"),
            "{told}"
        );
        let (code, told) = scene.again();
        assert_eq!(code, Some(0), "{told}");
        scene.assert_each(1, 1);
    }
}
