//! How many jobs are there, and how many run? A plugin of its own: counting costs each job two moments more, and who
//! wants no progress does not pay.

use xqute::{Run, hook};

use super::Show;

xqute::plugin!(name = "progress", enabled = false);

pub(super) const NAME: &str = "progress";

#[hook]
fn on_job_init(run: &Run) {
    run.state::<Show>().inspect(|show| {
        show.start_drawing();
        show.counters.known();
    });
}

#[hook]
fn on_job_submitted(run: &Run) {
    run.state::<Show>().inspect(|show| show.counters.submitted());
}
