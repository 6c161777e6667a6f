//! The page's fourth example, custom command wrapping, with its texts.

use xqute::{Job, hook};

xqute::plugin!(enabled = false);

/// Adds initialization code to the job's script.
#[hook]
fn on_jobcmd_init() -> &'static str {
    r#"
# Custom initialization
set -e
export CUSTOM_VAR="value"
"#
}

/// Adds preparation code before the job's command.
#[hook]
fn on_jobcmd_prep(job: &Job) -> String {
    format!(
        r#"
# Preparation
cd /tmp/workdir
echo "Preparing job {}"
"#,
        job.index()
    )
}

/// Adds cleanup code after the job's command.
#[hook]
fn on_jobcmd_end(job: &Job) -> String {
    format!(
        r#"
# Cleanup
rm -rf /tmp/workdir
echo "Job {} completed"
"#,
        job.index()
    )
}

/// Hooks that write script, each broken.
pub(crate) mod broken_head {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_jobcmd_init() -> Result<String, &'static str> {
        Err("no module for it")
    }
}

pub(crate) mod broken_body {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_jobcmd_prep() -> Option<String> {
        panic!("no folder for it")
    }
}

pub(crate) mod broken_tail {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_jobcmd_end() -> Result<Option<&'static str>, std::io::Error> {
        Err(std::io::Error::other("no broom for it"))
    }
}
