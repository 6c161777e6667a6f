//! Who has a variable that a plugin's secret is in? The program, and nobody whom it starts.

use std::fs;
use std::process::{Command, Stdio};

use super::scene::{Scene, guardian, kill_program, supervisor, supervisor_is_gone};

/// What a process shows of the variables that it was given.
fn environment(process: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{process}/environ")).unwrap()).into_owned()
}

fn program(scene: &Scene, secrets: &str) -> Command {
    let mut program = scene.command(5, &[&scene.path("work")]);
    program.env("SECRETS", secrets).env("TOKEN", "hunter2").env("PIN", "48151623").env("OTHER", "seen");
    program.stderr(Stdio::null());
    program
}

#[test]
fn neither_jobs_nor_their_supervisor_have_it() {
    let mut scene = Scene::new();
    let program = program(&scene, "TOKEN").spawn().unwrap();
    let jobs = [scene.up(), scene.up(), scene.up()];
    let helper = supervisor(jobs[0]);
    for job in jobs {
        let has = environment(job);
        assert!(!has.contains("hunter2") && !has.contains("TOKEN="), "{has}");
        assert!(has.contains("OTHER=seen") && has.contains("PIN=48151623"), "{has}");
    }
    assert!(!environment(helper).contains("hunter2"));
    assert!(!environment(helper).contains("48151623"), "another program may have a secret in it");
    kill_program(program);
    scene.open(3);
    supervisor_is_gone(&scene.path("work"));
}

#[test]
fn a_supervisor_that_serves_the_next_program_keeps_the_secrets_of_that() {
    let mut scene = Scene::new();
    kill_program({
        let first = program(&scene, "TOKEN").spawn().unwrap();
        for _ in 0..3 {
            scene.up();
        }
        first
    });
    let mut second = program(&scene, "PIN").spawn().unwrap();
    scene.open(2);
    let jobs = [scene.up(), scene.up()];
    for job in jobs {
        supervisor(job);
        let has = environment(job);
        assert!(!has.contains("48151623") && has.contains("TOKEN=hunter2"), "{has}");
    }
    scene.open(3);
    assert!(second.wait().unwrap().success());
    assert_eq!(scene.log(), [0, 1, 2, 3, 4]);
}

#[test]
fn neither_jobs_nor_their_guardians_have_it() {
    let mut scene = Scene::new();
    let mut program = program(&scene, "TOKEN").env("UNSUPERVISED", "1").spawn().unwrap();
    let jobs = [scene.up(), scene.up(), scene.up()];
    for job in jobs {
        let has = environment(job);
        assert!(!has.contains("hunter2") && has.contains("OTHER=seen"), "{has}");
        let has = environment(guardian(job));
        assert!(!has.contains("hunter2") && !has.contains("TOKEN"), "{has}");
    }
    scene.open(5);
    assert!(program.wait().unwrap().success());
}
