//! Does a command of `exec` see variables that have secrets of other plugins? Only those that its configuration names.

use std::fs;

use xqute::backend::Null;
use xqute::{BoxError, Run, Secret, Xqute, hook};
use xqute_plugins::exec::{ExecConfig, On, Words};

xqute::plugin!(name = "holder");

/// Variables that cargo gives every test.
const SECRETS: [&str; 2] = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION"];

/// Called after that of `exec`, if names decided.
#[hook(priority = 5)]
fn on_init(run: &Run) -> Result<(), BoxError> {
    for name in SECRETS {
        run.reveal(&Secret::Env(name.to_owned()))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_withheld_unless_they_are_named() {
    let place = tempfile::tempdir().unwrap();
    let on = |hook: &str, file: &str, secrets: &[&str]| {
        let text = format!("env > {}", place.path().join(file).display());
        let secrets = secrets.iter().map(|it| (*it).to_owned()).collect();
        On { hook: hook.into(), command: Words::Text(text), shell: true, secrets, ..On::default() }
    };
    let on = vec![
        on("on_init", "init", &[]),
        on("on_job_succeeded", "none", &[]),
        on("on_job_succeeded", "one", &["CARGO_PKG_NAME"]),
    ];
    let config = ExecConfig { on, ..ExecConfig::default() };
    let builder = Xqute::builder().workdir(place.path().join("work")).backend(Null::new());
    let xqute = builder.config("exec", config).build().unwrap();
    xqute.feed(["true"]).await.unwrap();
    let summary = xqute.run_until_complete().await.unwrap();
    assert_eq!(summary.fault_count(), 0, "{summary}");
    let seen = |file: &str| {
        let all = fs::read_to_string(place.path().join(file)).unwrap();
        assert!(all.contains("PATH=") && all.contains("XQUTE_HOOK="), "{all}");
        SECRETS.map(|name| all.lines().any(|it| it.starts_with(&format!("{name}="))))
    };
    assert_eq!([seen("init"), seen("none"), seen("one")], [[false, false], [false, false], [true, false]]);
}
