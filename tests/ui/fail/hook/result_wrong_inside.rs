//! A `Result` of what the hook cannot return.
use xqute::{BoxError, hook};

#[hook]
async fn on_job_verify() -> Result<u8, BoxError> {
    Ok(0)
}

fn main() {}
