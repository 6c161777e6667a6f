//! A plugin that is not named like one, and whose library has a name of its own: it is linked where a manifest lists it.

xqute::plugin!(name = "audit");

#[xqute::hook]
async fn on_job_succeeded() {}
