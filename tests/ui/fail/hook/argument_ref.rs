//! An argument that is taken by `ref`.
use xqute::hook;

#[hook]
async fn on_job_polling(ref counter: u64) {
    let _ = counter;
}

fn main() {}
