//! A number of another width.
use xqute::hook;

#[hook]
async fn on_job_polling(counter: u32) {
    let _ = counter;
}

fn main() {}
