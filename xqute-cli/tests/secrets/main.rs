//! Is a secret of a plugin found anywhere but with the plugin? Each plugin that takes one runs with servers that are down, and with
//! servers that say again what they are told; then whatever others can see is searched.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod list;
mod server;

use std::fs;

use desk::{Desk, Weather, is_leaked};
use list::USES;
use xqute::Xqute;
// The plugins, for a program of our own.
use xqute_plugins as _;

/// One job fails and is told of; the other waits until it has been looked at. Both print what they have for variables.
#[test]
fn no_file_no_log_no_job_and_no_list_of_processes_has_it() {
    for used in USES {
        for weather in [Weather::Down, Weather::Echoes] {
            let desk = Desk::new(used, weather);
            let mut run = desk.start(&["-vv", "-j", "2", "-a", "list"]);
            let looker = desk.wait_for("up");
            desk.look_at_processes(&looker);
            fs::write(desk.path("gate"), "").unwrap();
            let (code, told) = run.ended();
            assert_eq!(code, 1, "{}: {told}", used.plugin);
            assert!(told.contains(" INFO xqute::log: queued"), "{}: it logs: {told}", used.plugin);
            desk.is_not_in("what the run said", &told);
            let was_answered = matches!(weather, Weather::Echoes);
            assert_eq!(told.contains("you said"), was_answered, "{}: {told}", used.plugin);
            for verb in [
                &["config"][..],
                &["plugins"],
                &["status", "--json", "--all"],
                &["journal", "--json"],
                &["explain", "0"],
            ] {
                desk.is_not_in(verb[0], &desk.xqute(verb));
            }
            desk.look_at_files();
            assert!(fs::read_to_string(desk.path(".xqute/0/job.stdout")).unwrap().contains("OTHER=seen"));
        }
    }
}

/// The next run on the work directory, and one whose configuration is wrong.
#[test]
fn neither_a_message_about_the_configuration_nor_the_next_run_has_it() {
    for used in USES {
        let desk = Desk::new(used, Weather::Down);
        for _ in 0..2 {
            let mut run = desk.start(&["-q", "false"]);
            desk.is_not_in("what the run said", &run.ended().1);
        }
        desk.look_at_files();
        for (name, value) in used.secrets {
            desk.configure(&|other| {
                if other == *name { format!("{value:?}") } else { format!("{{ env = \"{other}\" }}") }
            });
            let (code, told) = desk.start(&["true"]).ended();
            assert_eq!(code, 2, "{}: a secret stands in the configuration: {told}", used.plugin);
            desk.is_not_in("the message", &told);
        }
    }
}

/// In a program, where everything can be shown.
#[tokio::test(flavor = "multi_thread")]
async fn debug_output_does_not_have_it() {
    for used in USES {
        let desk = Desk::new(used, Weather::Down);
        let builder =
            Xqute::builder().workdir(desk.path("work")).config(used.plugin, desk.configuration_with_files());
        let mut shown = format!("{builder:?} {builder:#?}");
        let run = builder.build().unwrap();
        run.feed(["false"]).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        shown += &format!("{run:?} {:?} {:?} {:?}", run.run(), run.scheduler(), run.plugins());
        shown += &format!("{summary:?} {summary} {:?}", desk.configuration_with_files());
        desk.is_not_in("Debug", &shown);
        desk.look_at_files();
    }
}

#[test]
fn what_is_looked_for_is_found_where_it_is() {
    for text in
        ["a hunter2-x b", "AG1lAGh1bnRlcjItb2Y=", "aHVudGVyMi1vZg==", "eGh1bnRlcjIt", "eHhodW50ZXIyLQ=="]
    {
        assert!(is_leaked(text.as_bytes()), "{text}");
    }
    assert!(!is_leaked(b"hunter 2"));
}
